"""What a specification says, as frozen values; how it is written is known to ``reading`` alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import ClassVar

from forms_server.languages import BilingualText, Language
from forms_server.specs.earlier import EarlierSpec
from forms_server.specs.expressions import Expression
from forms_server.specs.signatures import SignatureSpec
from forms_server.specs.working_days import UNKNOWN, WorkingDays

BLANK = re.compile(r"\{[a-z0-9_]+\}")


class Kind(StrEnum):
    """What sort of paper an appendix is."""

    APPLICATION = "application"
    RECEIPT = "receipt"
    NOTIFICATION = "notification"
    JOURNAL = "journal"
    CARD = "card"
    ACT = "act"
    SHEET = "sheet"
    EXTRACT = "extract"
    ORDER = "order"
    REGISTER = "register"
    PROGRAMME = "programme"
    CHECKLIST = "checklist"


class Original(StrEnum):
    """The language in which the order prints the form."""

    KK = "kk"
    RU = "ru"
    BOTH = "kk ru"
    """Natively bilingual: one page carries both languages."""


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    """May be overridden with a reason, which is recorded."""


class Mark(StrEnum):
    """How the paper shows what was chosen among printed options."""

    UNDERLINE = "underline"
    STRIKE = "strike"
    """The options that do not apply are crossed out."""


class Rows(StrEnum):
    """Where the rows of a table come from."""

    FIXED = "fixed"
    """The form prints them; each is answered by its id."""
    FREE = "free"
    """The person adds as many as there are."""
    PICKED = "picked"
    """The form prints a catalogue; an answered row names its catalogue row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One choice of a field."""

    id: str
    text: BilingualText


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceItem:
    """One line of a reference: its forms for printed sentences, its figures for rules."""

    id: str
    text: BilingualText
    cases: Mapping[str, BilingualText] = field(default_factory=dict)
    figures: Mapping[str, Decimal] = field(default_factory=dict)

    def in_case(self, case: str | None) -> BilingualText:
        return self.text if case is None else self.cases[case]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A list that fields draw on."""

    id: str
    title: BilingualText
    items: tuple[ReferenceItem, ...]

    @property
    def figure_names(self) -> tuple[str, ...]:
        """The figures that any of the items has."""
        return tuple(sorted({name for item in self.items for name in item.figures}))

    def item(self, item_id: str) -> ReferenceItem | None:
        return next((item for item in self.items if item.id == item_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of an answer: of a number or date by value, of a text by length."""

    minimum: str | None = None
    maximum: str | None = None
    length: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """One thing that is asked."""

    id: str
    type: str
    part_names: tuple[str, ...] = ()
    """What rules may name of the answer: parts, as ``period.first``; figures of a reference."""
    label: BilingualText
    hint: BilingualText | None = None
    required: bool = False
    means: str | None = None
    default: str | None = None
    sample: str | None = None
    """The sample's answer as typed, in place of the type's own; empty: none."""
    options: tuple[Option, ...] = ()
    reference: Reference | None = None
    case: str | None = None
    mark: Mark = Mark.UNDERLINE
    limits: Limits = Limits()
    shown_if: Expression | None = None
    required_if: Expression | None = None
    computed: Expression | None = None
    printed: bool = True
    source: str | None = None
    line: int = 0

    @property
    def named(self) -> frozenset[str]:
        """Everything that the conditions and the computation of the field name."""
        return _named_by(self.shown_if, self.required_if, self.computed)

    def option(self, option_id: str) -> Option | None:
        return next((option for option in self.options if option.id == option_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSpec:
    """One row that the form prints; a heading is printed and cannot be answered.

    ``{field_id}`` in its text is a blank for that field (weight, height, hips of ``mse-12``).
    """

    id: str
    number: str
    text: BilingualText
    heading: bool = False
    source: str | None = None

    @property
    def title(self) -> BilingualText:
        """Its text on a page, with dots where the paper has a blank."""
        return BilingualText(kk=BLANK.sub("…", self.text.kk), ru=BLANK.sub("…", self.text.ru))


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSpec:
    """A table of answers: fixed, free or picked rows of the same columns."""

    ROW: ClassVar[str] = "row"
    """What an answered row of a picked table calls its catalogue row, in answers and in rules."""

    id: str
    label: BilingualText
    rows_are: Rows
    columns: tuple[FieldSpec, ...]
    rows: tuple[RowSpec, ...] = ()
    row_label: BilingualText | None = None
    hint: BilingualText | None = None
    minimum: int = 0
    maximum: int = 100
    blank_rows: int = 3
    shown_if: Expression | None = None
    means: str | None = None
    source: str | None = None
    line: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """What a row holds: its columns and, where rows are picked, ``row``."""
        own = tuple(column.id for column in self.columns)
        return (*own, self.ROW) if self.rows_are is Rows.PICKED else own

    @property
    def row_names(self) -> frozenset[str]:
        """What an expression may name of its own row: also parts and figures of the answers."""
        parts = (f"{column.id}.{part}" for column in self.columns for part in column.part_names)
        return frozenset({*self.names, *parts})

    @property
    def named(self) -> frozenset[str]:
        """Everything that the condition of the table names."""
        return _named_by(self.shown_if)

    def column(self, column_id: str) -> FieldSpec | None:
        return next((column for column in self.columns if column.id == column_id), None)

    def row(self, row_id: str) -> RowSpec | None:
        return next((row for row in self.rows if row.id == row_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionSpec:
    """Fields and tables under one title on the page."""

    id: str
    title: BilingualText
    items: tuple[FieldSpec | TableSpec, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A check across fields; with ``each`` it is made for every row of that table."""

    id: str
    test: Expression
    message: BilingualText
    severity: Severity = Severity.ERROR
    field: str
    when: Expression | None = None
    each: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbering:
    """``pattern`` takes office, form, year, number; the count starts anew for each of ``per``."""

    pattern: str
    per: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Misprint:
    """An obvious misprint of the source and what is printed instead."""

    line: int
    source: str
    printed: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Edition:
    """A form as one order printed it; never edited once it has issued a document."""

    form_id: str
    id: str
    order: str
    title: BilingualText
    in_force_from: date
    in_force_until: date | None
    repealed_by: str | None = None
    """The number of the order that ended it."""
    original: Original
    translation: str
    template: str
    source: str
    sections: tuple[SectionSpec, ...]
    signatures: tuple[SignatureSpec, ...]
    rules: tuple[Rule, ...]
    earlier: tuple[EarlierSpec, ...] = ()
    numbering: Numbering
    layout: str = "portrait"
    copies: int = 1
    stamp: bool = False
    is_bound: bool = False
    """An issued journal ends with a sheet that says how many sheets were bound."""
    storage: str | None = None
    enters_journal: str | None = None
    causes_message: str | None = None
    misprints: tuple[Misprint, ...] = ()
    working_days: WorkingDays = UNKNOWN
    line: int = 0

    @property
    def key(self) -> str:
        """``mse-01/2025-05-02``: names the edition in files, data and logs."""
        return f"{self.form_id}/{self.id}"

    @property
    def is_bilingual_page(self) -> bool:
        return self.original is Original.BOTH

    def is_translation(self, language: Language) -> bool:
        """Whether the form in this language is a working translation, not the order's own text."""
        return not self.is_bilingual_page and self.original.value != language.value

    def in_force_on(self, day: date) -> bool:
        until = self.in_force_until
        return self.in_force_from <= day and (until is None or day < until)

    @cached_property
    def items(self) -> Mapping[str, FieldSpec | TableSpec]:
        """Every field and table by id, in printed order."""
        return {item.id: item for section in self.sections for item in section.items}

    @property
    def names(self) -> frozenset[str]:
        """What a rule may name: fields, their parts, tables, their columns, the day of today."""
        columns = {f"{table.id}.{name}" for table in self.tables() for name in table.names}
        rows = {f"{table.id}.{TableSpec.ROW}" for table in self.tables() if table.rows}
        parts = {f"{field.id}.{part}" for field in self.fields() for part in field.part_names}
        return frozenset({*self.items, *columns, *rows, *parts, "today"})

    def fields(self) -> Iterator[FieldSpec]:
        return (item for item in self.items.values() if isinstance(item, FieldSpec))

    def tables(self) -> Iterator[TableSpec]:
        return (item for item in self.items.values() if isinstance(item, TableSpec))

    def meaning(self, means: str) -> FieldSpec | None:
        """The field that carries a shared meaning, such as ``person.iin``."""
        return next((item for item in self.fields() if item.means == means), None)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FormSpec:
    """A form with all its editions, oldest first."""

    id: str
    kind: Kind
    rules: str
    rules_title: BilingualText
    """What the set of rules is about; its id where ``common.xml`` does not say."""
    appendix: str
    title: BilingualText
    editions: tuple[Edition, ...]

    @property
    def latest(self) -> Edition:
        return self.editions[-1]

    def edition(self, edition_id: str) -> Edition | None:
        return next((edition for edition in self.editions if edition.id == edition_id), None)

    def edition_on(self, day: date) -> Edition | None:
        """The edition in force on a day, or named by its order's date."""
        named = self.edition(day.isoformat())
        return named or next((item for item in self.editions if item.in_force_on(day)), None)


def _named_by(*expressions: Expression | None) -> frozenset[str]:
    return frozenset(name for found in expressions if found for name in found.names)
