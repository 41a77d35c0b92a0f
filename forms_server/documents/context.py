"""What a printed template may ask: labels, answers, rows — one page in one language.

The template says *where* a thing stands; :class:`Page` says *what* stands there. It remembers what
it was asked for, so that ``forms-server check`` can tell a field that a template forgot.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from forms_server.documents.slots import Slots
from forms_server.fields.base import Value
from forms_server.fields.registry import part_specs, type_of
from forms_server.fields.values import ROW, Answers
from forms_server.languages import BilingualText, Language
from forms_server.specs.model import (
    Edition,
    FieldSpec,
    Mark,
    Option,
    Rows,
    RowSpec,
    TableSpec,
)


class Output(StrEnum):
    """The three things a specification and its template are printed as."""

    BLANK = "blank"
    FILLABLE = "fillable"
    ISSUED = "issued"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What issuing adds to a page: how it is called, when it was made, how it is verified."""

    number: str
    issued_at: datetime
    office: BilingualText
    address: str
    """What is printed under the QR for typing by hand."""
    short_code: str
    is_development: bool
    replaces: str | None = None
    """The number of the document that this one is issued in place of."""
    sentence: BilingualText | None = None
    """What law makes the paper equal to, where one is known for its day."""


class UnknownNameError(KeyError):
    """A template asked for a name that the specification lacks."""


@dataclass(frozen=True, slots=True)
class PrintedRow:
    """One row of a printed table; ``values`` is empty on a blank."""

    spec: RowSpec | None
    number: str
    text: str
    values: Mapping[str, Value]
    prefix: str


class Page:
    """An edition in one language, with or without answers, as a template sees it."""

    def __init__(
        self,
        edition: Edition,
        language: Language,
        *,
        output: Output,
        answers: Answers | None = None,
        stamp: Stamp | None = None,
    ) -> None:
        self.edition = edition
        self.language = language
        self.output = output
        self.answers = answers or Answers({})
        self.stamp = stamp
        self.asked: set[str] = set()
        self.asked_signatures: set[str] = set()
        self.slots: Slots | None = None
        self._inputs: Counter[str] = Counter()

    def slot(self, text: str, *, may_wrap: bool = False, label: str = "") -> tuple[int, ...]:
        """The slots that this text is written into later, a line each; none to print it inline."""
        return () if self.slots is None else self.slots.add(text, may_wrap=may_wrap, label=label)

    def slot_of_sheets(self, language: str | None = None) -> tuple[int, ...]:
        """The slot of the number of sheets, in words of a language or in figures."""
        if self.slots is None:
            return ()
        return self.slots.add_sheets(Language(language) if language else None)

    @property
    def fillable(self) -> bool:
        """Whether the page has inputs where others have lines."""
        return self.output is Output.FILLABLE

    def label(self, name: str, language: str | None = None) -> str:
        """The label of a field, a table or a ``table.column``, as the order prints it.

        ``language`` names one of the two languages of a bilingual page, here and below.
        """
        text = self._spec(name).label
        return text[Language(language)] if language else self._say(text)

    def statement(self, name: str) -> str:
        """The whole sentence of a consent field; printed whatever is answered."""
        self._field(name)
        return self.label(name)

    def row_label(self, name: str) -> str:
        """The heading of the column of a table's printed rows; empty if the table has none."""
        text = self._table(name).row_label
        return self._say(text) if text else ""

    def text(self, name: str, part: str | None = None, language: str | None = None) -> str:
        """The answer as printed, empty if there is none."""
        return self._show(self._field(name), self.answers.value(name), part, language)

    def cell(self, table: str, row: PrintedRow, column: str, part: str | None = None) -> str:
        """The answer in one cell as printed."""
        return self._show(self._column(table, column), row.values.get(column), part)

    def input_name(self, name: str, part: str | None = None, language: str | None = None) -> str:
        """The name of the field of a fillable blank; no two inputs of one file have the same."""
        wanted = ".".join(filter(None, (language or self.language.value, name, part)))
        self._inputs[wanted] += 1
        time = self._inputs[wanted]
        return wanted if time == 1 else f"{wanted}.{time}"

    def title_of(self, name: str, part: str | None = None) -> str:
        """What a screen reader says for a field of a fillable blank."""
        parts = {spec.id: spec for spec in part_specs(self._field(name))}
        label = self.label(name)
        return f"{label}: {self._say(parts[part].label)}" if part in parts else label

    def signing_place(self, signature: str) -> bool:
        """Whether a place is kept free for this electronic signature: on issued paper alone."""
        if all(spec.id != signature for spec in self.edition.signatures if spec.is_electronic):
            raise UnknownNameError(signature)
        self.asked_signatures.add(signature)
        return self.output is Output.ISSUED

    def options(self, name: str) -> tuple[Option, ...]:
        """What a field lets choose from, in the order of the print."""
        return self._field(name).options

    def option_text(self, option: Option) -> str:
        """An option in the page's language, or in both."""
        return self._say(option.text)

    def option(self, name: str, option_id: str) -> Option:
        """One option of a field; :class:`UnknownNameError` if there is none of that id."""
        found = self._field(name).option(option_id)
        if found is None:
            raise UnknownNameError(f"{name}.{option_id}")
        return found

    def mark(self, name: str, option: Option) -> str:
        """``chosen``, ``struck`` or nothing: how an option of a field is marked on this page."""
        value = self.answers.value(name)
        if value is None:
            return ""
        chosen = value if isinstance(value, tuple) else (value,)
        if option.id in chosen:
            return "chosen"
        return "struck" if self._field(name).mark is Mark.STRIKE else ""

    def rows(self, name: str) -> Iterator[PrintedRow]:
        """The rows that are printed: the form's own, or the answered ones, or empty ones."""
        table = self._table(name)
        answered = self.answers.value(name)
        if table.rows_are is Rows.FREE:
            yield from self._free_rows(table, answered or ())
        else:
            yield from self._printed_rows(table, answered)

    def _free_rows(
        self, table: TableSpec, answered: tuple[Mapping[str, Value], ...]
    ) -> Iterator[PrintedRow]:
        rows = answered if answered else ({},) * table.blank_rows
        for index, values in enumerate(rows):
            yield PrintedRow(None, str(index + 1), "", values, f"{table.id}.{index}")

    def _printed_rows(self, table: TableSpec, answered: Any) -> Iterator[PrintedRow]:
        for spec in table.rows:
            found = self._row_values(table, spec, answered)
            for index, values in enumerate(found or ({},)):
                text = self._say(spec.text) if index == 0 else ""
                number = spec.number if index == 0 else ""
                yield PrintedRow(spec, number, text, values, f"{table.id}.{spec.id}")

    def _row_values(
        self, table: TableSpec, spec: RowSpec, answered: Any
    ) -> tuple[Mapping[str, Value], ...]:
        if not answered:
            return ()
        if table.rows_are is Rows.FIXED:
            return (answered.get(spec.id, {}),)
        return tuple(row for row in answered if row[ROW] == spec.id)

    def columns(self, name: str) -> tuple[FieldSpec, ...]:
        """The columns of a table that are printed."""
        return tuple(column for column in self._table(name).columns if column.printed)

    def _show(
        self, spec: FieldSpec, value: Value, part: str | None, language: str | None = None
    ) -> str:
        if value is None:
            return ""
        languages = [Language(language)] if language else self._languages
        texts = [self._show_in(each, spec, value, part) for each in languages]
        return " / ".join(dict.fromkeys(text for text in texts if text))

    @property
    def _languages(self) -> Sequence[Language]:
        return list(Language) if self.edition.is_bilingual_page else [self.language]

    @staticmethod
    def _show_in(language: Language, spec: FieldSpec, value: Value, part: str | None) -> str:
        type_ = type_of(spec)
        if part is None:
            return type_.show(value, spec, language)
        if part not in type_.parts:
            raise UnknownNameError(f"{spec.id}: {part}")
        return type_.show_part(value, part, spec, language)

    def _say(self, text: BilingualText) -> str:
        return " / ".join(dict.fromkeys(text[language] for language in self._languages))

    def _spec(self, name: str) -> FieldSpec | TableSpec:
        table, _, column = name.partition(".")
        if column:
            return self._column(table, column)
        self.asked.add(name)
        try:
            return self.edition.items[name]
        except KeyError:
            raise UnknownNameError(name) from None

    def _field(self, name: str) -> FieldSpec:
        spec = self._spec(name)
        if not isinstance(spec, FieldSpec):
            raise UnknownNameError(name)
        return spec

    def _table(self, name: str) -> TableSpec:
        spec = self._spec(name)
        if not isinstance(spec, TableSpec):
            raise UnknownNameError(name)
        return spec

    def _column(self, table: str, column: str) -> FieldSpec:
        found = self._table(table).column(column)
        if found is None:
            raise UnknownNameError(f"{table}.{column}")
        self.asked.add(f"{table}.{column}")
        return found
