"""Plausible, obviously made-up answers for any form, derived from its specification alone."""

from __future__ import annotations

from collections.abc import Mapping

from forms_server.fields.base import Raw
from forms_server.fields.registry import type_of
from forms_server.fields.values import ROW
from forms_server.languages import Language
from forms_server.specs.model import Edition, FieldSpec, Rows, TableSpec

SAMPLE_ROWS = 2


def sample_answers(edition: Edition, language: Language) -> dict[str, Raw]:
    """A raw answer for every field that is asked, some rows for every table."""
    return {
        item.id: _sample_rows(item, language)
        if isinstance(item, TableSpec)
        else _sample(item, language)
        for item in edition.items.values()
        if isinstance(item, TableSpec) or item.computed is None
    }


def _sample(spec: FieldSpec, language: Language) -> Raw:
    return type_of(spec).sample(spec, language)


def _sample_rows(table: TableSpec, language: Language) -> Raw:
    answerable = [row.id for row in table.rows if not row.heading]
    if table.rows_are is Rows.FIXED:
        return {row_id: _sample_row(table, language) for row_id in answerable[:SAMPLE_ROWS]}
    count = max(table.minimum, SAMPLE_ROWS)
    rows = [_sample_row(table, language) for _ in range(count)]
    if table.rows_are is Rows.PICKED:
        rows = [{ROW: row_id, **row} for row_id, row in zip(answerable[::5], rows, strict=False)]
    return rows


def _sample_row(table: TableSpec, language: Language) -> Mapping[str, Raw]:
    return {
        column.id: _sample(column, language) for column in table.columns if column.computed is None
    }
