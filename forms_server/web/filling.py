"""The fill page as values: what was typed, what is wrong with it, where a message leads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from flask_babel import gettext
from wtforms import FieldList, FormField

from forms_server.fields.answers import Earlier, read_answers
from forms_server.fields.base import Raw, Value
from forms_server.fields.build import (
    FixedTableField,
    PartForm,
    RowField,
    build_form,
    flatten,
)
from forms_server.fields.numbers import Money, Number
from forms_server.fields.registry import part_specs, type_of
from forms_server.fields.values import OVERRIDES, Reading, Refusal, around
from forms_server.languages import Language
from forms_server.specs.expressions import Expression
from forms_server.specs.model import (
    Edition,
    FieldSpec,
    Rows,
    Rule,
    SectionSpec,
    Severity,
    TableSpec,
)
from forms_server.specs.working_days import WorkingDays
from forms_server.web.conditions import describe_condition

MOST_RADIOS = 7
"""A longer list of options is picked from a list that opens."""
MOST_TABLE_COLUMNS = 5
"""A wider table is asked row by row, each row a card."""
WIDTHS = (2, 4, 6, 8, 10, 12, 15, 20, 30, 40, 60)
"""The widths in characters that static/web.css has."""
LONGEST_LABEL = 90
"""Characters of a label in the error summary."""
ISO_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
ISO_MONTH = re.compile(r"(\d{4})-(\d{2})")
KINDS: Mapping[str, str] = {
    "xs:decimal": "number",
    "xs:integer": "number",
    "xs:gYear": "number",
    "xs:date": "date",
    "xs:gYearMonth": "month",
    "xs:boolean": "boolean",
}
"""How static/js/answers.js reads an input, by the base of the answer's XML Schema type."""
OWN_KINDS = ("time", "icd-10", "act-number")
"""Types of texts that the page must mend before it compares them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One line of the error summary; ``target`` is the id that its link leads to, if any."""

    target: str
    label: str
    message: str
    is_warning: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A warning at a question, and the reason for which the clerk lets it stand."""

    rule_id: str
    message: str
    places: tuple[str, ...]
    reason: str
    is_open: bool
    errors: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Filling:
    """A draft's answers on the page; ``is_checked`` says whether messages are shown.

    ``earlier`` looks at the person's earlier documents, where rules are to speak of them.
    """

    edition: Edition
    language: Language
    raw: Mapping[str, Raw]
    today: date
    is_checked: bool = False
    earlier: Earlier | None = None

    @cached_property
    def form(self) -> PartForm:
        return build_form(self.edition, self.language)(flatten(self.raw))

    @cached_property
    def empty_form(self) -> PartForm:
        """For the template of a row that is added in place."""
        return build_form(self.edition, self.language)(flatten({}))

    @cached_property
    def reading(self) -> Reading:
        return read_answers(self.edition, self.raw, self.today, self.earlier)

    @cached_property
    def problems(self) -> Sequence[Problem]:
        """What the summary says, in the order of the page; nothing before a check."""
        if not self.is_checked:
            return ()
        found = [self._problem(refusal) for refusal in self.reading.refusals]
        doubts = [self._warning(refusal) for refusal in self.reading.warnings]
        unlike = {(problem.target, problem.message): problem for problem in (*found, *doubts)}
        return sorted(unlike.values(), key=self._place)

    def errors(self, name: str) -> Sequence[str]:
        """The messages at one input."""
        return self._errors.get(name, ())

    def errors_under(self, name: str) -> bool:
        """Whether anything inside a question is wrong."""
        return name in self._wrong_places

    def doubts(self, item: FieldSpec | TableSpec) -> Iterator[Doubt]:
        """Warnings about a question: open ones after a check, and all that have a reason."""
        for rule in self.edition.rules:
            if rule.severity is Severity.WARNING and (rule.each or rule.field) == item.id:
                doubt = self._doubt(rule)
                if doubt.is_open or doubt.reason:
                    yield doubt

    def sections(self) -> Iterator[tuple[SectionSpec, Sequence[tuple[Any, Any]]]]:
        """Every section with its specifications and their form fields."""
        fields = {field.name: field for field in self.form}
        for section in self.edition.sections:
            yield section, [(item, fields[item.id]) for item in section.items]

    def empty_row(self, table: TableSpec) -> Any:
        fields: Mapping[str, Any] = {field.name: field for field in self.empty_form}
        return fields[table.id].entries[0]

    def condition(self, item: FieldSpec | TableSpec, table_id: str = "") -> str:
        """When a question or a table's cell is to be answered, in words; empty if always."""
        if item.shown_if is None:
            return ""
        table = self.edition.items.get(table_id)
        own = table.columns if isinstance(table, TableSpec) else ()
        return describe_condition(item.shown_if, self.edition, self.language, own)

    def computed(self, field: Any, row: Sequence[Any] = ()) -> str:
        """A computed value as the page shows it; ``row`` is the table and the row it stands in."""
        value = self._computed_value(field.spec.id, row)
        return "" if value is None else type_of(field.spec).show(value, field.spec, self.language)

    def _computed_value(self, name: str, row: Sequence[Any]) -> Value:
        values = self.reading.answers.values
        if not row:
            return values.get(name)
        table, key = row
        rows = values.get(table) or {}
        if isinstance(rows, Mapping):
            return rows.get(key, {}).get(name)
        place = self._row_places.get(table, {}).get(key)
        return rows[place].get(name) if place is not None and place < len(rows) else None

    @cached_property
    def _row_places(self) -> Mapping[str, Mapping[int, int]]:
        """Reading drops rows that are empty: where each typed row stands among those read."""
        places = {}
        for table in self.edition.tables():
            rows = self.raw.get(table.id)
            if table.rows_are is not Rows.FIXED and isinstance(rows, list):
                typed = [index for index, row in enumerate(rows) if is_typed(row)]
                places[table.id] = {index: place for place, index in enumerate(typed)}
        return places

    @cached_property
    def _errors(self) -> Mapping[str, Sequence[str]]:
        errors: dict[str, list[str]] = {}
        for refusal in self.reading.refusals if self.is_checked else ():
            message = refusal.message[self.language]
            if message not in errors.setdefault(refusal.path, []):
                errors[refusal.path].append(message)
        return errors

    @cached_property
    def _wrong_places(self) -> set[str]:
        return around(self.reading.refusals) if self.is_checked else set()

    @cached_property
    def _labels(self) -> Mapping[str, str]:
        return dict(_label_inputs(self.form, ()))

    @cached_property
    def _order(self) -> Mapping[str, int]:
        return {name: place for place, name in enumerate(self._labels)}

    def _place(self, problem: Problem) -> int:
        return self._order.get(problem.target, len(self._order))

    def _problem(self, refusal: Refusal) -> Problem:
        is_rule = refusal.code.startswith("rule-")
        label = "" if is_rule else shorten(self._labels.get(refusal.path, ""))
        is_known = refusal.path in self._labels or refusal.path.startswith(f"{OVERRIDES}-")
        target = refusal.path if is_known else ""
        return Problem(target=target, label=label, message=refusal.message[self.language])

    def _warning(self, refusal: Refusal) -> Problem:
        rule_id = refusal.code.removeprefix("rule-")
        return Problem(
            target=f"{OVERRIDES}-{rule_id}",
            label="",
            message=refusal.message[self.language],
            is_warning=True,
        )

    def _doubt(self, rule: Rule) -> Doubt:
        code = f"rule-{rule.id}"
        paths = [found.path for found in self.reading.warnings if found.code == code]
        reasons = self.raw.get(OVERRIDES) or {}
        return Doubt(
            rule_id=rule.id,
            message=rule.message[self.language],
            places=tuple(self._labels.get(path, "") for path in paths) if rule.each else (),
            reason=str(reasons.get(rule.id, "")),
            is_open=self.is_checked and bool(paths),
            errors=tuple(self.errors(f"{OVERRIDES}-{rule.id}")),
        )


def _label_inputs(fields: Any, trail: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The name of every input and how a person would find it: row, question, part."""
    for field in fields:
        own = _own_label(field)
        yield field.name, ": ".join(filter(None, (*trail, own)))
        inner = trail if isinstance(field, (FixedTableField, FieldList)) else (*trail, own)
        if isinstance(field, FieldList):
            yield from _label_inputs(field.entries, inner)
        elif isinstance(field, FormField):
            yield from _label_inputs(field.form, inner)


def _own_label(field: Any) -> str:
    if not isinstance(field, RowField):
        return str(field.label.text)
    if field.row is not None:
        return f"{field.row.number} {field.label.text}".strip()
    number = int(field.name.rpartition("-")[2]) + 1
    return str(gettext("Row %(number)s", number=number))


def shorten(label: str) -> str:
    """A label for a list of messages: a statutory sentence would bury the message."""
    if len(label) <= LONGEST_LABEL:
        return label
    return f"{label[:LONGEST_LABEL].rpartition(' ')[0].rstrip(' ,;:.')}…"


def is_typed(raw: Raw) -> bool:
    """Whether anything at all was typed in an answer or a row."""
    if isinstance(raw, Mapping):
        return any(is_typed(value) for value in raw.values())
    if isinstance(raw, (list, tuple)):
        return any(is_typed(value) for value in raw)
    return bool(str(raw if raw is not None else "").strip())


def kind_of(spec: FieldSpec) -> str:
    """How the page's scripts read an answer."""
    if part_specs(spec):
        return "parts"
    if spec.type in OWN_KINDS:
        return spec.type
    xsd = type_of(spec).xsd(spec)
    return "list" if xsd.is_list else KINDS.get(xsd.base, "text")


def figures_json(spec: FieldSpec) -> str:
    """The figures that rules may name of each item of a reference; empty if there are none."""
    items = spec.reference.items if spec.reference and type_of(spec).has_figures else ()
    figures = {
        item.id: {name: f"{figure:f}" for name, figure in item.figures.items()}
        for item in items
        if item.figures
    }
    return json.dumps(figures, separators=(",", ":")) if figures else ""


def places_of(spec: FieldSpec) -> tuple[int, int]:
    """Places after the comma: the most a number keeps, the least that are written."""
    type_ = type_of(spec)
    most = type_.places if isinstance(type_, Number) else 0
    return most, most if isinstance(type_, Money) else 0


def control_of(field: Any, *, in_cell: bool = False) -> str:
    """The control that asks: long lists, and choices in cells, are picked from a list."""
    control = str(field.input.control)
    if control == "radios" and (in_cell or len(field.choices) > MOST_RADIOS):
        return "select"
    return control


def is_narrow(table: TableSpec) -> bool:
    """Whether a table's rows fit on one line each of a wide screen."""
    wide = {"composite", "textarea", "checkboxes", "checkbox"}
    controls = {type_of(column).input.control for column in table.columns}
    is_picked = table.rows_are is Rows.PICKED
    return not is_picked and not controls & wide and len(table.columns) <= MOST_TABLE_COLUMNS


def width_step(width: int) -> int:
    """The width class that fits so many characters."""
    return next((step for step in WIDTHS if step >= width), WIDTHS[-1])


def show_typed(raw: Raw) -> str:
    """What was typed, with a date as people here write it."""
    text = "" if raw is None else str(raw)
    for pattern, order in ((ISO_DAY, r"\3.\2.\1"), (ISO_MONTH, r"\2.\1")):
        if pattern.fullmatch(text):
            return pattern.sub(order, text)
    return text


def texts_json(field: Any) -> str:
    """The texts of what a computed choice can come to; empty if it is no choice."""
    is_choice = type_of(field.spec).input.control in {"radios", "checkboxes", "select"}
    return json.dumps(dict(field.choices), ensure_ascii=False) if is_choice else ""


def working_days_json(table: WorkingDays) -> str:
    """The table of working days for static/js/values.js."""
    days = {
        "first": table.first.isoformat(),
        "last": table.last.isoformat(),
        "off": sorted(day.isoformat() for day in table.off),
        "worked": sorted(day.isoformat() for day in table.worked),
    }
    return json.dumps(days, separators=(",", ":"))


def tree_json(expression: Expression) -> str:
    """An expression's tree for static/js/expressions.js."""
    return json.dumps(expression.node, ensure_ascii=False, separators=(",", ":"))
