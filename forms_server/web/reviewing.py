"""The answers as a list to look over: printed order, printed wording, a way back to each input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext

from forms_server.fields.answers import first_input
from forms_server.fields.base import Value
from forms_server.fields.registry import type_of
from forms_server.fields.scopes import scope_of
from forms_server.fields.values import ROW, Answers
from forms_server.languages import Language
from forms_server.specs.expressions import holds
from forms_server.specs.model import Edition, FieldSpec, Rows, Rule, TableSpec

MOST_ROWS = 12
"""Rows of a longer table are shown from the first on, the others when asked for."""
FIRST_ROWS = 5


@dataclass(frozen=True, slots=True)
class Line:
    """One answer; ``text`` is empty where nothing was answered."""

    label: str
    text: str
    target: str
    can_change: bool = True


@dataclass(frozen=True, slots=True)
class RowReview:
    """One row of a table and its cells."""

    title: str
    cells: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class TableReview:
    """A table's answered rows."""

    label: str
    target: str
    rows: tuple[RowReview, ...]

    @property
    def first_rows(self) -> tuple[RowReview, ...]:
        """The rows that are seen at once: all, unless a journal's length would bury the page."""
        return self.rows if len(self.rows) <= MOST_ROWS else self.rows[:FIRST_ROWS]

    @property
    def other_rows(self) -> tuple[RowReview, ...]:
        return self.rows[len(self.first_rows) :]


@dataclass(frozen=True, slots=True)
class SectionReview:
    """A section's answers in printed order."""

    id: str
    title: str
    items: tuple[Line | TableReview, ...]


def review(
    edition: Edition, answers: Answers, *, today: date, language: Language
) -> tuple[SectionReview, ...]:
    """Every section with what was answered; questions that do not apply are left out."""
    return tuple(_Reviewer(edition, answers, today=today, language=language).sections())


def overridden(edition: Edition, answers: Answers) -> tuple[tuple[Rule, str], ...]:
    """The warnings that stand, each with the reason given."""
    rules = {rule.id: rule for rule in edition.rules}
    return tuple((rules[name], reason) for name, reason in answers.overrides.items())


class _Reviewer:
    def __init__(
        self, edition: Edition, answers: Answers, *, today: date, language: Language
    ) -> None:
        self.edition = edition
        self.answers = answers
        self.language = language
        self.scope = scope_of(edition, answers.values, today)

    def sections(self) -> Iterator[SectionReview]:
        for section in self.edition.sections:
            items = tuple(self._item(item) for item in section.items if self._applies(item))
            if items:
                yield SectionReview(section.id, section.title[self.language], items)

    def _applies(self, item: FieldSpec | TableSpec) -> bool:
        return item.shown_if is None or holds(item.shown_if, self.scope)

    def _item(self, item: FieldSpec | TableSpec) -> Line | TableReview:
        if isinstance(item, TableSpec):
            return self._table(item)
        return self._line(item, self.answers.value(item.id), first_input(item))

    def _line(self, spec: FieldSpec, value: Value, target: str) -> Line:
        text = "" if value is None else type_of(spec).show(value, spec, self.language)
        return Line(spec.label[self.language], text, target, spec.computed is None)

    def _table(self, table: TableSpec) -> TableReview:
        rows = tuple(
            RowReview(self._row_title(table, name, row), tuple(self._cells(table, name, row)))
            for name, row in self._rows(table)
        )
        return TableReview(table.label[self.language], table.id, rows)

    def _rows(self, table: TableSpec) -> Iterator[tuple[str, Mapping[str, Value]]]:
        value = self.answers.value(table.id)
        if table.rows_are is Rows.FIXED:
            answered = value or {}
            yield from ((row.id, answered[row.id]) for row in table.rows if row.id in answered)
        else:
            yield from ((str(index), row) for index, row in enumerate(value or ()))

    def _row_title(self, table: TableSpec, name: str, row: Mapping[str, Value]) -> str:
        spec = table.row(str(row.get(ROW, name)))
        if spec is None:
            return str(gettext("Row %(number)s", number=int(name) + 1))
        return f"{spec.number} {spec.title[self.language]}".strip()

    def _cells(self, table: TableSpec, name: str, row: Mapping[str, Value]) -> Iterator[Line]:
        for column in table.columns:
            if row.get(column.id) is not None:
                target = f"{table.id}-{name}-{first_input(column)}"
                yield self._line(column, row[column.id], target)
