"""What an expression may name of a set of answers: fields, parts, figures, columns, today."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from forms_server.fields.base import Value
from forms_server.fields.registry import type_of
from forms_server.specs.model import Edition, FieldSpec, Rows, TableSpec
from forms_server.specs.working_days import NAME as WORKING_DAYS


def scope_of(edition: Edition, values: Mapping[str, Value], today: date) -> dict[str, Value]:
    """The names of a whole set of answers; tables are the tuples of their answered rows."""
    scope: dict[str, Value] = {**values, "today": today, WORKING_DAYS: edition.working_days}
    for item in edition.items.values():
        value = values.get(item.id)
        if isinstance(item, TableSpec):
            rows = rows_of(value)
            scope[item.id] = rows
            for name in item.names:
                scope[f"{item.id}.{name}"] = tuple(row.get(name) for row in rows)
            if item.rows_are is Rows.FIXED:
                scope[f"{item.id}.{item.ROW}"] = tuple(value or ())
        else:
            scope |= _inside(item, value)
    return scope


def row_scope(
    table: TableSpec, row: Mapping[str, Value], scope: Mapping[str, Value]
) -> dict[str, Value]:
    """The names of one row of a table, over those of the whole set."""
    own = {**scope, **row}
    for column in table.columns:
        if column.part_names:
            own |= _inside(column, row.get(column.id))
    return own


def rows_of(value: Value) -> tuple[Mapping[str, Any], ...]:
    """The answered rows of a table, whatever kind of table it is."""
    rows = value.values() if isinstance(value, Mapping) else value
    return tuple(rows or ())


def _inside(spec: FieldSpec, value: Value) -> dict[str, Value]:
    """The names inside one answer: its parts, or the figures of a reference's item."""
    if isinstance(value, Mapping):
        return {f"{spec.id}.{part}": found for part, found in value.items()}
    found = _figures(spec, value) if spec.reference else {}
    if not spec.reference and value is not None:
        found = type_of(spec).inside(value)
    return {f"{spec.id}.{name}": found.get(name) for name in spec.part_names}


def _figures(spec: FieldSpec, value: Value) -> Mapping[str, Value]:
    item = spec.reference.item(value) if spec.reference and isinstance(value, str) else None
    return item.figures if item else {}
