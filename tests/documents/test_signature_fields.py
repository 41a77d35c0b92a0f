"""Fields for signatures: one for each electronic signer, in its place, covering nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from PIL import Image

from forms_server.documents.context import Output, Page
from forms_server.documents.fonts import RESOURCE, load_slot_font
from forms_server.documents.html import Templates
from forms_server.documents.signature_fields import signature_fields_of
from forms_server.documents.stencils import Press
from forms_server.errors import DocumentError
from forms_server.fields.registry import TYPES
from forms_server.languages import BilingualText, Language
from forms_server.services.samples import sample_answers
from forms_server.specs.model import Edition, Original
from forms_server.specs.reading import read_forms
from forms_server.specs.signatures import SignatureSpec, Way
from tests import judges
from tests.documents.papers import FILLING, MOMENT, issued_pages, latest, new_press, printer

BOTH = tuple(Language)
SIGNED = {
    edition.key: edition
    for form in read_forms(judges.ROOT, TYPES).values()
    for edition in form.editions
    if signature_fields_of(edition)
}
POINTS_IN_MM = 72 / 25.4
SMALLEST = (45 * POINTS_IN_MM, 12 * POINTS_IN_MM)
WORD = re.compile(
    r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">([^<]*)</word>'
)
DPI = 72
TEMPLATE = "assistance/06-sms-journal.html"


def pages_of(edition: Edition, languages: Iterable[Language], **more: Any) -> list[Page]:
    raw = {**sample_answers(edition, Language.KK, MOMENT.date()), **more}
    return issued_pages(edition, raw, languages)


def print_paper(edition: Edition, *languages: Language, press: Press | None = None) -> bytes:
    filling = replace(FILLING, signature_fields=signature_fields_of(edition))
    return (press or new_press()).print_document(pages_of(edition, languages), filling)


def fields_in(pdf: pikepdf.Pdf) -> Sequence[Any]:
    return [*pdf.Root.AcroForm.Fields]


def page_of(pdf: pikepdf.Pdf, field: Any) -> int:
    """The page that a field stands on, from 0."""
    (found,) = (
        number
        for number, page in enumerate(pdf.pages)
        for each in page.obj.get("/Annots", ())
        if each.objgen == field.objgen
    )
    assert field.P.objgen == pdf.pages[found].obj.objgen
    return found


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Mapping[tuple[str, Language], Path]:
    """Every edition that somebody signs electronically, in each language."""
    folder, press = tmp_path_factory.mktemp("papers"), new_press()
    found = {}
    for key, language in product(SIGNED, Language):
        path = folder / f"{key.replace('/', '-')}-{language.value}.pdf"
        path.write_bytes(print_paper(SIGNED[key], language, press=press))
        found[key, language] = path
    return found


every_paper = pytest.mark.parametrize(("key", "language"), [*product(SIGNED, Language)])
Papers = Mapping[tuple[str, Language], Path]


@every_paper
def test_each_signer_has_a_described_empty_field(
    papers: Papers, key: str, language: Language
) -> None:
    signers = [spec for spec in SIGNED[key].signatures if spec.is_electronic]
    with pikepdf.open(papers[key, language]) as pdf:
        fields = fields_in(pdf)
        assert [str(field.T) for field in fields] == [spec.id for spec in signers]
        for field, spec in zip(fields, signers, strict=True):
            assert field.FT == "/Sig"
            assert "/V" not in field
            assert spec.label.kk in str(field.TU)
            assert spec.label.ru in str(field.TU)
            assert field.F == 4
            assert field.AP.N.read_bytes() == b""
        form = pdf.Root.AcroForm
        assert form.SigFlags == 3
        assert "/NeedAppearances" not in form
        assert f"/{RESOURCE}" in form.DR.Font


@every_paper
def test_the_place_is_large_enough_and_nothing_is_printed_in_it(
    papers: Papers, tmp_path: Path, key: str, language: Language
) -> None:
    path = papers[key, language]
    words = words_by_page(path)
    with pikepdf.open(path) as pdf:
        for field in fields_in(pdf):
            left, bottom, right, top = map(float, field.Rect)
            assert right - left >= SMALLEST[0]
            assert top - bottom >= SMALLEST[1]
            page = page_of(pdf, field)
            height = float(pdf.pages[page].obj.MediaBox[3])
            place = (left, height - top, right, height - bottom)
            assert [word for *box, word in words[page] if overlap(box, place)] == []
            assert is_white(path, page, place, tmp_path)


def words_by_page(path: Path) -> list[list[tuple[float, float, float, float, str]]]:
    """Every word with its box from the upper left corner, in points."""
    answer = judges.run("pdftotext", "-bbox", str(path), "-")
    return [
        [(*map(float, found[:4]), found[4]) for found in WORD.findall(page)]  # type: ignore[misc]
        for page in answer.stdout.split("<page ")[1:]
    ]


def overlap(box: Sequence[float], place: Sequence[float]) -> bool:
    return box[0] < place[2] and place[0] < box[2] and box[1] < place[3] and place[1] < box[3]


def is_white(path: Path, page: int, place: Sequence[float], folder: Path) -> bool:
    """Whether a paper can still be signed by hand there; the edge may touch a line."""
    prefix, number = folder / "page", str(page + 1)
    options = ("-gray", "-r", str(DPI), "-f", number, "-l", number, "-singlefile")
    judges.run("pdftoppm", *options, str(path), str(prefix))
    left, top, right, bottom = map(round, place)
    with Image.open(prefix.with_suffix(".pgm")) as picture:
        return picture.crop((left + 2, top + 2, right - 2, bottom - 2)).getextrema() == (255, 255)


@every_paper
def test_a_reader_finds_the_field_where_it_stands(
    papers: Papers, key: str, language: Language
) -> None:
    with pikepdf.open(papers[key, language]) as pdf:
        nums = pdf.Root.StructTreeRoot.ParentTree.Nums
        known = dict(zip(map(int, nums[::2]), nums[1::2], strict=True))
        for field in fields_in(pdf):
            element = known[int(field.StructParent)]
            assert element.S == "/Form"
            assert element.K.Obj.objgen == field.objgen
            assert any(each.objgen == element.objgen for each in element.P.K)
            assert pdf.pages[page_of(pdf, field)].obj.Tabs == "/S"


@pytest.mark.parametrize(
    ("key", "language"),
    [("assistance-05/2021-03-03", Language.KK), ("mse-12/2025-05-02", Language.RU)],
)
def test_of_two_languages_the_order_s_own_is_signed(
    papers: Papers, key: str, language: Language
) -> None:
    """The Kazakh pages come first; assistance-05 was issued in Kazakh, mse-12 in Russian."""
    with pikepdf.open(papers[key, Language.KK]) as alone:
        kazakh_pages = len(alone.pages)
    with pikepdf.open(BytesIO(print_paper(SIGNED[key], *BOTH))) as pdf:
        pages = {page_of(pdf, field) for field in fields_in(pdf)}
    assert {page < kazakh_pages for page in pages} == {language is Language.KK}


def test_of_two_copies_the_first_is_signed() -> None:
    edition = latest("assistance-08")
    assert edition.copies == 2
    with pikepdf.open(BytesIO(print_paper(edition, Language.RU))) as pdf:
        assert {page_of(pdf, field) for field in fields_in(pdf)} == {0}


def test_a_blank_has_neither_field_nor_place() -> None:
    edition = latest("mse-12")
    templates = Templates(judges.ROOT / "templates")
    page = Page(edition, Language.RU, output=Output.BLANK)
    html = templates.write_html([page])
    assert "sign-place" not in html
    with pikepdf.open(BytesIO(printer().print_pdf(html))) as pdf:
        assert "/AcroForm" not in pdf.Root


def test_a_paper_nobody_signs_electronically_has_no_form() -> None:
    with pikepdf.open(BytesIO(print_paper(latest("assistance-06"), Language.KK))) as pdf:
        assert "/AcroForm" not in pdf.Root


def test_the_same_answers_give_the_same_bytes() -> None:
    edition, press = latest("assistance-09"), new_press()
    first = print_paper(edition, *BOTH, press=press)
    assert print_paper(edition, *BOTH, press=press) == first
    assert print_paper(edition, *BOTH) == first


def test_a_template_without_the_place_is_refused() -> None:
    edition = latest("assistance-06")
    filling = replace(FILLING, signature_fields=signature_fields_of(latest("assistance-09")))
    with pytest.raises(DocumentError, match="signature-place-missing"):
        new_press().print_document(pages_of(edition, [Language.KK]), filling)


# -- journals, whose pages are copied --------------------------------------------------------------


@pytest.fixture
def signed_journal(tmp_path: Path) -> tuple[Edition, Press]:
    """The SMS journal, as if its keeper signed it electronically below the last entry."""
    own = tmp_path / "own"
    for source in (judges.ROOT / "templates").rglob("*.html"):
        target = own / source.relative_to(judges.ROOT / "templates")
        target.parent.mkdir(parents=True, exist_ok=True)
        is_journal = target.relative_to(own).parts[1:] == tuple(TEMPLATE.split("/"))
        more = '<p>{{ sign_place("keeper", free=14) }}</p>\n' if is_journal else ""
        target.write_text(source.read_text("utf-8") + more, encoding="utf-8")
    keeper = SignatureSpec(
        id="keeper", label=BilingualText(kk="Жүргізуші", ru="Ведущий"), way=Way.ELECTRONIC
    )
    edition = replace(latest("assistance-06"), signatures=(keeper,), original=Original.RU)
    return edition, Press(Templates(own), printer(), load_slot_font())


def test_the_field_of_a_journal_stands_behind_its_last_row(
    signed_journal: tuple[Edition, Press], tmp_path: Path
) -> None:
    edition, press = signed_journal
    entry = sample_answers(edition, Language.KK, MOMENT.date())["entries"][0]
    filling = replace(FILLING, signature_fields=signature_fields_of(edition))
    paths = []
    for count in (1, 60):
        pages = pages_of(edition, BOTH, entries=[entry] * count)
        path = tmp_path / f"journal-{count}.pdf"
        path.write_bytes(press.print_document(pages, filling))
        with pikepdf.open(path) as pdf:
            (field,) = fields_in(pdf)
            nums = pdf.Root.StructTreeRoot.ParentTree.Nums
            known = dict(zip(map(int, nums[::2]), nums[1::2], strict=True))
            assert known[int(field.StructParent)].K.Obj.objgen == field.objgen
            binding_sheet = len(pdf.pages) - 1
            assert page_of(pdf, field) == binding_sheet - 1
        paths.append(path)
    judges.verapdf_both(paths)
