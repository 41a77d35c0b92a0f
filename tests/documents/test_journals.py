"""Journals: every row on the paper, none of them cut, tagged as one table, sealed as PDF/A."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from forms_server.documents.context import Page
from forms_server.documents.fonts import lettering_of, load_slot_font
from forms_server.documents.spreads import (
    Block,
    CellPlace,
    JournalRow,
    Plan,
    RowLayout,
    plan_spreads,
    wrap_cell,
)
from forms_server.errors import DocumentError
from forms_server.languages import Language
from forms_server.services.samples import sample_answers
from tests import judges
from tests.documents.papers import FILLING, MOMENT, issued_pages, latest, new_press

SMS = "assistance-06"
BANDS = "mse-17"


def make_pages(form: str, rows: list[dict[str, Any]], *languages: Language) -> list[Page]:
    raw = sample_answers(latest(form), Language.KK, MOMENT.date())
    sample = raw["entries"][0]
    raw["entries"] = [{**sample, **row} for row in rows]
    return issued_pages(latest(form), raw, languages or (Language.KK,))


def entries(count: int) -> list[dict[str, Any]]:
    """Rows that can be told apart, some of them of several lines."""
    return [
        {"case_number": f"іс{number}/{'қ' * (number % 7)}", "specialist": person("Ұлғатай", number)}
        for number in range(count)
    ]


def person(name: str, number: int) -> dict[str, str]:
    return {"surname": name, "given_name": "Әлия" * (1 + number % 3), "patronymic": ""}


def print_journal(rows: list[dict[str, Any]], *languages: Language, form: str = SMS) -> bytes:
    return new_press().print_document(make_pages(form, rows, *languages), FILLING)


def saved(pdf: bytes, folder: Path) -> Path:
    path = folder / "paper.pdf"
    path.write_bytes(pdf)
    return path


def squeezed(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).split())


def text_by_page(path: Path) -> list[str]:
    return [squeezed(page) for page in judges.pdf_text(path).split("\f")[:-1]]


# -- the paper ------------------------------------------------------------------------------------


def test_every_row_stands_once_and_every_page_has_its_headings_and_number(tmp_path: Path) -> None:
    pages = text_by_page(saved(print_journal(entries(300)), tmp_path))
    found = Counter(re.findall(r"іс\d+", "".join(pages)))
    assert found == Counter(f"іс{number}" for number in range(300))
    assert all(page.endswith(f"{n}/{len(pages)}") for n, page in enumerate(pages, 1))
    assert all("сәйкестендіру" in page for page in pages[:-1])
    assert "ABCDE-FGHJK" in pages[-2], "the verification stands at the end"
    assert "іс299" in pages[-2], "not without an entry"


def test_the_same_journal_gives_the_same_bytes_whatever_was_printed_before() -> None:
    press = new_press()
    pages = make_pages(SMS, entries(60))
    press.print_document(make_pages(SMS, entries(75)), FILLING)
    assert press.print_document(pages, FILLING) == print_journal(entries(60))


@pytest.mark.parametrize("count", [1, 2, 5, 6, 7, 8, 9, 16, 17, 18, 19, 20])
def test_about_the_end_of_a_page_no_row_is_lost(count: int, tmp_path: Path) -> None:
    text = "".join(text_by_page(saved(print_journal(entries(count)), tmp_path)))
    assert Counter(re.findall(r"іс\d+", text)) == Counter(f"іс{n}" for n in range(count))


def test_a_journal_without_entries_prints_empty_rows(tmp_path: Path) -> None:
    pages = make_pages(SMS, entries(1))
    pages[0].answers = replace(pages[0].answers, values={})
    path = saved(new_press().print_document(pages, FILLING), tmp_path)
    assert "СМС-хабарлама" in text_by_page(path)[0]
    judges.qpdf_check(path)


def test_a_long_text_takes_its_lines_and_the_other_rows_theirs(tmp_path: Path) -> None:
    rows = entries(40)
    rows[7]["case_number"] = "Ы" * 40
    text = "".join(text_by_page(saved(print_journal(rows), tmp_path)))
    assert text.count("Ы") == 40
    assert len(re.findall(r"іс\d+", text)) == 39


def test_a_row_longer_than_a_page_goes_on_on_the_next(tmp_path: Path) -> None:
    words = " ".join(f"сөз{number}" for number in range(270))
    rows = [{}, {"diagnosis": words}, {}]
    path = saved(print_journal(rows, form=BANDS), tmp_path)
    text = "".join(text_by_page(path))
    assert set(re.findall(r"сөз\d+", text)) == {f"сөз{number}" for number in range(270)}
    judges.qpdf_check(path)
    judges.verapdf(path)


def test_letters_of_other_fonts_are_printed(tmp_path: Path) -> None:
    rows = [{"case_number": text} for text in ("№ 1 → 2", "ŠŽ Ω ≤ 3", "Ғғ Ққ ₸ ■")]
    path = saved(print_journal(rows), tmp_path)
    text = "".join(text_by_page(path))
    assert all(sign in text for sign in "→ŠŽΩ≤₸■")
    judges.verapdf(path)


def test_bands_face_each_other_with_the_same_rows(tmp_path: Path) -> None:
    rows = [{"registration_number": f"сол{n}.", "diagnosis": f"оң{n}."} for n in range(40)]
    pages = text_by_page(saved(print_journal(rows, form=BANDS), tmp_path))
    left = [re.findall(r"сол(\d+)\.", page) for page in pages]
    right = [re.findall(r"оң(\d+)\.", page) for page in pages]
    pairs = [(here, right[n + 1]) for n, here in enumerate(left) if here]
    assert [row for here, _ in pairs for row in here] == [str(n) for n in range(40)]
    assert all(here == there for here, there in pairs)


def test_both_languages_are_bound_as_one_file(tmp_path: Path) -> None:
    path = saved(print_journal(entries(30), Language.KK, Language.RU), tmp_path)
    pages = text_by_page(path)
    assert f"прошнуровано{len(pages)}(" in pages[-1]
    assert len(re.findall(r"іс\d+", "".join(pages))) == 60


def test_a_journal_that_prints_its_binding_sheet_counts_the_sheets_on_it(tmp_path: Path) -> None:
    pages = text_by_page(saved(print_journal([{}] * 3, form=BANDS), tmp_path))
    assert f"прошнуровано{len(pages)}(" in pages[1]
    assert not any("Пронумеровано" in page for page in pages[2:])


# -- the file -------------------------------------------------------------------------------------


def elements(element: Any) -> Iterator[Any]:
    """An element of the structure tree and all below it."""
    yield element
    children = element.get("/K", [])
    for child in children if isinstance(children, pikepdf.Array) else [children]:
        if isinstance(child, pikepdf.Dictionary) and "/S" in child:
            yield from elements(child)


def marks_of(page: pikepdf.Page) -> set[int]:
    content = page.Contents.read_bytes()
    return {int(mark) for mark in re.findall(rb"/MCID (\d+)", content)}


def content_of(element: Any) -> Iterator[tuple[Any, int]]:
    """Page and number of an element's own marked content."""
    children = element.get("/K", [])
    for child in children if isinstance(children, pikepdf.Array) else [children]:
        if isinstance(child, int):
            yield element.Pg.objgen, child
        elif "/MCID" in child:
            yield child.Pg.objgen, int(child.MCID)


def test_the_structure_of_a_long_journal_is_whole(tmp_path: Path) -> None:
    with pikepdf.open(saved(print_journal(entries(300)), tmp_path)) as pdf:
        root = pdf.Root.StructTreeRoot
        nums = [*root.ParentTree.Nums]
        parents = dict(zip(map(int, nums[::2]), nums[1::2], strict=True))
        assert [int(page.StructParents) for page in pdf.pages] == [*range(len(pdf.pages))]
        owners = {
            (page, mark): element.objgen
            for element in elements(root.K[0])
            for page, mark in content_of(element)
        }
        for number, page in enumerate(pdf.pages):
            for mark in marks_of(page):
                found = parents[number][mark]
                owner = owners.get((page.obj.objgen, mark))
                assert owner == found.objgen or found.S != "/TD", (number, mark)
        known = {(page.obj.objgen, mark) for page in pdf.pages for mark in marks_of(page)}
        assert owners.keys() <= known, "nothing in the tree that no page has"


def test_all_rows_are_rows_of_one_table_under_its_headings(tmp_path: Path) -> None:
    with pikepdf.open(saved(print_journal(entries(300)), tmp_path)) as pdf:
        everything = [*elements(pdf.Root.StructTreeRoot.K[0])]
        tables = [each for each in everything if each.S == "/Table"]
        assert len(tables) == 1
        rows = [each for each in elements(tables[0]) if each.S == "/TR"]
        assert len(rows) == 301
        headings = {str(each.ID) for each in everything if each.S == "/TH"}
        cells = [each for each in everything if each.S == "/TD"]
        assert len(cells) == 300 * 9
        assert {str(name) for cell in cells for name in cell.A.Headers} == headings
        names = [*pdf.Root.StructTreeRoot.IDTree.Names][::2]
        assert {str(name) for name in names} == headings


def test_the_file_holds_one_of_everything(tmp_path: Path) -> None:
    with pikepdf.open(saved(print_journal(entries(300)), tmp_path)) as pdf:
        fonts = [
            str(each.FontName)
            for each in pdf.objects
            if isinstance(each, pikepdf.Dictionary) and each.get("/Type") == "/FontDescriptor"
        ]
        assert max(Counter(fonts).values()) == 1
        assert len(pdf.Root.OutputIntents) == 1
        assert list(pdf.attachments) == [FILLING.data.name]
        assert len({page.Resources.objgen for page in pdf.pages}) == 1


@pytest.mark.parametrize("count", [7, 100, 1000])
def test_a_journal_is_pdf_a(count: int, tmp_path: Path) -> None:
    path = saved(print_journal(entries(count)), tmp_path)
    judges.qpdf_check(path)
    judges.verapdf(path)


def test_the_size_of_the_file_grows_with_the_rows() -> None:
    small, large, larger = (len(print_journal(entries(count))) for count in (100, 300, 500))
    assert (larger - large) < (large - small) * 1.3


# -- spreads --------------------------------------------------------------------------------------

CELL = CellPlace(
    left=0, right=110, text=5, width=100, baseline=10, size=10, line=12, around=4, is_centred=False
)
BLOCK = Block(page=0, top=0, height=16, limit=1000, border=1, cells=(CELL,))


def layout() -> RowLayout:
    return RowLayout(lettering_of(load_slot_font(), ()), {"": [BLOCK]})


def row(lines: int) -> JournalRow:
    return JournalRow("", ((tuple(["қатар"] * lines),),))


def heights(plan: Plan) -> list[list[float]]:
    return [[each.height for each in spread] for spread in plan.spreads]


def test_rows_fill_a_spread_until_one_does_not_fit() -> None:
    plan = plan_spreads(layout(), [row(1)] * 5, 32, 50)
    assert heights(plan) == [[16, 16], [16, 16, 16]]
    assert not plan.starts_page


def test_a_row_that_does_not_fit_behind_what_precedes_it_begins_a_page() -> None:
    plan = plan_spreads(layout(), [row(1)] * 2, 10, 50)
    assert heights(plan) == [[16, 16]]
    assert plan.starts_page


def test_only_a_row_longer_than_a_page_is_cut() -> None:
    plan = plan_spreads(layout(), [row(1), row(4), row(10)], 60, 100)
    assert [[len(each.bands[0][0]) for each in spread] for spread in plan.spreads] == [
        [1],
        [4, 3],
        [7],
    ]
    assert [[each.continues for each in spread] for spread in plan.spreads] == [
        [False],
        [False, False],
        [True],
    ]


def test_a_page_too_small_for_three_lines_is_refused() -> None:
    with pytest.raises(DocumentError, match="print-unsettled"):
        plan_spreads(layout(), [row(5)], 10, 20)


def test_the_last_row_of_all_is_a_block_of_its_own() -> None:
    plan = plan_spreads(layout(), [row(1)] * 5, 32, 50)
    assert [len(part) for part in plan.parts(0)] == [2]
    assert [len(part) for part in plan.parts(1)] == [2, 1]
    assert [len(spread) for spread in plan.with_last_row_apart().spreads] == [2, 2, 1]


def lines_of(text: str, like: str) -> list[str]:
    """The text in lines as wide as ``like``."""
    lettering = lettering_of(load_slot_font(), [text])
    return [*wrap_cell(text, lettering.width(like), lettering)]


def test_a_line_ends_at_a_space_or_behind_a_hyphen_between_letters() -> None:
    assert lines_of("бір екі үш", "бір екі") == ["бір екі", "үш"]
    assert lines_of("санаторий-курорттық", "санаторий-кур") == ["санаторий-", "курорттық"]
    assert lines_of("күні 2026-01-02", "күні 2026-01") == ["күні", "2026-01-02"]


def test_a_word_wider_than_its_line_is_broken() -> None:
    assert lines_of("а" * 27, "а" * 22) == ["а" * 22, "а" * 5]
    assert lines_of("бір " + "а" * 5, "ааа") == ["бір", "ааа", "аа"]


def test_what_fits_stays_on_one_line() -> None:
    assert lines_of("", "а") == [""]
    assert lines_of("+7\u00a0700 00", "+7\u00a0700 00") == ["+7\u00a0700 00"]
