"""The catalogue: every code that is raised has its sentences, and every sentence is needed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from forms_server.errors import (
    FormsServerError,
    InvalidAnswerError,
    ServiceError,
    SpecificationError,
    catalogue,
)
from forms_server.languages import BilingualText
from tests.judges import ROOT

SOURCE = ROOT / "forms_server"
RAISED = re.compile(r"(.*Error|_error)$")
MADE_OF_PARTS = re.compile(
    r"(iin|bin)-check-digit|part-.+|address-.+|role-.+|problem-.+|answer-(yes|no)"
    r"|file-.+|data-(number|token|office|issued|form|edition|replaces)"
)
"""Codes that are put together where they are used."""


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield path, ast.parse(path.read_text("utf-8"))


def raised() -> Iterator[tuple[Path, str, ast.Call]]:
    """Every call that makes an error with a code written out."""
    for path, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args and RAISED.match(_name(node.func)):
                for code in _codes(node.args[0]):
                    yield path, code, node


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _codes(argument: ast.expr) -> Iterator[str]:
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        if re.fullmatch(r"[a-z]+(-[a-z]+)+", argument.value):
            yield argument.value
    elif isinstance(argument, ast.IfExp):
        yield from _codes(argument.body)
        yield from _codes(argument.orelse)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_every_code_that_is_raised_has_its_sentences() -> None:
    unknown = {(path.name, code) for path, code, _ in raised() if code not in catalogue()}
    assert not unknown


def test_no_sentence_is_left_over() -> None:
    sources = [
        *SOURCE.rglob("*.py"),
        *SOURCE.rglob("*.html"),
        *(ROOT / "templates").rglob("*.html"),
    ]
    text = "\n".join(path.read_text("utf-8") for path in sources)
    quoted = set(re.findall(r"""["']([a-z]+(?:-[a-z0-9]+)+)["']""", text))
    orphans = {
        code for code in catalogue() if code not in quoted and not MADE_OF_PARTS.fullmatch(code)
    }
    assert not orphans


def test_the_values_of_a_refusal_fit_its_sentence() -> None:
    for path, code, call in raised():
        given = {keyword.arg for keyword in call.keywords}
        if None in given:
            continue
        for language, text in catalogue().get(code, {}).items():
            lacking = placeholders(text) - given
            assert not lacking, f"{path.name}:{call.lineno} {code} ({language}) lacks {lacking}"


@pytest.mark.parametrize("code", sorted(catalogue()))
def test_a_sentence_says_the_same_in_every_language(code: str) -> None:
    texts = catalogue()[code]
    assert {"kk", "ru"} <= {*texts} <= {"kk", "ru", "en"}
    assert len({frozenset(placeholders(text)) for text in texts.values()}) == 1
    assert all(text.strip() == text and text for text in texts.values())
    assert texts["kk"] != texts["ru"] or code.startswith("part-")


def test_a_refusal_speaks_three_languages() -> None:
    error = ServiceError("document-not-found", number="7")
    assert error.code == "document-not-found"
    assert error.message == BilingualText(kk=error.say("kk"), ru=error.say("ru"))
    assert "7" in error.say("en")
    assert str(error) == f"document-not-found: {error.say('ru')}"


def test_where_there_is_no_english_it_is_said_in_russian() -> None:
    error = InvalidAnswerError("iin-length", count=12)
    assert error.say("en") == error.say("ru")


def test_what_a_person_typed_is_not_read_as_a_pattern() -> None:
    error = ServiceError("form-not-found", form="{0} {form} {form.__class__}")
    assert "{0} {form} {form.__class__}" in error.say("en")


def test_a_wrong_specification_is_named_by_path_and_line() -> None:
    error = SpecificationError("spec-unknown-type", path=Path("a.xml"), line=7, type="x", known="y")
    assert str(error).startswith("a.xml:7: spec-unknown-type: There is no field type “x”")
    assert isinstance(error, FormsServerError)
