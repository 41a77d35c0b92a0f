"""Plausible, obviously made-up answers for any form, derived from its specification alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

from forms_server.errors import words
from forms_server.fields.base import Raw
from forms_server.fields.registry import type_of
from forms_server.fields.values import OVERRIDES, ROW
from forms_server.languages import Language
from forms_server.specs.model import Edition, FieldSpec, Rows, Rule, Severity, TableSpec

SAMPLE_ROWS = 2
NEXT_ROW = "|"
"""Parts the samples of a column's successive rows."""


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
        answers = {name: every[name] for name in edition.items if name in every}
        reason = words("sample-reason")[self.language]
        reasons = {rule.id: reason for rule in _looking_back(edition)}
        return {**answers, OVERRIDES: reasons} if reasons else answers

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
            return {
                row_id: self._fields(_of_row(table, number))
                for number, row_id in enumerate(answerable[:SAMPLE_ROWS])
            }
        count = max(table.minimum, SAMPLE_ROWS)
        rows = [self._fields(_of_row(table, number)) for number in range(count)]
        if table.rows_are is Rows.PICKED:
            rows = [
                {ROW: row_id, **row} for row_id, row in zip(answerable[::5], rows, strict=False)
            ]
        return rows


def _looking_back(edition: Edition) -> Iterator[Rule]:
    """The warnings that earlier documents of the person may raise.

    A sample gives its reason beforehand: the next one like it finds it as its own earlier one.
    """
    looks = {look.id for look in edition.earlier}
    for rule in edition.rules:
        names = rule.test.names | (rule.when.names if rule.when else frozenset())
        if rule.severity is Severity.WARNING and not looks.isdisjoint(names):
            yield rule


def _of_row(table: TableSpec, number: int) -> Iterable[FieldSpec]:
    """The columns with the samples that this row has: ``1_indoor | 1_walking``, over again."""
    for column in table.columns:
        samples = [text.strip() for text in (column.sample or "").split(NEXT_ROW)]
        sample = samples[number % len(samples)] if column.sample else column.sample
        yield replace(column, sample=sample)
