"""The pages in ``docs/`` name everything that there is, and the worked example works."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from lxml import etree
from lxml import html as lxml_html

from forms_server.documents.context import Output, Page
from forms_server.documents.html import Templates
from forms_server.errors import catalogue
from forms_server.fields.registry import TYPES
from forms_server.languages import Language
from forms_server.services.inspection import inspect_forms
from forms_server.specs.expressions import FUNCTIONS
from forms_server.specs.reading import read_forms
from tests.documents.test_fidelity import additions, plain
from tests.judges import ROOT

LANGUAGE = (ROOT / "docs" / "specifications.md").read_text("utf-8")
EXAMPLE = (ROOT / "docs" / "adding-a-form.md").read_text("utf-8")
NAME = "03-visit-notification"
SHARED = (
    "form_specs/common.xml",
    "form_specs/specification.rng",
    "form_specs/reference",
    "templates/shared",
)


def words_of_the_grammar() -> Iterator[str]:
    grammar = etree.parse(ROOT / "form_specs" / "specification.rng")
    for element in grammar.iter("{*}element", "{*}attribute"):
        yield str(element.get("name"))


def macros() -> Sequence[str]:
    text = (ROOT / "templates" / "shared" / "parts.html").read_text("utf-8")
    return re.findall(r"macro ([a-z][a-z_]*)\(", text)


@pytest.mark.parametrize("word", sorted(set(words_of_the_grammar())))
def test_every_element_and_attribute_is_described(word: str) -> None:
    assert re.search(rf"[`<]{word}[`=> ]", LANGUAGE)


@pytest.mark.parametrize("word", sorted({*TYPES, *FUNCTIONS, *macros()} - {"name-part"}))
def test_every_type_function_and_macro_is_described(word: str) -> None:
    assert re.search(rf"`{word}[`(]", LANGUAGE)


def meanings() -> set[str]:
    pages = (ROOT / "form_specs").rglob("*.xml")
    return {word for page in pages for word in re.findall(r'means="([^"]+)"', page.read_text())}


@pytest.mark.parametrize("meaning", sorted(meanings()))
def test_every_meaning_is_described(meaning: str) -> None:
    kind = re.sub(r"^issued\.[a-z]+", "issued.application", meaning)
    assert f"`{kind}`" in LANGUAGE


@pytest.mark.parametrize("code", sorted(code for code in catalogue() if code.startswith("spec-")))
def test_every_judgement_of_the_check_is_described(code: str) -> None:
    assert f"`{code}`" in LANGUAGE or f"`{code.removeprefix('spec-unknown')}`" in LANGUAGE


def fenced(kind: str) -> Sequence[str]:
    """The blocks of the worked example that are marked so."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", EXAMPLE, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An installation with the worked example as its only form."""
    for name in SHARED:
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, target)
    first, *others = fenced("xml")
    end = "  </edition>\n</form>\n"
    whole = first.removesuffix(end) + "".join(others) + end
    russian, kazakh = fenced("html")
    write(tmp_path / "form_specs" / "example" / f"{NAME}.xml", whole)
    write(tmp_path / "templates" / "ru" / "example" / f"{NAME}.html", russian)
    write(tmp_path / "templates" / "kk" / "example" / f"{NAME}.html", kazakh)
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def test_the_worked_example_passes_the_check(root: Path) -> None:
    assert inspect_forms(root) == ()


def test_the_worked_example_says_what_its_order_says(root: Path) -> None:
    edition = read_forms(root, TYPES)["example-03"].latest
    page = Page(edition, Language.RU, output=Output.BLANK)
    body = Templates(root / "templates").write_body(page)
    text = plain(lxml_html.fromstring(f"<div>{body}</div>").text_content())
    sample = next(block for block in fenced("") if block.startswith("Приложение"))
    assert not additions([line for line in sample.splitlines() if plain(line)], text)
