"""Journals in the HTML of a document: their rows are taken out, and blocks stand for them.

A template puts the table of a journal into ``<div class="journal">``. WeasyPrint needs some
milliseconds for each row; it is therefore shown one row of each kind, to measure (the *probe*), and
then one block as high as the rows of a spread together (the *skeleton*), with one spread in the
middle for all of them. ``documents/journal_pages.py`` writes the rows into the blocks.

A journal whose columns stand in bands has a table for each band, the further ones on pages of their
own; the rows of all bands are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from itertools import chain
from typing import Any

import lxml.html

from forms_server.documents.slots import FIRST_MARK, slot_colour
from forms_server.documents.spreads import BLOCK, JournalRow, Paragraphs, Plan, Spread

JOURNAL = '<div class="journal">'
MOST_BANDS = 8
MOST_PARTS = 16
"""Rows of so many kinds may stand in a probe; a skeleton has two blocks at most in a band."""
NEW_PAGE = "break-before: page"


class Copy(IntEnum):
    """The times that a journal stands in a skeleton: each is one spread."""

    FIRST = 0
    MIDDLE = 1
    LAST = 2


def block_number(journal: int, copy: Copy, band: int, part: int = 0) -> int:
    """The number of a block, which also marks its content: see ``slots.FIRST_MARK``."""
    return FIRST_MARK + ((journal * len(Copy) + copy) * MOST_BANDS + band) * MOST_PARTS + part


@dataclass(frozen=True, slots=True)
class Journal:
    """One journal of a document; ``samples`` hold a row of each kind, by band."""

    number: int
    element: Any
    rows: Sequence[JournalRow]
    samples: Mapping[str, Sequence[Any]]

    @property
    def bands(self) -> int:
        """How many groups of columns have pages of their own."""
        return len(next(iter(self.samples.values())))

    def probe_block(self, copy: Copy, kind: str, band: int) -> int:
        """The number of the block that measures rows of a kind."""
        return block_number(self.number, copy, band, [*self.samples].index(kind))


class Journals:
    """The journals of a document; the rows are read once, the HTML is written with blocks."""

    def __init__(self, html: str) -> None:
        self._html = html
        if JOURNAL not in html:
            self.journals: tuple[Journal, ...] = ()
            return
        self._root: Any = lxml.html.document_fromstring(html)
        elements: Any = self._root.xpath("//div[@class='journal'][table/tbody/tr]")
        self.journals = tuple(_journal(number, each) for number, each in enumerate(elements))

    @cached_property
    def texts(self) -> frozenset[str]:
        """All texts of all rows."""
        return frozenset(
            text
            for journal in self.journals
            for row in journal.rows
            for text in chain.from_iterable(chain.from_iterable(row.bands))
        )

    def write_probe(self) -> str:
        """Each journal twice, behind what precedes it and on a page of its own, to be measured."""
        if not self.journals:
            return self._html
        return self._write(
            [[_probe(each, copy) for copy in list(Copy)[:2]] for each in self.journals]
        )

    def write_skeleton(self, plans: Sequence[Plan]) -> str:
        """Each journal as its first spread, one for all in the middle, and its last."""
        each = zip(self.journals, plans, strict=True)
        return self._write([[*_skeleton(journal, plan)] for journal, plan in each])

    def _write(self, copies: Sequence[Sequence[Any]]) -> str:
        for journal, elements in zip(self.journals, copies, strict=True):
            parent = journal.element.getparent()
            for element in elements:
                journal.element.addprevious(element)
            parent.remove(journal.element)
        html: str = lxml.html.tostring(self._root, encoding="unicode", doctype="<!DOCTYPE html>")
        for journal, elements in zip(self.journals, copies, strict=True):
            elements[0].addprevious(journal.element)
            for element in elements:
                element.getparent().remove(element)
        return html


def _journal(number: int, element: Any) -> Journal:
    """Take the rows out of a journal's tables, whose bodies stay empty."""
    bands = [[*body.iterchildren("tr")] for body in element.xpath("./table/tbody")]
    rows = [
        JournalRow(
            parts[0].get("class", ""), tuple(tuple(map(_paragraphs, part)) for part in parts)
        )
        for parts in zip(*bands, strict=True)
    ]
    samples: dict[str, list[Any]] = {}
    for row, parts in zip(rows, zip(*bands, strict=True), strict=True):
        samples.setdefault(row.kind, [deepcopy(part) for part in parts])
    for row_element in chain.from_iterable(bands):
        row_element.getparent().remove(row_element)
    return Journal(number, element, rows, samples)


def _paragraphs(cell: Any) -> Paragraphs:
    """The text of a cell, parted where the print begins a new line."""
    text = "".join(_pieces(cell, keeps="kept" in cell.get("class", "").split()))
    lines = (" ".join(filter(None, line.split(" "))) for line in text.split("\n"))
    return tuple(filter(None, lines))


def _pieces(element: Any, *, keeps: bool) -> Iterator[str]:
    """The text under an element; ``\\n`` only where a new line begins."""
    if element.tag in {"br", "p", "div"}:
        yield "\n"
    yield _plain(element.text, keeps=keeps)
    for child in element:
        yield from _pieces(child, keeps=keeps)
        yield "\n" if child.tag in {"p", "div"} else ""
        yield _plain(child.tail, keeps=keeps)


def _plain(text: str | None, *, keeps: bool) -> str:
    return text or "" if keeps else (text or "").replace("\n", " ")


def _probe(journal: Journal, copy: Copy) -> Any:
    element = _copy_of(journal, copy)
    for kind in journal.samples:
        for band, body in enumerate(_bodies(element)):
            row = deepcopy(journal.samples[kind][band])
            row.set(BLOCK, str(journal.probe_block(copy, kind, band)))
            for cell in row:
                _empty(cell)
                cell.text = "x"
            body.append(row)
    return element


def _skeleton(journal: Journal, plan: Plan) -> Iterator[Any]:
    first = _blocks(journal, Copy.FIRST, plan.parts(0))
    if plan.starts_page:
        first.set("style", NEW_PAGE)
    yield first
    if len(plan.spreads) > 2:
        yield _blocks(journal, Copy.MIDDLE, plan.parts(1))
    if len(plan.spreads) > 1:
        yield _blocks(journal, Copy.LAST, plan.parts(-1))


def _blocks(journal: Journal, copy: Copy, parts: Sequence[Spread]) -> Any:
    element = _copy_of(journal, copy)
    for part, rows in enumerate(parts):
        height = sum(row.height for row in rows)
        for band, body in enumerate(_bodies(element)):
            row = deepcopy(journal.samples[rows[0].kind][band])
            number = block_number(journal.number, copy, band, part)
            row.attrib.pop("class", None)
            row.set(BLOCK, str(number))
            row.set("style", f"height: {height:.2f}px")
            for cell in row:
                _empty(cell)
                cell.set("style", "border: none; height: auto; padding: 0")
            mark = lxml.html.fragment_fromstring("<span>x</span>")
            mark.set("style", slot_colour(number))
            row[0].append(mark)
            body.append(row)
    return element


def _copy_of(journal: Journal, copy: Copy) -> Any:
    element = deepcopy(journal.element)
    element.tail = None
    if copy is not Copy.FIRST:
        element.set("style", NEW_PAGE)
    return element


def _bodies(element: Any) -> Sequence[Any]:
    return [*element.xpath("./table/tbody")]


def _empty(cell: Any) -> None:
    for child in [*cell]:
        cell.remove(child)
    cell.text = None
