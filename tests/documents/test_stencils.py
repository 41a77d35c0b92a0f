"""Stencils: the same paper whether laid out anew or filled, and nothing lost that does not fit."""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from forms_server.documents.context import Output, Page
from forms_server.documents.fonts import load_slot_font
from forms_server.documents.html import Templates
from forms_server.documents.slots import Place, Slots, slot_number, slot_of_operator, wrap
from forms_server.documents.stencils import Press
from forms_server.fields.base import CONTROL, INVISIBLE, UNPRINTABLE
from forms_server.languages import Language
from forms_server.services.samples import sample_answers
from tests import judges
from tests.documents.papers import FILLING, MOMENT, issued_pages, latest, new_press
from tests.judges import ROOT

NAME = {"surname": "Үлгіев", "given_name": "Үлгі", "patronymic": "Үлгіұлы"}


def make_pages(changes: Mapping[str, Any]) -> list[Page]:
    application = latest("mse-01")
    own = {"person": NAME, "disability": ["repeated"]}
    raw = {**sample_answers(application, Language.KK, MOMENT.date()), **own, **changes}
    return issued_pages(application, raw, Language)


def print_with(press: Press, **changes: Any) -> bytes:
    return press.print_document(make_pages(changes), FILLING)


def text_of(pdf: bytes, folder: Path) -> str:
    path = folder / "paper.pdf"
    path.write_bytes(pdf)
    return judges.pdf_text(path)


def squeezed(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).split())


def test_a_kept_stencil_gives_the_bytes_of_a_new_one() -> None:
    press = new_press()
    other = {"surname": "Образцова", "given_name": "Ұ", "patronymic": ""}
    print_with(press, person=other, phone="+77010000001")
    assert print_with(press) == print_with(new_press())


def test_answers_of_another_document_never_show_through(tmp_path: Path) -> None:
    press = new_press()
    print_with(press, person={**NAME, "surname": "Құпиябаев"})
    assert "Құпиябаев" not in text_of(print_with(press), tmp_path)


@pytest.mark.parametrize("words", [1, 4, 12, 30])
def test_a_text_of_any_length_stands_on_the_paper_whole(words: int, tmp_path: Path) -> None:
    reason = " ".join(f"себеп{number}" for number in range(words))
    press = new_press()
    text = squeezed(text_of(print_with(press, early_reason=reason), tmp_path))
    assert text.count(squeezed(reason)) == 2


def test_a_long_name_takes_a_further_line(tmp_path: Path) -> None:
    person = {
        "surname": "Ұзынтегібаева-Ұзынтегібаева",
        "given_name": "Нұрсұлтанбек",
        "patronymic": "Айдарбекұлы",
    }
    text = squeezed(text_of(print_with(new_press(), person=person), tmp_path))
    assert text.count("Ұзынтегібаева-ҰзынтегібаеваНұрсұлтанбекАйдарбекұлы") == 2


def test_a_word_wider_than_its_line_flows_on(tmp_path: Path) -> None:
    person = {**NAME, "surname": "Ш" * 80}
    text = squeezed(text_of(print_with(new_press(), person=person), tmp_path))
    assert text.count("Ш" * 80) == 2


def test_every_letter_that_may_be_typed_can_be_printed(tmp_path: Path) -> None:
    letters = [
        chr(code)
        for code in range(0x20, 0x2600)
        if unicodedata.category(chr(code))[0] not in "CZ"
        and not any(chars.match(chr(code)) for chars in (UNPRINTABLE, CONTROL, INVISIBLE))
    ]
    lines = [" ".join(letters[start : start + 40]) for start in range(0, len(letters), 40)]
    press = new_press()
    for start in range(0, len(lines), 3):
        reason = " ".join(lines[start : start + 3])
        assert print_with(press, early_reason=reason)


def test_the_date_of_issue_stands_in_info_and_in_xmp(tmp_path: Path) -> None:
    path = tmp_path / "paper.pdf"
    path.write_bytes(print_with(new_press()))
    with pikepdf.open(path) as pdf:
        assert str(pdf.docinfo.CreationDate) == "D:20261121123000+00'00'"
        assert b"2026-11-21T12:30:00+00:00" in pdf.Root.Metadata.read_bytes()
        assert b"2000-01-01" not in pdf.Root.Metadata.read_bytes()
        assert list(pdf.attachments) == ["n.xml"]
        assert pdf.attachments["n.xml"].get_file().read_bytes() == b"<a/>"
        assert len(pdf.Root.AF) == 1
    judges.qpdf_check(path)
    judges.verapdf(path)


def test_the_qr_is_the_documents_own(tmp_path: Path) -> None:
    path = tmp_path / "paper.pdf"
    path.write_bytes(print_with(new_press()))
    pages = judges.pdf_pages_png(path, 150)
    assert judges.read_qr(pages[1]) == "https://example.kz/v/sample#seal"


def test_a_letter_the_slot_font_lacks_is_printed_inline(tmp_path: Path) -> None:
    assert not load_slot_font().has("→")
    text = text_of(print_with(new_press(), early_reason="бірінші → екінші"), tmp_path)
    assert "→" in text


def test_only_marked_colours_name_slots() -> None:
    assert slot_of_operator(b"0.003922 0 0.019608 rg") == 5
    assert slot_of_operator(b"0 0 0 rg") is None
    assert slot_of_operator(b"0.2 0.2 0.2 rg") is None
    assert slot_of_operator(b"0.003922 0 0.019608 RG") is None
    assert slot_number(2, 1) == 17


def test_wrapping_fills_the_first_room_and_then_whole_lines() -> None:
    font = load_slot_font()
    width = font.width("аааа", 10)
    place = Place(room=width, full=width * 2.8, size=10)
    assert wrap("аааа", place, font) == ["аааа"]
    assert wrap("аааа аааа аааа", place, font) == ["аааа", "аааа аааа"]
    assert wrap("ааааа аааа", place, font) == ["", "ааааа аааа"]


def test_the_font_is_made_once() -> None:
    assert load_slot_font() is load_slot_font()
    assert dataclasses.is_dataclass(load_slot_font())


def test_the_lines_behind_a_label_are_guessed() -> None:
    font = load_slot_font()
    word = font.width("аааа", 10)
    slots = Slots(font, {3: 4}, line=Place(room=0, full=word * 4, size=10))
    assert slots.add("аааа", may_wrap=True, label="аааа") == (slot_number(0, 0),)
    assert len(slots.add("аааа аааа аааа аааа", may_wrap=True, label="аааа")) == 2
    assert len(slots.add("аааа аааа аааа аааа", may_wrap=True)) == 1, "no label, no guess"
    assert len(slots.add("аааа", may_wrap=True, label="аааа")) == 4, "what is known is not guessed"
    assert slots.add("→", may_wrap=True, label="аааа") == ()


def test_a_long_name_is_laid_out_once() -> None:
    person = {"surname": "Ұзынтегібаева", "given_name": "Нұрсұлтанбек", "patronymic": "Айдарқызы"}
    press = new_press()
    print_with(press, person=person)
    assert [len(kept) for kept in press._kept.values()] == [1]


def test_a_page_in_both_languages_says_in_both_how_it_is_verified() -> None:
    journal = latest("mse-17")
    page = Page(journal, Language.KK, output=Output.ISSUED, stamp=make_pages({})[0].stamp)
    html = Templates(ROOT / "templates").write_html([page])
    assert "Электрондық құжат" in html
    assert "Электронный документ" in html
    assert "Электронный документ" not in Templates(ROOT / "templates").write_html(
        [make_pages({})[0]]
    )
