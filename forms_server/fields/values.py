"""A whole set of answers as values, and back to their canonical raw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from forms_server.fields.base import Raw, Value
from forms_server.fields.registry import part_specs, type_of
from forms_server.languages import BilingualText
from forms_server.specs.model import Edition, FieldSpec, Rows, TableSpec

ROW = TableSpec.ROW
OVERRIDES = "overrides"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is wrong with one answer; ``path`` is its name on the page: ``services-0-hours``."""

    path: str
    code: str
    message: BilingualText


def around(refusals: Iterable[Refusal]) -> set[str]:
    """Where something is refused: the inputs, and the fields, rows and tables that they lie in."""
    names = (refusal.path.split("-") for refusal in refusals)
    return {"-".join(name[:count]) for name in names for count in range(1, len(name) + 1)}


@dataclass(frozen=True, slots=True)
class Answers:
    """Right answers by field and table id, and the reasons of overridden warnings by rule id."""

    values: Mapping[str, Value]
    overrides: Mapping[str, str] = field(default_factory=dict)

    def value(self, field_id: str) -> Value:
        return self.values.get(field_id)


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading raw answers; ``answers`` may be used only when nothing is refused."""

    answers: Answers
    refusals: tuple[Refusal, ...]
    warnings: tuple[Refusal, ...]

    @property
    def is_right(self) -> bool:
        return not self.refusals and not self.warnings


def write_answers(edition: Edition, answers: Answers) -> dict[str, Raw]:
    """The canonical raw answers; reading them again gives the same answers."""
    raw = {
        item.id: _write(item, answers.values[item.id])
        for item in edition.items.values()
        if answers.values.get(item.id) is not None
    }
    return {**raw, OVERRIDES: dict(answers.overrides)} if answers.overrides else raw


def _write(item: FieldSpec | TableSpec, value: Value) -> Raw:
    if isinstance(item, FieldSpec):
        return write_field(item, value)
    if item.rows_are is Rows.FIXED:
        return {row_id: _write_row(item, row) for row_id, row in value.items()}
    return [_write_row(item, row) for row in value]


def _write_row(table: TableSpec, row: Mapping[str, Value]) -> dict[str, Raw]:
    written = {ROW: row[ROW]} if ROW in row else {}
    for column in table.columns:
        if row.get(column.id) is not None:
            written[column.id] = write_field(column, row[column.id])
    return written


def write_field(spec: FieldSpec, value: Value) -> Raw:
    """The canonical raw of one field's value that is not ``None``."""
    parts = part_specs(spec)
    if not parts:
        return type_of(spec).write(value)
    return {
        part.id: write_field(part, value[part.id])
        for part in parts
        if value.get(part.id) is not None
    }
