"""A workshop with two made-up forms whose rules look at earlier documents, beside ours.

Run by ``test_earlier`` as a program, it issues sheets of one hour each for one person until the
rules refuse: folder of the state, folder of the forms, a name; it prints a line for each.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from forms_server.errors import ServiceError
from forms_server.services.accounts import Actor
from forms_server.services.earlier import Judgement, judge
from forms_server.services.issuing import issue
from forms_server.services.workshop import Workshop
from forms_server.storage.records import DocumentRecord
from tests.judges import ROOT
from tests.workshop import NOW, actor_in, opened, settings_in

SAMPLES = ROOT / "tests" / "samples" / "earlier"
IIN = "000000000000"
SHEET, JOURNAL = "example-01", "example-02"


def lay_out(root: Path) -> Path:
    """The made-up forms in a folder of their own, with what all forms share."""
    for name in ("form_specs", "templates"):
        shutil.copytree(ROOT / name, root / name, ignore=_our_forms)
        shutil.copytree(SAMPLES / name, root / name, dirs_exist_ok=True)
    (root / "static").symlink_to(ROOT / "static")
    return root


def _our_forms(folder: str, names: list[str]) -> set[str]:
    """All but the receipts, which look back at nothing: to read all forms takes too long."""
    is_of_forms = Path(folder).parent.name == "form_specs" and Path(folder).name != "reference"
    return {name for name in names if "receipt" not in name} if is_of_forms else set()


@contextmanager
def opened_with_limits(home: Path, root: Path) -> Iterator[Workshop]:
    with opened(replace(settings_in(home), root=root)) as workshop:
        yield workshop


def sheet(hours: str, **more: Any) -> dict[str, Any]:
    """A person's sheet of so many hours in one month."""
    return {"iin": IIN, "month": "2026-05", "visits": [{"hours": hours}], **more}


def judged(
    workshop: Workshop, form_id: str, raw: Mapping[str, Any], *, draft_id: str | None = None
) -> Judgement:
    today = NOW.astimezone(workshop.zone).date()
    edition = workshop.forms[form_id].latest
    return judge(workshop, edition, raw, today=today, draft_id=draft_id)


def issued(
    workshop: Workshop,
    form_id: str,
    raw: Mapping[str, Any],
    *,
    actor: Actor | None = None,
    draft_id: str | None = None,
) -> DocumentRecord:
    """Issues what was judged before, right or wrong: issuing judges again."""
    answers = judged(workshop, form_id, raw).reading.answers
    edition = workshop.forms[form_id].latest
    who = actor or actor_in(workshop, "clerk")
    return issue(workshop, edition, answers, output="ru", actor=who, now=NOW, draft_id=draft_id)


def main(home: str, root: str) -> None:
    with opened_with_limits(Path(home), Path(root)) as workshop:
        while True:
            try:
                record = issued(workshop, SHEET, sheet("5"))
            except ServiceError as error:
                sys.stdout.write(f"{error.code}\n")
                return
            sys.stdout.write(f"{record.number}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
