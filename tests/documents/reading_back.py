"""Reads the data of a document back into raw answers, as a stranger with the schema would."""

from __future__ import annotations

from typing import Any

from lxml import etree

from forms_server.fields.base import Raw
from forms_server.fields.registry import part_specs
from forms_server.fields.values import OVERRIDES, ROW
from forms_server.specs.model import Edition, FieldSpec, Rows, TableSpec

LISTS = {"some-of"}


def read_back(edition: Edition, data: bytes) -> dict[str, Raw]:
    """The raw answers that a data XML holds."""
    root = etree.fromstring(data)
    raw = {_name(element): _item(edition.items[_name(element)], element) for element in root[0]}
    reasons = {str(element.get("rule")): element.text for element in root[1:]}
    return {**raw, OVERRIDES: reasons} if reasons else raw


def _item(item: FieldSpec | TableSpec, element: Any) -> Raw:
    if isinstance(item, FieldSpec):
        return _field(item, element)
    rows = [(row.get("id"), _cells(item, row)) for row in element]
    if item.rows_are is Rows.FIXED:
        return dict(rows)
    return [{**row, **({ROW: row_id} if row_id else {})} for row_id, row in rows]


def _cells(table: TableSpec, row: Any) -> dict[str, Raw]:
    columns = {column.id: column for column in table.columns}
    return {_name(cell): _field(columns[_name(cell)], cell) for cell in row}


def _field(spec: FieldSpec, element: Any) -> Raw:
    parts = {part.id: part for part in part_specs(spec)}
    if parts:
        return {_name(part): _field(parts[_name(part)], part) for part in element}
    text = element.text or ""
    return text.split() if spec.type in LISTS else text


def _name(element: Any) -> str:
    return str(etree.QName(element).localname)
