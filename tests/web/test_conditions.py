"""Conditions in words, for pages without scripts."""

from __future__ import annotations

import pytest
from flask import Flask
from flask_babel import force_locale

from forms_server.languages import BilingualText, Language
from forms_server.specs.expressions import parse
from forms_server.specs.model import Rows, TableSpec
from forms_server.web.conditions import describe_condition
from tests.fields.editions import edition, field
from tests.fields.specimens import OPTIONS, TEXT


def label(text: str) -> BilingualText:
    return BilingualText(kk=text, ru=text)


TABLE = TableSpec(
    id="rows",
    label=TEXT,
    rows_are=Rows.FREE,
    columns=(
        field("kind", "one-of", options=OPTIONS, label=label("Түрі")),
        field("note", "text", shown_if="kind == 'b'"),
    ),
)
MADE = edition(field("kind", "text", label=label("Сыртқы")), TABLE)


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("kind == 'b'", "«Түрі» – «b нұсқа»"),
        ("filled(kind)", "«Түрі»"),
        ("kind != 'b'", "«Түрі» – «b нұсқа»"),
    ],
)
def test_a_cell_speaks_of_its_own_row(app: Flask, condition: str, words: str) -> None:
    with app.test_request_context(), force_locale("kk"):
        said = describe_condition(parse(condition), MADE, Language.KK, TABLE.columns)
        assert words in said
        assert "Сыртқы" in describe_condition(parse("filled(kind)"), MADE, Language.KK)


@pytest.mark.parametrize(
    "condition",
    ["plus_days(kind, 1) < today", "within(kind, 'Q71')", "kind.years == 3", "1 if kind else 2"],
)
def test_what_words_cannot_say_is_said_in_general(app: Flask, condition: str) -> None:
    with app.test_request_context(), force_locale("ru"):
        said = describe_condition(parse(condition), MADE, Language.RU, TABLE.columns)
        assert said
        assert "«" not in said
