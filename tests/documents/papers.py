"""What printing a paper takes without a workshop: its edition, a press, a stamp, data and a QR."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache

from forms_server.documents.context import Output, Page, Stamp
from forms_server.documents.filling import Filling
from forms_server.documents.fonts import load_slot_font
from forms_server.documents.html import Templates
from forms_server.documents.pdf import DataFile, Printer
from forms_server.documents.qr import qr_png
from forms_server.documents.stencils import Press
from forms_server.fields.answers import read_answers
from forms_server.fields.base import Raw
from forms_server.fields.registry import TYPES
from forms_server.languages import BilingualText, Language
from forms_server.specs.model import Edition
from forms_server.specs.reading import read_forms
from tests.judges import ROOT

MOMENT = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
FILLING = Filling(
    data=DataFile(name="n.xml", description="d", content=b"<a/>", made_at=MOMENT),
    qr_png=qr_png("https://example.kz/v/sample#seal"),
    made_at=MOMENT,
)
STAMP = Stamp(
    number="0000-sample-2026-000001",
    issued_at=MOMENT,
    office=BilingualText(kk="Бөлім", ru="Отдел"),
    address="https://example.kz/verify",
    short_code="ABCDE-FGHJK",
    is_development=True,
)


@cache
def latest(form: str) -> Edition:
    return read_forms(ROOT, TYPES)[form].latest


@cache
def printer() -> Printer:
    return Printer(ROOT / "static" / "print.css")


def new_press() -> Press:
    """A press that has laid out nothing yet."""
    return Press(Templates(ROOT / "templates"), printer(), load_slot_font())


def issued_pages(
    edition: Edition, raw: Mapping[str, Raw], languages: Iterable[Language]
) -> list[Page]:
    """The pages of right answers, as they are issued."""
    reading = read_answers(edition, raw, MOMENT.date())
    assert not reading.refusals
    return [
        Page(edition, language, output=Output.ISSUED, answers=reading.answers, stamp=STAMP)
        for language in languages
    ]
