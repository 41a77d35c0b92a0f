"""Reads a whole set of raw answers against an edition: values where right, refusals where wrong.

The raw answers are JSON-shaped: a field's id maps to its raw; a fixed table's id maps to a mapping
of row id to row; a free or picked table's id maps to a list of rows (a picked row names its
catalogue row as ``"row"``); ``"overrides"`` maps the id of a warning to the reason given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any, TypeAlias

from forms_server.errors import InvalidAnswerError
from forms_server.fields.base import Raw, Value
from forms_server.fields.registry import check_parts, part_specs, type_of
from forms_server.fields.scopes import row_scope, scope_of
from forms_server.fields.values import OVERRIDES, ROW, Answers, Reading, Refusal, around
from forms_server.languages import BilingualText
from forms_server.specs.earlier import EarlierSpec
from forms_server.specs.expressions import evaluate, holds
from forms_server.specs.model import (
    Edition,
    FieldSpec,
    Limits,
    Rows,
    Rule,
    Severity,
    TableSpec,
)

LONGEST_REASON = 500


Earlier: TypeAlias = Callable[[EarlierSpec, Mapping[str, Value]], Value]
"""Looks at earlier documents: what is asked, and the names of the present form, give a value."""


def read_answers(
    edition: Edition, raw: Raw, today: date, earlier: Earlier | None = None
) -> Reading:
    """Read, compute, and check everything; nothing is raised for what a person typed.

    Without ``earlier`` nothing is known of earlier documents, and no rule about them speaks.
    """
    return _Reader(edition, today, earlier).read(raw)


class _Reader:
    """One reading: collects refusals while it goes."""

    def __init__(self, edition: Edition, today: date, earlier: Earlier | None) -> None:
        self.edition = edition
        self.today = today
        self.earlier = earlier
        self.refusals: list[Refusal] = []
        self.places: dict[str, tuple[int, ...]] = {}
        """Where the rows of a table stood before the empty ones were left out."""
        self.looks: dict[str, dict[str, Value]] = {}
        """What earlier documents give for a row, by its name on the page."""

    def read(self, raw: Raw) -> Reading:
        if not isinstance(raw, Mapping):
            self._refuse("", InvalidAnswerError("answers-not-an-object"))
            return Reading(Answers({}), tuple(self.refusals), ())
        self._check_known(raw, {*self.edition.items, OVERRIDES}, "")
        values = {item.id: self._item(item, raw) for item in self.edition.items.values()}
        self._compute(values)
        while self._drop_hidden(values):
            self._compute(values)
        self._check_computed(values)
        self._check_required(values)
        overrides = self._overrides(raw)
        warnings = tuple(self._check_rules(values, overrides))
        return Reading(Answers(values, overrides), tuple(self.refusals), warnings)

    def _item(self, item: FieldSpec | TableSpec, raw: Mapping[str, Raw]) -> Value:
        if isinstance(item, TableSpec):
            return self._table(item, raw.get(item.id))
        return self._field(item, raw.get(item.id), item.id)

    def _field(self, spec: FieldSpec, raw: Raw, path: str) -> Value:
        parts = part_specs(spec)
        if parts:
            return self._composite(spec, raw, path)
        if spec.computed is not None:
            return None
        try:
            return type_of(spec).read(raw, spec, self.today)
        except InvalidAnswerError as error:
            self._refuse(path, error)
            return None

    def _composite(self, spec: FieldSpec, raw: Raw, path: str) -> Value:
        parts = part_specs(spec)
        if raw is None or raw == "":
            return None
        if not isinstance(raw, Mapping):
            self._refuse(path, InvalidAnswerError("answer-not-parts"))
            return None
        self._check_known(raw, {part.id for part in parts}, path)
        known = len(self.refusals)
        value = {
            part.id: self._field(part, raw.get(part.id), f"{path}-{part.id}") for part in parts
        }
        if len(self.refusals) == known and all(found is None for found in value.values()):
            return None
        refused = {refusal.path for refusal in self.refusals[known:]}
        for part in parts:
            if part.required and value[part.id] is None and f"{path}-{part.id}" not in refused:
                self._refuse(f"{path}-{part.id}", _missing(part))
        self._check_together(spec, value, path)
        return value

    def _check_together(self, spec: FieldSpec, value: Value, path: str) -> None:
        try:
            check_parts(spec, value)
        except InvalidAnswerError as error:
            self._refuse(f"{path}-{part_specs(spec)[-1].id}", error)

    def _table(self, table: TableSpec, raw: Raw) -> Value:
        if table.rows_are is Rows.FIXED:
            return self._fixed_rows(table, raw or {})
        return self._rows(table, raw or [])

    def _fixed_rows(self, table: TableSpec, raw: Raw) -> Value:
        if not isinstance(raw, Mapping):
            self._refuse(table.id, InvalidAnswerError("answer-not-rows"))
            return {}
        self._check_known(raw, {row.id for row in table.rows if not row.heading}, table.id)
        rows = {
            row.id: self._row(table, raw.get(row.id), f"{table.id}-{row.id}")
            for row in table.rows
            if not row.heading
        }
        return {row_id: row for row_id, row in rows.items() if row}

    def _rows(self, table: TableSpec, raw: Raw) -> Value:
        if not isinstance(raw, (list, tuple)):
            self._refuse(table.id, InvalidAnswerError("answer-not-rows"))
            return ()
        if len(raw) > table.maximum:
            self._refuse(table.id, InvalidAnswerError("table-too-many-rows", most=table.maximum))
            return ()
        read = [self._row(table, row, f"{table.id}-{index}") for index, row in enumerate(raw)]
        self.places[table.id] = tuple(index for index, row in enumerate(read) if row)
        return tuple(row for row in read if row)

    def _named_rows(
        self, table: TableSpec, values: Mapping[str, Value]
    ) -> Iterator[tuple[str, Any]]:
        """Each answered row under its name on the page."""
        rows = values[table.id]
        if isinstance(rows, Mapping):
            yield from ((f"{table.id}-{row_id}", row) for row_id, row in rows.items())
        else:
            places = self.places.get(table.id, ())
            yield from zip((f"{table.id}-{place}" for place in places), rows, strict=False)

    def _row(self, table: TableSpec, raw: Raw, path: str) -> dict[str, Value]:
        if raw is None or raw == "":
            return {}
        if not isinstance(raw, Mapping):
            self._refuse(path, InvalidAnswerError("answer-not-rows"))
            return {}
        self._check_known(raw, {*table.names}, path)
        known = len(self.refusals)
        row = {
            column.id: self._field(column, raw.get(column.id), f"{path}-{column.id}")
            for column in table.columns
        }
        picked = self._picked(table, raw, path)
        if picked:
            row[ROW] = picked
        if len(self.refusals) == known and all(value is None for value in row.values()):
            return {}
        if table.rows_are is Rows.PICKED and not picked:
            self._refuse(f"{path}-{ROW}", InvalidAnswerError("row-missing"))
        return row

    def _picked(self, table: TableSpec, raw: Mapping[str, Raw], path: str) -> str:
        if table.rows_are is not Rows.PICKED or not raw.get(ROW):
            return ""
        row = table.row(str(raw[ROW]))
        if row is None or row.heading:
            self._refuse(f"{path}-{ROW}", InvalidAnswerError("choice-unknown"))
            return ""
        return row.id

    def _compute(self, values: dict[str, Value]) -> None:
        for table in self.edition.tables():
            columns = [column for column in table.columns if column.computed is not None]
            scope = scope_of(self.edition, values, self.today) if columns else {}
            for _, row in self._named_rows(table, values):
                for column in columns:
                    row[column.id] = _computed(column, row_scope(table, row, scope))
        for spec in self.edition.fields():
            if spec.computed is not None:
                values[spec.id] = _computed(spec, scope_of(self.edition, values, self.today))

    def _check_computed(self, values: Mapping[str, Value]) -> None:
        """A computed value keeps the limits of its field, as if it had been typed."""
        named = [(spec.id, spec, values[spec.id]) for spec in self.edition.fields()]
        named += [
            (f"{path}-{column.id}", column, row[column.id])
            for table in self.edition.tables()
            for path, row in self._named_rows(table, values)
            for column in table.columns
        ]
        for path, spec, value in named:
            if spec.computed is not None and value is not None:
                try:
                    type_of(spec).read(type_of(spec).write(value), spec, self.today)
                except InvalidAnswerError as error:
                    self._refuse(path, error)

    def _drop_hidden(self, values: dict[str, Value]) -> bool:
        """What is not shown is not asked: its answer and its refusals fall away.

        Tells whether an answer fell away, on which others may depend.
        """
        dropped = False
        for item in self.edition.items.values():
            scope = scope_of(self.edition, values, self.today)
            if not _is_shown(item, scope):
                dropped |= _is_answered(item, values) and not _is_computed(item)
                values[item.id] = None if isinstance(item, FieldSpec) else _no_rows(item)
                self._drop_refusals(item.id)
            elif isinstance(item, TableSpec):
                dropped |= self._drop_hidden_cells(item, values, scope)
        return dropped

    def _drop_hidden_cells(
        self, table: TableSpec, values: Mapping[str, Value], scope: Mapping[str, Value]
    ) -> bool:
        dropped = False
        for path, row in self._named_rows(table, values):
            own = row_scope(table, row, scope)
            for column in table.columns:
                if not _is_shown(column, own):
                    dropped |= row[column.id] is not None and not _is_computed(column)
                    row[column.id] = None
                    self._drop_refusals(f"{path}-{column.id}")
        return dropped

    def _drop_refusals(self, name: str) -> None:
        self.refusals = [refusal for refusal in self.refusals if not _is_under(refusal.path, name)]

    def _check_required(self, values: Mapping[str, Value]) -> None:
        scope = scope_of(self.edition, values, self.today)
        refused = around(self.refusals)
        for item in self.edition.items.values():
            if not _is_shown(item, scope):
                continue
            if isinstance(item, TableSpec):
                self._check_rows_required(item, values, scope, refused)
            if item.id in refused:
                continue
            if isinstance(item, TableSpec):
                self._check_row_count(item, values)
            elif values[item.id] is None and _is_wanted(item, scope):
                self._refuse_missing(item)

    def _check_rows_required(
        self,
        table: TableSpec,
        values: Mapping[str, Value],
        scope: Mapping[str, Value],
        refused: set[str],
    ) -> None:
        for path, row in self._named_rows(table, values):
            own = row_scope(table, row, scope)
            for column in table.columns:
                name = f"{path}-{column.id}"
                wanted = _is_shown(column, own) and _is_wanted(column, own)
                if wanted and own[column.id] is None and name not in refused:
                    self._refuse(name, _missing(column))

    def _refuse_missing(self, item: FieldSpec) -> None:
        parts = [part for part in part_specs(item) if part.required]
        for part in parts:
            self._refuse(f"{item.id}-{part.id}", _missing(part))
        if not parts:
            self._refuse(item.id, _missing(item))

    def _check_row_count(self, table: TableSpec, values: Mapping[str, Value]) -> None:
        if len(values[table.id]) < table.minimum:
            self._refuse(table.id, InvalidAnswerError("table-too-few-rows", least=table.minimum))

    def _check_rules(
        self, values: Mapping[str, Value], overrides: Mapping[str, str]
    ) -> Iterator[Refusal]:
        scope = scope_of(self.edition, values, self.today)
        scope |= self._look(None, scope)
        for rule in self.edition.rules:
            for path in self._broken(rule, values, scope):
                if rule.severity is Severity.ERROR:
                    self.refusals.append(Refusal(path, f"rule-{rule.id}", rule.message))
                elif rule.id not in overrides:
                    yield Refusal(path, f"rule-{rule.id}", rule.message)

    def _broken(
        self, rule: Rule, values: Mapping[str, Value], scope: Mapping[str, Value]
    ) -> Iterator[str]:
        if rule.each is None:
            if _is_broken(rule, scope):
                item = self.edition.items[rule.field]
                yield first_input(item) if isinstance(item, FieldSpec) else item.id
            return
        for path, row_names in self._row_scopes(rule.each, values, scope):
            if _is_broken(rule, row_names):
                yield f"{path}-{rule.field}"

    def _row_scopes(
        self, each: str, values: Mapping[str, Value], scope: Mapping[str, Value]
    ) -> Iterator[tuple[str, dict[str, Value]]]:
        """What a rule may name of each answered row; looks at earlier documents are taken once."""
        table = self.edition.items[each]
        assert isinstance(table, TableSpec)  # noqa: S101  # reading refuses anything else
        for path, row in self._named_rows(table, values):
            names = row_scope(table, row, scope)
            if path not in self.looks:
                self.looks[path] = self._look(each, names)
            yield path, {**names, **self.looks[path]}

    def _look(self, each: str | None, scope: Mapping[str, Value]) -> dict[str, Value]:
        """What earlier documents give, by the id of the look; without a way to look, nothing."""
        looks = [look for look in self.edition.earlier if look.each == each]
        return {look.id: self.earlier(look, scope) if self.earlier else None for look in looks}

    def _overrides(self, raw: Mapping[str, Raw]) -> Mapping[str, str]:
        given = raw.get(OVERRIDES) or {}
        if not isinstance(given, Mapping):
            self._refuse(OVERRIDES, InvalidAnswerError("answer-not-parts"))
            return {}
        warnings = {rule.id for rule in self.edition.rules if rule.severity is Severity.WARNING}
        self._check_known(given, warnings, OVERRIDES)
        reasons = {name: self._reason(name, given[name]) for name in sorted(warnings & {*given})}
        return {name: reason for name, reason in reasons.items() if reason}

    def _reason(self, rule_id: str, raw: Raw) -> Value:
        label = BilingualText(kk="", ru="")
        spec = FieldSpec(id=rule_id, type="text", label=label, limits=Limits(length=LONGEST_REASON))
        return self._field(spec, raw, f"{OVERRIDES}-{rule_id}")

    def _check_known(self, raw: Mapping[str, Raw], names: set[str], path: str) -> None:
        for name in raw:
            if name not in names:
                self._refuse(path, InvalidAnswerError("answer-unknown", name=str(name)[:40]))

    def _refuse(self, path: str, error: InvalidAnswerError) -> None:
        self.refusals.append(Refusal(path, error.code, error.message))


def _computed(spec: FieldSpec, scope: Mapping[str, Value]) -> Value:
    value = None if spec.computed is None else evaluate(spec.computed, scope)
    return None if value is None else type_of(spec).settle(value)


def first_input(item: FieldSpec) -> str:
    """The name of the field's first input on the page, where its error is shown."""
    parts = part_specs(item)
    return f"{item.id}-{parts[0].id}" if parts else item.id


def _missing(spec: FieldSpec) -> InvalidAnswerError:
    control = type_of(spec).input.control
    codes = {"select": "choice-missing", "radios": "choice-missing", "checkboxes": "choice-missing"}
    if control == "checkbox":
        return InvalidAnswerError("consent-missing")
    return InvalidAnswerError(codes.get(control, "answer-missing"))


def _is_shown(item: FieldSpec | TableSpec, scope: Mapping[str, Value]) -> bool:
    return item.shown_if is None or holds(item.shown_if, scope)


def _is_computed(item: FieldSpec | TableSpec) -> bool:
    return isinstance(item, FieldSpec) and item.computed is not None


def _is_answered(item: FieldSpec | TableSpec, values: Mapping[str, Value]) -> bool:
    return values[item.id] not in (None, (), {})


def _is_wanted(spec: FieldSpec, scope: Mapping[str, Value]) -> bool:
    return spec.required or (spec.required_if is not None and holds(spec.required_if, scope))


def _is_broken(rule: Rule, scope: Mapping[str, Value]) -> bool:
    applies = rule.when is None or holds(rule.when, scope)
    return applies and not holds(rule.test, scope)


def _is_under(path: str, name: str) -> bool:
    return path == name or path.startswith(f"{name}-")


def _no_rows(table: TableSpec) -> Value:
    return {} if table.rows_are is Rows.FIXED else ()
