"""The full check of a file with five signatures, beside pyHanko's own validation of it alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from forms_server.bench.baselines import add_signatures, validate_plainly
from forms_server.bench.subjects import issue_subject
from forms_server.languages import Language
from forms_server.services.accounts import Actor
from forms_server.services.file_checks import verify_pdf
from forms_server.services.samples import sample_answers
from forms_server.services.workshop import Workshop

FORM = "mse-12"
"""The longest one that several persons sign."""
OUTPUTS = ("ru", "kk-ru")
ONE_MORE = "one-more"
"""A field beside the three of the form, as a document time stamp would make one."""
SIGNATURES = 5
OURS, BASELINE = "full check, 5 signatures", "pyHanko alone, 5 signatures"


def check_files(
    workshop: Workshop, actor: Actor, folder: Path
) -> Mapping[str, Callable[[], object]]:
    """The check in one language and in both, and the baseline over the file in one language."""
    files = {output: _signed(workshop, actor, folder, output) for output in OUTPUTS}
    contenders: dict[str, Callable[[], object]] = {
        f"{OURS}, {output}": partial(_check, workshop, pdf) for output, pdf in files.items()
    }
    baseline = partial(validate_plainly, files[OUTPUTS[0]], workshop.trusted)
    return {**contenders, f"{BASELINE}, {OUTPUTS[0]}": baseline}


def _signed(workshop: Workshop, actor: Actor, folder: Path, output: str) -> bytes:
    edition = workshop.forms[FORM].latest
    sample = sample_answers(edition, Language.RU, datetime.now(UTC).date())
    record = issue_subject(workshop, actor, FORM, sample, output=output).record
    sealed = workshop.blobs.get(str(record.blob_key))
    fields = [spec.id for spec in edition.signatures if spec.is_electronic]
    return add_signatures(sealed, folder, [*fields, ONE_MORE])


def _check(workshop: Workshop, pdf: bytes) -> None:
    found = len(verify_pdf(workshop, pdf, now=datetime.now(UTC)).signatures)
    if found != SIGNATURES:
        raise RuntimeError(f"{found} signatures were found where {SIGNATURES} are")
