"""The full check of a file with five signatures, beside pyHanko's own validation of it alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from forms_server.bench.baselines import add_signatures, validate_plainly
from forms_server.bench.subjects import issue_subject
from forms_server.languages import Language
from forms_server.services.accounts import Actor
from forms_server.services.file_checks import verify_pdf
from forms_server.services.samples import sample_answers
from forms_server.services.workshop import Workshop

FORM = "mse-12"
OUTPUT = "ru"
ONE_MORE = "one-more"
"""A field beside the three of the form, as a document time stamp would make one."""
SIGNATURES = 5
OURS, BASELINE = "full check, 5 signatures", "pyHanko alone, 5 signatures"


def check_files(
    workshop: Workshop, actor: Actor, folder: Path
) -> Mapping[str, Callable[[], object]]:
    """Both contenders, over the same file."""
    now = datetime.now(UTC)
    edition = workshop.forms[FORM].latest
    sample = sample_answers(edition, Language.RU, now.date())
    record = issue_subject(workshop, actor, FORM, sample, output=OUTPUT).record
    sealed = workshop.blobs.get(str(record.blob_key))
    fields = [spec.id for spec in edition.signatures if spec.is_electronic]
    pdf = add_signatures(sealed, folder, [*fields, ONE_MORE])
    found = len(verify_pdf(workshop, pdf, now=now).signatures)
    if found != SIGNATURES:
        raise RuntimeError(f"{found} signatures were found where {SIGNATURES} are")
    return {
        OURS: lambda: verify_pdf(workshop, pdf, now=now),
        BASELINE: lambda: validate_plainly(pdf, workshop.trusted),
    }
