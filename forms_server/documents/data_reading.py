"""Reads a data XML that may be anybody's into plain cells, to be compared with a record.

It is asked in the child process: nothing outside of it parses a stranger's XML.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from lxml import etree

from forms_server.documents.data_xml import PARSER

OURS = "{urn:forms-server:data:"
HEAD = "@"
"""What the names of the head's attributes begin with, so that no answer is taken for one."""
ROW = "row"

Cell: TypeAlias = "str | dict[str, Cell]"
Cells: TypeAlias = Mapping[str, Cell]
"""Text, or parts by name, by ``@number`` (head), ``iin`` (field), ``services/2/hours`` (table)."""


def read_cells(data: bytes) -> Cells:
    """The cells of a data XML; none, if it is none of ours or no XML at all."""
    try:
        root = etree.fromstring(data, PARSER)
    except (etree.XMLSyntaxError, ValueError):
        return {}
    if not str(root.tag).startswith(OURS):
        return {}
    cells: dict[str, Cell] = {HEAD + str(name): str(value) for name, value in root.items()}
    for answers in _children(root, "answers"):
        for item in _children(answers):
            cells.update(_item(item))
    return cells


def _item(item: etree._Element) -> Iterator[tuple[str, Cell]]:
    """A field as one cell; a table, cell by cell, its rows counted from one."""
    name = _name(item)
    rows = list(_children(item, ROW))
    if not rows:
        yield name, _cell(item)
        return
    for number, row in enumerate(rows, start=1):
        if row_id := row.get("id"):
            yield f"{name}/{number}/{HEAD}id", row_id
        for column in _children(row):
            yield f"{name}/{number}/{_name(column)}", _cell(column)


def _cell(element: etree._Element) -> Cell:
    parts = {_name(part): _cell(part) for part in _children(element)}
    return parts or (element.text or "")


def _children(parent: etree._Element, name: str | None = None) -> Iterator[etree._Element]:
    """Elements alone: comments and instructions are no answers."""
    return (each for each in parent.iterchildren("{*}*") if name in {None, _name(each)})


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname
