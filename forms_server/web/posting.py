"""What a posted fill page holds, and what its button asks for: rows come and go without scripts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from werkzeug.datastructures import MultiDict

from forms_server.fields.answers import first_input
from forms_server.fields.base import Raw
from forms_server.fields.build import build_form
from forms_server.fields.values import OVERRIDES, ROW
from forms_server.languages import Language
from forms_server.specs.model import Edition, Rows, Severity, TableSpec
from forms_server.web.filling import is_typed

ACTION = re.compile(
    r"(?P<word>check|save|language|add|remove)(-(?P<table>[a-z0-9_]+))?(-(?P<row>\d{1,6}))?"
)
DEFAULT = "check"
"""What Enter in a field asks for, and a button that we do not know."""


@dataclass(frozen=True, slots=True)
class Action:
    """What a button asks for: a word, and for rows the table and the row."""

    word: str
    table: str = ""
    row: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answers after the action, and the input that the page should open at, if any."""

    raw: Mapping[str, Raw] = field(repr=False)
    target: str = ""


def read_action(text: str) -> Action:
    """The action that a button's value names."""
    match = ACTION.fullmatch(text)
    if match is None:
        return Action(DEFAULT)
    return Action(match["word"], match["table"] or "", int(match["row"] or 0))


def read_posted(edition: Edition, posted: MultiDict[str, str]) -> dict[str, Raw]:
    """Everything typed, right or wrong, JSON-shaped; rows are counted anew from 0."""
    raw = build_form(edition, Language.KK)(posted).raw
    reasons = {
        rule.id: posted[name]
        for rule in edition.rules
        if rule.severity is Severity.WARNING
        and (name := f"{OVERRIDES}-{rule.id}") in posted
        and posted[name].strip()
    }
    return {**raw, OVERRIDES: reasons} if reasons else raw


def act(edition: Edition, raw: Mapping[str, Raw], action: Action) -> Outcome:
    """Add or remove the row that the action names; a check leaves out rows that stayed empty."""
    table = edition.items.get(action.table)
    if isinstance(table, TableSpec) and table.rows_are is not Rows.FIXED:
        if action.word == "add":
            return _add(table, raw)
        if action.word == "remove":
            return _remove(table, raw, action.row)
    return Outcome(_without_empty_rows(edition, raw) if action.word == "check" else raw)


def _add(table: TableSpec, raw: Mapping[str, Raw]) -> Outcome:
    rows = list(raw[table.id])
    is_picked, first = table.rows_are is Rows.PICKED, table.columns[0]
    if len(rows) < table.maximum:
        rows.append({ROW if is_picked else first.id: ""})
    cell = ROW if is_picked else first_input(first)
    return Outcome({**raw, table.id: rows}, f"{table.id}-{len(rows) - 1}-{cell}")


def _remove(table: TableSpec, raw: Mapping[str, Raw], place: int) -> Outcome:
    rows = [row for index, row in enumerate(raw[table.id]) if index != place]
    return Outcome({**raw, table.id: rows}, table.id)


def _without_empty_rows(edition: Edition, raw: Mapping[str, Raw]) -> Mapping[str, Raw]:
    kept = dict(raw)
    for table in edition.tables():
        if table.rows_are is not Rows.FIXED:
            kept[table.id] = [row for row in raw[table.id] if is_typed(row)]
    return kept
