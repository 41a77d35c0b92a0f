"""Plausible, obviously made-up answers for any form, derived from its specification alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from forms_server.fields.base import Raw
from forms_server.fields.registry import type_of
from forms_server.fields.values import ROW
from forms_server.languages import Language
from forms_server.specs.model import Edition, FieldSpec, Rows, TableSpec

SAMPLE_ROWS = 2


def sample_answers(edition: Edition, language: Language, today: date) -> dict[str, Raw]:
    """A raw answer for every field that is asked, some rows for every table."""
    return _Sampler(language, today).answers(edition)


class _Sampler:
    """Makes up answers in one language, on one day."""

    def __init__(self, language: Language, today: date) -> None:
        self.language = language
        self.today = today

    def answers(self, edition: Edition) -> dict[str, Raw]:
        tables = {table.id: self._rows(table) for table in edition.tables()}
        fields = self._fields(edition.fields())
        every = {**tables, **fields}
        return {name: every[name] for name in edition.items if name in every}

    def _fields(self, specs: Iterable[FieldSpec]) -> dict[str, Raw]:
        """Answers of all that is asked, but for what the specification leaves empty."""
        asked = (spec for spec in specs if spec.computed is None and spec.sample != "")
        return {spec.id: self._field(spec) for spec in asked}

    def _field(self, spec: FieldSpec) -> Raw:
        if spec.sample is not None:
            return type_of(spec).sample_as(spec.sample, self.today)
        return type_of(spec).sample(spec, self.language)

    def _rows(self, table: TableSpec) -> Raw:
        answerable = [row.id for row in table.rows if not row.heading]
        if table.rows_are is Rows.FIXED:
            return {row_id: self._fields(table.columns) for row_id in answerable[:SAMPLE_ROWS]}
        count = max(table.minimum, SAMPLE_ROWS)
        rows = [self._fields(table.columns) for _ in range(count)]
        if table.rows_are is Rows.PICKED:
            rows = [
                {ROW: row_id, **row} for row_id, row in zip(answerable[::5], rows, strict=False)
            ]
        return rows
