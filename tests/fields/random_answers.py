"""Random answers of any edition: right ones that all rules let pass, and wrong ones for a field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from hypothesis import strategies as st

from forms_server.fields.answers import read_answers
from forms_server.fields.base import Raw
from forms_server.fields.registry import part_specs
from forms_server.fields.values import OVERRIDES, ROW, write_field
from forms_server.languages import Language
from forms_server.services.samples import sample_answers
from forms_server.specs.model import Edition, FieldSpec, Rows, TableSpec

from .specimens import LINES, VALUES

MOST_ROWS = 3
REASON = "Үлгі себеп / образец причины"
WRONG: Mapping[str, Raw] = {
    "act-number": "1234",
    "bin": "123456789012",
    "centimetres": "-1",
    "consent": "perhaps",
    "date": "31.02.2020",
    "e-mail": "a@",
    "hours": "seven",
    "icd-10": "QQ.1",
    "iin": "123456789012",
    "integer": "1,5",
    "kilograms": "heavy",
    "long-text": "bell \x07",
    "money": "1 000 тиын",
    "month": "13.2026",
    "name-part": "bell \x07",
    "one-of": "no_such_option",
    "percent": "101",
    "phone": "12",
    "reference": "no_such_item",
    "some-of": ["no_such_option"],
    "text": "bell \x07",
    "time": "25:00",
    "yes-no": "perhaps",
    "year": "20",
}
"""What no field of a type takes, whatever its limits."""


@st.composite
def right_answers(draw: Any, edition: Edition, today: date) -> dict[str, Raw]:
    """The sample's answers, of which everything that may be otherwise is drawn anew."""
    raw = sample_answers(edition, draw(st.sampled_from(list(Language))), today)
    for item in edition.items.values():
        if isinstance(item, TableSpec) or item.computed is None:
            changed = {**raw, item.id: draw(_raw_of(item))}
            raw = _justified(edition, changed, today) or raw
    return _justified(edition, raw, today) or raw


def wrong_answers(edition: Edition, raw: Mapping[str, Raw]) -> Iterator[tuple[str, dict[str, Raw]]]:
    """For each answered field and cell: its path on the page and the answers with it spoilt."""
    for item in edition.items.values():
        if not raw.get(item.id) or (isinstance(item, FieldSpec) and item.computed is not None):
            continue
        if isinstance(item, FieldSpec):
            for path, spoilt in _spoil(item, raw[item.id], item.id):
                yield path, {**raw, item.id: spoilt}
        else:
            for path, rows in _spoil_rows(item, raw[item.id]):
                yield path, {**raw, item.id: rows}


def _justified(edition: Edition, raw: dict[str, Raw], today: date) -> dict[str, Raw] | None:
    """The answers with a reason for each warning; nothing if anything is refused."""
    reading = read_answers(edition, raw, today)
    if reading.refusals:
        return None
    reasons = {refusal.code.removeprefix("rule-"): REASON for refusal in reading.warnings}
    return {**raw, OVERRIDES: {**(raw.get(OVERRIDES) or {}), **reasons}} if reasons else raw


def _raw_of(item: FieldSpec | TableSpec) -> st.SearchStrategy[Raw]:
    if isinstance(item, FieldSpec):
        return _field_raw(item)
    if item.rows_are is Rows.FIXED:
        ids = [row.id for row in item.rows if not row.heading]
        return st.dictionaries(st.sampled_from(ids), _row_raw(item), max_size=len(ids))
    return st.lists(_row_raw(item), min_size=item.minimum, max_size=MOST_ROWS)


def _row_raw(table: TableSpec) -> st.SearchStrategy[Raw]:
    cells = {column.id: _field_raw(column) for column in table.columns if column.computed is None}
    if table.rows_are is Rows.PICKED:
        cells[ROW] = st.sampled_from([row.id for row in table.rows if not row.heading])
    needed = {ROW, *(column.id for column in table.columns if column.required)}
    must = {name: cell for name, cell in cells.items() if name in needed}
    may = {name: cell for name, cell in cells.items() if name not in needed}
    return st.fixed_dictionaries(must, optional=may)


def _field_raw(spec: FieldSpec) -> st.SearchStrategy[Raw]:
    parts = part_specs(spec)
    if parts:
        must = {part.id: _field_raw(part) for part in parts if part.required}
        may = {part.id: _field_raw(part) for part in parts if not part.required}
        return st.fixed_dictionaries(must, optional=may)
    if spec.options:
        ids = [option.id for option in spec.options]
        one = st.sampled_from(ids)
        return st.lists(one, min_size=1, unique=True) if spec.type == "some-of" else one
    if spec.reference is not None:
        return st.sampled_from([item.id for item in spec.reference.items])
    return VALUES.get(spec.type, LINES).map(lambda value: write_field(spec, value))


def _spoil(spec: FieldSpec, raw: Raw, path: str) -> Iterator[tuple[str, Raw]]:
    if spec.required and spec.type != "consent":
        yield path, None
    parts = part_specs(spec)
    if not parts:
        yield path, WRONG[spec.type]
        return
    for part in parts:
        if isinstance(raw, Mapping) and raw.get(part.id):
            for inner, spoilt in _spoil(part, raw[part.id], f"{path}-{part.id}"):
                changed = {**raw, part.id: spoilt}
                if any(changed.values()):  # else nothing is answered at all: not this part's fault
                    yield inner, changed


def _spoil_rows(table: TableSpec, rows: Raw) -> Iterator[tuple[str, Raw]]:
    """The first row that is answered, cell by cell."""
    key, row = next(iter(rows.items())) if isinstance(rows, Mapping) else (0, rows[0])
    asked = [column for column in table.columns if column.computed is None]
    answered = [column for column in asked if row.get(column.id)]
    for column in answered:
        for path, spoilt in _spoil(column, row[column.id], f"{table.id}-{key}-{column.id}"):
            if spoilt is not None or len(answered) > 1:  # an empty row is no row
                yield path, _with_row(rows, key, {**row, column.id: spoilt})


def _with_row(rows: Raw, key: Any, row: Mapping[str, Raw]) -> Raw:
    if isinstance(rows, Mapping):
        return {**rows, key: row}
    return [row, *rows[1:]]
