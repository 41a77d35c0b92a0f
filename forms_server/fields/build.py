"""Builds a WTForms class from an edition in one language; the page renders its fields by control.

WTForms names the inputs and takes what was posted; reading and checking are
:mod:`forms_server.fields.answers`, the same for a page, a JSON file and a batch. Names on the page
are paths: ``iin``, ``address-street``, ``documents-r3-sheets``, ``services-0-hours``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar

from werkzeug.datastructures import MultiDict
from wtforms import Field, FieldList, FormField
from wtforms.form import BaseForm
from wtforms.meta import DefaultMeta

from forms_server.fields.base import Input, Raw
from forms_server.fields.registry import part_specs, type_of
from forms_server.fields.values import ROW
from forms_server.languages import Language
from forms_server.specs.model import Edition, FieldSpec, Rows, RowSpec, TableSpec

_ROW_NUMBER = re.compile(r"[0-9]{1,6}")


class AnswerField(Field):
    """One input: knows its specification, holds the raw that was typed."""

    raw: Raw = ""

    def __init__(self, *, spec: FieldSpec, language: Language, **kwargs: Any) -> None:
        super().__init__(label=spec.label[language], **kwargs)
        self.spec = spec
        self.language = language
        self.input: Input = type_of(spec).input

    @property
    def hint(self) -> str:
        return self.spec.hint[self.language] if self.spec.hint else ""

    @property
    def choices(self) -> Sequence[tuple[str, str]]:
        """What may be picked: id and text in the page's language."""
        if self.spec.reference is not None:
            return [(item.id, item.text[self.language]) for item in self.spec.reference.items]
        if self.spec.options:
            return [(option.id, option.text[self.language]) for option in self.spec.options]
        type_ = type_of(self.spec)
        return [
            (word, type_.show(value, self.spec, self.language))
            for word, value in (("true", True), ("false", False))
        ]

    def is_chosen(self, choice: str) -> bool:
        return choice in self.raw if isinstance(self.raw, list) else bool(choice == self.raw)

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        self.process_errors = []
        values = formdata.getlist(self.name) if formdata is not None else []
        if self.input.control == "checkboxes":
            self.raw = values
        else:
            self.raw = values[0] if values else ""


class RowPicker(Field):
    """Names the catalogue row that an answered row belongs to; headings group the list."""

    raw: Raw = ""
    input = Input("select")
    hint = ""

    def __init__(self, *, table: TableSpec, language: Language, **kwargs: Any) -> None:
        super().__init__(label=table.row_label[language] if table.row_label else "", **kwargs)
        self.table = table
        self.language = language

    @property
    def groups(self) -> Sequence[tuple[str, Sequence[tuple[str, str]]]]:
        """Rows to pick, ``(id, text)``, under the headings they belong to."""
        groups: list[tuple[str, list[tuple[str, str]]]] = []
        headings: list[RowSpec] = []
        for row in self.table.rows:
            headings = [heading for heading in headings if _is_inside(row, heading)]
            if row.heading:
                headings.append(row)
                continue
            title = " – ".join(self._text(heading) for heading in headings)
            if not groups or groups[-1][0] != title:
                groups.append((title, []))
            groups[-1][1].append((row.id, self._text(row)))
        return groups

    def _text(self, row: RowSpec) -> str:
        return f"{row.number} {row.title[self.language]}".strip()

    def is_chosen(self, choice: str) -> bool:
        return bool(choice == self.raw)

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        self.process_errors = []
        values = formdata.getlist(self.name) if formdata is not None else []
        self.raw = values[0] if values else ""


class PartForm(BaseForm):
    """A WTForms form whose fields come from data, so that no field id can hide a method."""

    fields: ClassVar[Mapping[str, Any]] = {}

    def __init__(
        self,
        formdata: Any = None,
        obj: Any = None,
        prefix: str = "",
        meta: Mapping[str, Any] | None = None,
        **_data: Any,
    ) -> None:
        meta_object = DefaultMeta()
        meta_object.update_values(meta or {})
        super().__init__(self.fields, prefix=prefix, meta=meta_object)
        self.process(formdata)

    @property
    def raw(self) -> dict[str, Raw]:
        """The raw answers as typed, JSON-shaped."""
        fields: Mapping[str, Any] = self._fields
        return {name: field.raw for name, field in fields.items()}


class CompositeField(FormField):  # type: ignore[type-arg]  # generic in the stubs alone
    """The parts of one answer."""

    def __init__(self, *, spec: FieldSpec, language: Language, **kwargs: Any) -> None:
        parts = {part.id: _field(part, language) for part in part_specs(spec)}
        super().__init__(_form(parts), label=spec.label[language], **kwargs)
        self.spec = spec
        self.language = language
        self.input = type_of(spec).input
        self.hint = spec.hint[language] if spec.hint else ""

    @property
    def raw(self) -> Raw:
        return self.form.raw


class RowField(FormField):  # type: ignore[type-arg]  # generic in the stubs alone
    """The cells of one row."""

    row: RowSpec | None = None

    def __init__(
        self, *, table: TableSpec, language: Language, row: RowSpec | None = None, **kwargs: Any
    ) -> None:
        cells = {column.id: _field(column, language) for column in table.columns}
        if table.rows_are is Rows.PICKED:
            cells = {ROW: _unbound(RowPicker, table=table, language=language), **cells}
        super().__init__(_form(cells), label=row.title[language] if row else "", **kwargs)
        self.row = row

    @property
    def raw(self) -> Raw:
        return self.form.raw


class FixedTableField(FormField):  # type: ignore[type-arg]  # generic in the stubs alone
    """A table whose rows the form prints."""

    def __init__(self, *, spec: TableSpec, language: Language, **kwargs: Any) -> None:
        rows = {
            row.id: _unbound(RowField, table=spec, language=language, row=row)
            for row in spec.rows
            if not row.heading
        }
        super().__init__(_form(rows), label=spec.label[language], **kwargs)
        self.spec = spec
        self.language = language

    @property
    def raw(self) -> Raw:
        return self.form.raw


class RowsField(FieldList):  # type: ignore[type-arg]  # generic in the stubs alone
    """A table to which rows are added."""

    def __init__(self, *, spec: TableSpec, language: Language, **kwargs: Any) -> None:
        row = _unbound(RowField, table=spec, language=language)
        super().__init__(
            row, label=spec.label[language], min_entries=max(spec.minimum, 1), **kwargs
        )
        self.spec = spec
        self.language = language

    @property
    def raw(self) -> list[Raw]:
        return [entry.raw for entry in self.entries]

    def _extract_indices(self, prefix: str, formdata: Iterable[str]) -> Iterator[int]:
        """The numbers of the rows that were posted.

        The library takes for a number whatever ``str.isdigit`` does: ``²`` and thousands of
        digits, over which ``int`` fails.
        """
        for name in formdata:
            number = name.removeprefix(f"{prefix}-").partition("-")[0]
            if name.startswith(f"{prefix}-") and _ROW_NUMBER.fullmatch(number):
                yield int(number)


@cache
def build_form(edition: Edition, language: Language) -> type[PartForm]:
    """The WTForms class of an edition in one language; built once per process."""
    fields = {item.id: _item(item, language) for item in edition.items.values()}
    name = f"{edition.form_id}-{edition.id}-{language.value}"
    return type(name, (PartForm,), {"fields": fields})


def flatten(raw: Mapping[str, Raw]) -> MultiDict[str, str]:
    """JSON-shaped raw answers as a page would post them."""
    return MultiDict(_flatten(raw, ""))


def _flatten(raw: Raw, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(raw, Mapping):
        for name, value in raw.items():
            yield from _flatten(value, f"{path}-{name}" if path else str(name))
    elif isinstance(raw, (list, tuple)) and any(isinstance(value, Mapping) for value in raw):
        for index, value in enumerate(raw):
            yield from _flatten(value, f"{path}-{index}")
    elif isinstance(raw, (list, tuple)):
        yield from ((path, _typed(value)) for value in raw)
    else:
        yield path, _typed(raw)


def _typed(raw: Raw) -> str:
    """What a person would have typed or ticked for a raw answer of JSON."""
    if raw is None:
        return ""
    return str(raw).lower() if isinstance(raw, bool) else str(raw)


def _item(item: FieldSpec | TableSpec, language: Language) -> Any:
    if isinstance(item, FieldSpec):
        return _field(item, language)
    kind = FixedTableField if item.rows_are is Rows.FIXED else RowsField
    return _unbound(kind, spec=item, language=language)


def _field(spec: FieldSpec, language: Language) -> Any:
    return _unbound(
        CompositeField if part_specs(spec) else AnswerField, spec=spec, language=language
    )


def _unbound(kind: type[Any], **kwargs: Any) -> Any:
    return kind(**kwargs)


def _form(fields: Mapping[str, Any]) -> type[PartForm]:
    return type("Part", (PartForm,), {"fields": fields})


def _is_inside(row: RowSpec, heading: RowSpec) -> bool:
    """A row without a number belongs to the heading before it; 7.1.2 to 7.1, and that to 7."""
    return not row.number or row.number.startswith(f"{heading.number.rstrip('.')}.")
