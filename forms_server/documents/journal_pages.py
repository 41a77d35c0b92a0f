"""The rows of journals on the pages of a PDF: letters, lines, and their place in its structure.

All rows of a band are rows of one table of the structure tree, whatever page they stand on; the
headings that later pages repeat are artifacts, as a reader wants it (ISO 14289-1, 7.8).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pikepdf import Array, Dictionary, Name, Pdf

from forms_server.documents.fonts import RESOURCE, Lettering
from forms_server.documents.journals import Copy, block_number
from forms_server.documents.spreads import (
    Block,
    CellPlace,
    LaidRow,
    Plan,
    Shapes,
    Spread,
)
from forms_server.documents.tags import TagTree

IN_PIXELS = b"q\n0.75 0 0 0.75 0 0 cm"
"""Behind WeasyPrint's operators a page counts in points from its upper edge."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """Rows to be written from ``top`` down, on a page of a band of a journal."""

    journal: int
    band: int
    top: float
    rows: Spread


@dataclass(frozen=True, slots=True)
class Leaf:
    """A page of a document: a page of its stencil, with rows.

    If it ``is_copy``, all else on it is a repetition, and no content.
    """

    page: int
    drawings: tuple[Drawing, ...] = ()
    is_copy: bool = False


@dataclass(frozen=True, slots=True)
class PlannedJournal:
    """A journal whose spreads are settled; ``shapes`` hold a row of each kind, by band."""

    plan: Plan
    shapes: Shapes

    @property
    def bands(self) -> int:
        """How many groups of columns have pages of their own."""
        return len(next(iter(self.shapes.values())))


def last_row_moved(number: int, journal: PlannedJournal, blocks: Mapping[int, Block]) -> bool:
    """Whether the layout has put the last row on another page than the rows before it."""
    copy = Copy.LAST if len(journal.plan.spreads) > 1 else Copy.FIRST
    parts = range(len(journal.plan.parts(-1)))
    return any(
        len({blocks[block_number(number, copy, band, part)].page for part in parts}) > 1
        for band in range(journal.bands)
    )


def leaves_of(
    pages: int, journals: Sequence[PlannedJournal], blocks: Mapping[int, Block]
) -> list[Leaf]:
    """The pages of a document in order, the middle ones as often as journals have spreads."""
    middle = {
        blocks[block_number(number, Copy.MIDDLE, 0)].page: (number, journal)
        for number, journal in enumerate(journals)
        if len(journal.plan.spreads) > 2
    }
    drawings: defaultdict[int, list[Drawing]] = defaultdict(list)
    for number, journal in enumerate(journals):
        for page, drawing in _outer_drawings(number, journal, blocks):
            drawings[page].append(drawing)
    leaves: list[Leaf] = []
    page = 0
    while page < pages:
        if page in middle:
            number, journal = middle[page]
            leaves += _middle_leaves(number, journal, blocks)
            page += journal.bands
        else:
            leaves.append(Leaf(page, tuple(drawings[page])))
            page += 1
    return leaves


def _outer_drawings(
    number: int, journal: PlannedJournal, blocks: Mapping[int, Block]
) -> Iterator[tuple[int, Drawing]]:
    """The rows of a journal's first and last spread, and their pages."""
    copies = [(Copy.FIRST, 0), (Copy.LAST, -1)][: len(journal.plan.spreads)]
    for copy, index in copies:
        for part, rows in enumerate(journal.plan.parts(index)):
            for band in range(journal.bands):
                block = blocks[block_number(number, copy, band, part)]
                yield block.page, Drawing(number, band, block.top, rows)


def _middle_leaves(
    number: int, journal: PlannedJournal, blocks: Mapping[int, Block]
) -> Iterator[Leaf]:
    for rows in journal.plan.spreads[1:-1]:
        for band in range(journal.bands):
            block = blocks[block_number(number, Copy.MIDDLE, band)]
            yield Leaf(block.page, (Drawing(number, band, block.top, rows),), is_copy=True)


class RowWriter:
    """Writes the rows of a document's journals, page by page in order."""

    def __init__(self, pdf: Pdf, journals: Sequence[PlannedJournal], lettering: Lettering) -> None:
        self._pdf = pdf
        self._journals = journals
        self._lettering = lettering
        self._bodies: dict[tuple[int, int], Any] = {}
        self._headings: dict[tuple[int, int], list[Any]] = {}
        self._rows: defaultdict[tuple[int, int], list[Any]] = defaultdict(list)
        self._cells: dict[tuple[int, int], list[Any]] = {}

    def take_over(self, tree: TagTree, blocks: Mapping[int, Block]) -> None:
        """Take the blocks out of the structure tree; the rows go where the first ones were."""
        for number, journal in enumerate(self._journals):
            for band in range(journal.bands):
                first = block_number(number, Copy.FIRST, band)
                row = tree.above(blocks[first].page, first, "/TR")
                self._bodies[number, band] = row.P
                self._headings[number, band] = [self._pdf.make_indirect(cell.A) for cell in row.K]
                tree.drop_content(row.P)
                middle, last = (block_number(number, copy, band) for copy in list(Copy)[1:])
                if middle in blocks:
                    tree.drop(tree.whole_page(blocks[middle].page, middle))
                if last in blocks:
                    tree.drop(tree.above(blocks[last].page, last, "/Table").P)

    def write(self, drawing: Drawing, page: Any, parents: list[Any]) -> bytes:
        """The operators of the rows; their cells join the elements of the page's content."""
        operators = [IN_PIXELS, *self._lines(drawing)]
        top = drawing.top
        shapes = self._journals[drawing.journal].shapes
        for row in drawing.rows:
            cells = self._open_row(drawing, row, page)
            block = shapes[row.kind][drawing.band]
            for cell, lines, place in zip(cells, row.bands[drawing.band], block.cells, strict=True):
                if lines:
                    operators.append(b"/TD\n<</MCID %d>>\nBDC" % len(parents))
                    operators += self._letters(lines, place, top)
                    _add_content(cell, page, len(parents))
                    parents.append(cell)
            top += row.height
        return b"\n".join([*operators, b"Q"])

    def close(self) -> None:
        """Put the rows that were written into their tables."""
        for key, rows in self._rows.items():
            self._bodies[key].K = Array(rows)

    def _open_row(self, drawing: Drawing, row: LaidRow, page: Any) -> list[Any]:
        """The elements of a row's cells; those of the row before where this one continues it."""
        key = (drawing.journal, drawing.band)
        if row.continues:
            return self._cells[key]
        make = self._pdf.make_indirect
        element = make(Dictionary(S=Name.TR, P=self._bodies[key], Pg=page))
        self._cells[key] = [
            make(Dictionary(S=Name.TD, P=element, Pg=page, A=heading))
            for heading in self._headings[key]
        ]
        element.K = Array(self._cells[key])
        self._rows[key].append(element)
        return self._cells[key]

    def _letters(self, lines: Sequence[str], place: CellPlace, top: float) -> Iterator[bytes]:
        yield b"BT\n/%s %g Tf" % (RESOURCE.encode(), place.size)
        for number, line in enumerate(lines):
            left = place.text
            if place.is_centred:
                left += (place.width - self._lettering.width(line) * place.size / 1000) / 2
            baseline = top + place.baseline + number * place.line
            yield b"1 0 0 -1 %.3f %.3f Tm" % (left, baseline)
            yield self._lettering.operators(line, place.size)
        yield b"ET\nEMC"

    def _lines(self, drawing: Drawing) -> Iterator[bytes]:
        """The lines around the cells of the rows."""
        shapes = self._journals[drawing.journal].shapes
        yield b"/Artifact BMC"
        top = drawing.top
        for kind, rows in groupby(drawing.rows, key=lambda row: row.kind):
            block = shapes[kind][drawing.band]
            left, right = block.cells[0].left, block.cells[-1].right
            yield b"%g w" % block.border
            bottom = top
            yield _line(left, top, right, top)
            for row in rows:
                bottom += row.height
                yield _line(left, bottom, right, bottom)
            for edge in (*(cell.left for cell in block.cells), right):
                yield _line(edge, top, edge, bottom)
            top = bottom
        yield b"S\nEMC"


def _line(left: float, top: float, right: float, bottom: float) -> bytes:
    return b"%.3f %.3f m %.3f %.3f l" % (left, top, right, bottom)


def _add_content(cell: Any, page: Any, mark: int) -> None:
    """Marked content of a page becomes a cell's; a cell may have some on several pages."""
    if Name.K not in cell:
        cell.K = mark
        return
    known = cell.K if isinstance(cell.K, Array) else Array([_on_page(cell.Pg, cell.K)])
    known.append(_on_page(page, mark))
    cell.K = known


def _on_page(page: Any, mark: int) -> Dictionary:
    return Dictionary(Type=Name.MCR, Pg=page, MCID=mark)
