"""Fidelity: the blank of every edition says what its order prints, word for word and in order.

``tests/samples/fidelity/FORM.EDITION.txt`` was written from the order itself: one printed block a
line, blanks as ``_``. The order of the blocks is checked on the HTML body, where the cells of a
table follow one another; that all of it is visible is checked on the PDF, word by word, because a
reader of the PDF sees columns side by side.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from lxml import html as lxml_html

from forms_server.documents.context import Output, Page
from forms_server.documents.html import Templates
from forms_server.documents.pdf import Printer
from forms_server.fields.registry import TYPES
from forms_server.languages import Language
from forms_server.specs.model import Edition, FormSpec
from forms_server.specs.reading import read_forms
from tests.judges import ROOT, pdf_text

SAMPLES = ROOT / "tests" / "samples" / "fidelity"
SAMPLE_NAMES = sorted(path.name for path in SAMPLES.glob("*.txt"))

LATIN = "ABCEHIKMOPTXYaceiopxyhƏə"
CYRILLIC = "АВСЕНІКМОРТХУасеіорхуһӘә"
QUOTES = "«»“”„‟‘’‚‹›″'"
DASHES = "‐‑‒–—―−"
SAME = str.maketrans(
    LATIN + QUOTES + DASHES, CYRILLIC + '"' * len(QUOTES) + "-" * len(DASHES), "_\u00ad\u200b"
)
"""What may differ between an order and its print: look-alike letters, quotes, dashes, blanks."""


def plain(text: str) -> str:
    """The text as it is compared: one alphabet, one case, one quote, one dash, no white space."""
    return "".join(unicodedata.normalize("NFC", text).translate(SAME).casefold().split())


def words(text: str) -> Sequence[str]:
    """The words of a text as they are compared."""
    parted = unicodedata.normalize("NFC", text).replace("_", " ")
    return re.findall(r"\w+", parted.translate(SAME).casefold())


def places(lines: Sequence[str], text: str) -> Iterator[tuple[int, int]]:
    """Where each line stands in the plain text, each after the one before it.

    ``AssertionError`` names the first line that does not.
    """
    here = 0
    for number, line in enumerate(lines, 1):
        wanted = plain(line)
        start = text.find(wanted, here)
        where = "is printed elsewhere, out of its order" if wanted in text else "is not printed"
        assert start >= 0, f"line {number} {where}: {line}\n  there stands: {text[here:][:160]}"
        here = start + len(wanted)
        yield start, here


def additions(lines: Sequence[str], text: str) -> Sequence[str]:
    """What the plain text says beside the lines; numbers of empty rows do not count."""
    found = [(0, 0), *places(lines, text), (len(text), len(text))]
    between = (text[before[1] : after[0]] for before, after in pairwise(found))
    return [piece for piece in between if any(letter.isalpha() for letter in piece)]


def lacking(wanted: Sequence[str], found: Sequence[str]) -> set[str]:
    """The words that do not occur as often as wanted; a narrow column may have broken a word."""
    missing, spare = Counter(wanted) - Counter(found), Counter(found) - Counter(wanted)
    return {word for word in missing.elements() if not _take_pieces(word, spare)}


def _take_pieces(word: str, spare: Counter[str]) -> bool:
    for end in range(len(word), 0, -1):
        piece = word[:end]
        if spare[piece] > 0:
            spare[piece] -= 1
            if end == len(word) or _take_pieces(word[end:], spare):
                return True
            spare[piece] += 1
    return False


@pytest.fixture(scope="module")
def forms() -> Mapping[str, FormSpec]:
    return read_forms(ROOT, TYPES)


@pytest.fixture(scope="module")
def templates() -> Templates:
    return Templates(ROOT / "templates")


@pytest.fixture(scope="module")
def printer() -> Printer:
    return Printer(ROOT / "static" / "print.css")


@pytest.fixture(params=SAMPLE_NAMES)
def sample(request: pytest.FixtureRequest) -> Path:
    return SAMPLES / request.param


@pytest.fixture
def lines(sample: Path) -> Sequence[str]:
    return [line for line in sample.read_text("utf-8").splitlines() if plain(line)]


@pytest.fixture
def blank(sample: Path, forms: Mapping[str, FormSpec]) -> Page:
    """The blank in the language of the order, or in both where one page carries both."""
    form_id, _, edition_id = sample.stem.partition(".")
    assert form_id in forms, f"{sample.name} names no form"
    edition = forms[form_id].edition(edition_id)
    assert edition is not None, f"{sample.name} names no edition of {form_id}"
    language = Language.KK if edition.is_bilingual_page else Language(edition.original.value)
    return Page(edition, language, output=Output.BLANK)


@pytest.fixture
def body(blank: Page, templates: Templates) -> str:
    """The plain text of the form's HTML, without the frame that we put around it."""
    return plain(lxml_html.fromstring(f"<div>{templates.write_body(blank)}</div>").text_content())


@pytest.fixture
def paper(blank: Page, templates: Templates, printer: Printer, tmp_path: Path) -> str:
    """The text of the printed blank as a reader of the PDF finds it."""
    path = tmp_path / "blank.pdf"
    path.write_bytes(printer.print_pdf(templates.write_html([blank])))
    return pdf_text(path)


def editions(forms: Mapping[str, FormSpec]) -> Iterator[Edition]:
    for form in forms.values():
        yield from form.editions


def test_every_edition_has_its_sample(forms: Mapping[str, FormSpec]) -> None:
    wanted = {f"{edition.form_id}.{edition.id}.txt" for edition in editions(forms)}
    assert wanted <= set(SAMPLE_NAMES)


def test_the_blank_says_every_line_of_its_order_in_order(lines: Sequence[str], body: str) -> None:
    assert len(list(places(lines, body))) == len(lines)


def test_the_blank_says_nothing_that_its_order_does_not(lines: Sequence[str], body: str) -> None:
    assert not additions(lines, body)


def test_every_word_of_the_order_is_seen_on_the_paper(lines: Sequence[str], paper: str) -> None:
    unseen = lacking(words(" ".join(lines)), words(paper))
    first = next((line for line in lines if unseen & set(words(line))), None)
    assert first is None, f"not seen on the paper: {first}\n  words: {sorted(unseen)}"


# -- the comparison itself ------------------------------------------------------------------------


def test_look_alikes_quotes_dashes_and_blanks_do_not_matter() -> None:
    assert plain('Aкт с "__" по\u00a0«_» – 20__ г.') == plain('акт с "_____" по "___" - 20 г.')


def test_a_wrong_letter_matters() -> None:
    with pytest.raises(AssertionError, match=r"line 2 is not printed: МО \(бар болса\)"):
        list(places(["ЭЦҚ", "МО (бар болса)"], plain("ЭЦҚ МӨ (бар болса)")))


def test_the_first_line_out_of_order_is_named() -> None:
    with pytest.raises(AssertionError, match="line 2 is printed elsewhere, out of its order: Сдал"):
        list(places(["Принял", "Сдал", "Лишнее"], plain("Сдал Принял")))


def test_what_was_added_is_told() -> None:
    text = plain("Сдал 1 Подпись Принял 2")
    assert additions(["Сдал", "Принял"], text) == [plain("1 Подпись")]


@pytest.mark.parametrize(
    ("wanted", "found", "unseen"),
    [
        ("парақта парақта", "парақта", {"парақта"}),
        ("освидетельствования год", "освидетельс год твования", set()),
        ("протездік-ортопедиялық", "протездік-\nортопедиялық", set()),
    ],
)
def test_words_are_counted_and_a_broken_word_is_whole(
    wanted: str, found: str, unseen: set[str]
) -> None:
    assert lacking(words(wanted), words(found)) == {plain(word) for word in unseen}
