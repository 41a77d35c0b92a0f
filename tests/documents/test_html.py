"""Printed templates: the same in both languages, and nothing that is typed is read as markup."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import jinja2
import pytest
from jinja2 import meta
from lxml import html as lxml_html

from forms_server.documents.context import Output, Page
from forms_server.documents.html import Templates
from forms_server.errors import DocumentError
from forms_server.fields.answers import read_answers
from forms_server.fields.registry import TYPES
from forms_server.fields.values import Answers
from forms_server.languages import Language
from forms_server.services.samples import sample_answers
from forms_server.specs.model import Edition, FieldSpec
from forms_server.specs.reading import read_forms
from tests.fields.editions import WHOLE
from tests.judges import ROOT
from tests.workshop import NOW

FOLDER = ROOT / "templates"
EDITIONS = [edition for form in read_forms(ROOT, TYPES).values() for edition in form.editions]
every_edition = pytest.mark.parametrize("edition", EDITIONS, ids=lambda edition: edition.key)
EVIL = """<script>alert("1")</script> {{ 7 * 7 }} {% raw %} ' " & </td> &amp; <!-- {#"""


@pytest.fixture(scope="module")
def templates() -> Templates:
    return Templates(FOLDER)


def names_in(language: Language) -> set[str]:
    folder = FOLDER / language.value
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


# -- two languages --------------------------------------------------------------------------------


def test_both_languages_have_the_same_files() -> None:
    assert names_in(Language.KK) == names_in(Language.RU)


@pytest.mark.parametrize("name", sorted({edition.template for edition in EDITIONS}))
def test_both_languages_use_the_same_variables(name: str, templates: Templates) -> None:
    used = [
        variables_of(f"{language.value}/{name}.html", templates.environment)
        for language in Language
    ]
    assert used[0] == used[1]


def variables_of(name: str, environment: jinja2.Environment) -> set[str]:
    """What a page uses itself and in the parts that it includes and imports.

    Not in ``shared/kk`` and ``shared/ru``: there lies what one language alone needs, such as the
    endings of Kazakh months.
    """
    tree = environment.parse((FOLDER / name).read_text("utf-8"))
    own = tuple(f"shared/{language.value}/" for language in Language)
    found = [part for part in meta.find_referenced_templates(tree) if part]
    parts = [part for part in found if not part.startswith(own)]
    inside = [variables_of(part, environment) for part in parts]
    return meta.find_undeclared_variables(tree).union(*inside) - {"page"}


@every_edition
@pytest.mark.parametrize("output", Output)
def test_both_languages_ask_for_the_same_answers(
    edition: Edition, output: Output, templates: Templates
) -> None:
    asked = []
    for language in Language:
        sample = sample_answers(edition, language, NOW.date())
        answers = read_answers(edition, sample, NOW.date()).answers
        page = Page(
            edition, language, output=output,
            answers=answers if output is Output.ISSUED else Answers({}),
        )  # fmt: skip
        templates.write_body(page)
        asked.append(page.asked)
    assert asked[0] == asked[1]


# -- what is typed --------------------------------------------------------------------------------


@every_edition
@pytest.mark.parametrize("language", Language)
def test_what_is_typed_is_text_and_nothing_else(
    edition: Edition, language: Language, templates: Templates
) -> None:
    sample = sample_answers(edition, language, NOW.date())
    texts = [spec.id for spec in edition.fields() if spec.type in {"text", "long-text"}]
    for name in texts:
        limit = edition.items[name].limits.length or len(EVIL)  # type: ignore[union-attr]
        sample[name] = EVIL[:limit]
    answers = read_answers(edition, sample, NOW.date()).answers
    body = templates.write_body(Page(edition, language, output=Output.ISSUED, answers=answers))
    tree = lxml_html.fromstring(f"<div>{body}</div>")
    assert not tree.xpath("//script")
    assert "<script" not in body
    said = " ".join(tree.text_content().split())
    for name in texts:
        spec = edition.items[name]
        if isinstance(spec, FieldSpec) and spec.printed and answers.value(name):
            assert " ".join(str(answers.value(name)).split()) in said


def write(folder: Path, text: str, page: Page) -> str:
    """The body that a template of this text writes, beside the real shared parts."""
    (folder / "shared").symlink_to(FOLDER / "shared")
    path = folder / "kk" / "test" / "01.html"
    path.parent.mkdir(parents=True)
    path.write_text(text, "utf-8")
    return Templates(folder).write_body(page)


PAGE = Page(WHOLE, Language.KK, output=Output.BLANK)


def test_an_answer_is_escaped_wherever_it_stands(tmp_path: Path) -> None:
    answers = Answers({"text": EVIL, "services": (), "total": None})
    page = Page(WHOLE, Language.KK, output=Output.ISSUED, answers=answers)
    body = write(
        tmp_path,
        """{{ blank("text") }}|{{ line("text") }}|<p title="{{ page.text("text") }}">"""
        """{% set kept %}{{ page.text("text") }}{% endset %}{{ kept }}</p>"""
        """{{ signing([(page.text("text"), page.text("text"), 50)]) }}""",
        page,
    )
    assert "<script" not in body
    assert "&amp;amp;" in body
    assert "&amp;lt;" not in body, "escaped once, not twice"
    assert body.count("{{ 7 * 7 }}") == 6


# -- templates that are wrong ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code", "line", "said"),
    [
        ('\n{{ line("none") }}', "template-unknown-name", 2, "none"),
        ('\n\n{{ page.label("services.hour") }}', "template-unknown-name", 3, "hour"),
        ("\n{{ nobody }}", "template-broken", 2, "nobody"),
        ("\n\n\n{{ line( }}", "template-broken", 4, ""),
        ("{% if %}", "template-broken", 1, ""),
        ("\n{{ blank() }}", "template-broken", 2, "name"),
        ('\n{{ page.label("iin", "en") }}', "template-broken", 2, "en"),
        ("{{ page.nothing }}", "template-broken", 1, "nothing"),
    ],
)
def test_a_wrong_template_is_told_with_its_line(
    tmp_path: Path, text: str, *, code: str, line: int, said: str
) -> None:
    with pytest.raises(DocumentError) as caught:
        write(tmp_path, text, PAGE)
    assert (caught.value.code, caught.value.values["line"]) == (code, line)
    assert said in caught.value.say("en")
    assert "kk/test/01.html" in caught.value.message.kk


def test_a_template_that_is_not_there_is_told(templates: Templates) -> None:
    page = Page(replace(WHOLE, template="test/none"), Language.KK, output=Output.BLANK)
    with pytest.raises(DocumentError, match="template-broken"):
        templates.write_body(page)


# -- the document ---------------------------------------------------------------------------------


def document(templates: Templates, edition: Edition, output: Output) -> Any:
    pages = [Page(edition, language, output=output) for language in Language]
    return lxml_html.fromstring(templates.write_html(pages))


@every_edition
def test_every_page_says_its_language(edition: Edition, templates: Templates) -> None:
    sections = document(templates, edition, Output.BLANK).xpath("//section")
    assert [section.get("lang") for section in sections] == ["kk", "ru"]


@every_edition
def test_a_document_has_a_title_and_no_script(edition: Edition, templates: Templates) -> None:
    tree = document(templates, edition, Output.FILLABLE)
    assert tree.findtext(".//title") == edition.title.kk
    assert not tree.xpath("//script | //link | //iframe | //object")
    addresses = [*tree.xpath("//@src"), *tree.xpath("//@href")]
    assert not [address for address in addresses if re.match(r"[a-z]+://", address)]
