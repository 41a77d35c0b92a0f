"""The rows of a journal, parted into spreads: the rows that stand on one page, or on facing pages.

Nothing is known here of HTML or PDF: in come texts, fonts and the measures of one printed row of
each kind; out come lines, heights, and which rows stand together. A row is cut only where no page
could hold it whole.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from forms_server.documents.fonts import Lettering
from forms_server.errors import DocumentError

Paragraphs = tuple[str, ...]
Lines = tuple[str, ...]

BLOCK = "data-block"
"""The attribute of HTML that names a row to be measured."""
BREAK = re.compile(r"(?<=[^\W\d][-‐–/])(?=[^\W\d])")
"""Within a word a line may end after a hyphen or a slash between letters, as in WeasyPrint."""
SPARE = 1.0
"""Pixels that the foot of a page keeps free of rows: borders are drawn half outside."""
LEAST_LINES = 3
"""A row that is longer than a page begins at the foot of one if so many lines of it fit there."""


@dataclass(frozen=True, slots=True)
class CellPlace:
    """A printed cell, in CSS pixels: its borders, and where its text stands.

    ``baseline`` is that of the first line, from the top of the row; ``around`` is the height that
    padding and borders add to the lines.
    """

    left: float
    right: float
    text: float
    width: float
    baseline: float
    size: float
    line: float
    around: float
    is_centred: bool

    def height(self, lines: int) -> float:
        """The height of a cell with so many lines."""
        return lines * self.line + self.around

    def lines_in(self, height: float) -> int:
        """How many lines a cell of this height holds."""
        return int((height - self.around) / self.line)


@dataclass(frozen=True, slots=True)
class Block:
    """A row as WeasyPrint laid it out: its page, its place and its cells.

    ``limit`` is the foot of the page's content, ``border`` the width of the table's lines.
    """

    page: int
    top: float
    height: float
    limit: float
    border: float
    cells: tuple[CellPlace, ...]

    @property
    def room(self) -> float:
        """The height that rows may take from here to the foot of the page."""
        return self.limit - self.top - SPARE


Shapes = Mapping[str, Sequence[Block]]
"""A laid-out row of each kind, by band."""


@dataclass(frozen=True, slots=True)
class JournalRow:
    """A row of a journal before its layout: by band, by cell, its paragraphs.

    A band is a group of columns that has a page of its own. Rows of one ``kind`` are printed alike.
    """

    kind: str
    bands: tuple[tuple[Paragraphs, ...], ...]


@dataclass(frozen=True, slots=True)
class LaidRow:
    """A row in lines; ``continues`` if it goes on with what did not fit on the spread before."""

    kind: str
    bands: tuple[tuple[Lines, ...], ...]
    height: float
    continues: bool = False


Spread = tuple[LaidRow, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The spreads of one journal; ``starts_page`` if no row fits behind what precedes it."""

    spreads: tuple[Spread, ...]
    starts_page: bool = False

    def parts(self, index: int) -> list[Spread]:
        """A spread in its blocks: the last row of all is a block of its own.

        So the layout may keep that row together with what follows the journal.
        """
        spread = self.spreads[index]
        is_last = spread is self.spreads[-1]
        return [spread[:-1], spread[-1:]] if is_last and len(spread) > 1 else [spread]

    def with_last_row_apart(self) -> Plan:
        """The same with the last row on a spread of its own."""
        *others, last = self.spreads
        return replace(self, spreads=(*others, last[:-1], last[-1:]))


class RowLayout:
    """Lays out the rows of one journal."""

    def __init__(self, lettering: Lettering, shapes: Shapes) -> None:
        self._lettering = lettering
        self._shapes = shapes
        self._known: dict[tuple[Paragraphs, float, float], Lines] = {}

    def lay_out(self, row: JournalRow) -> LaidRow:
        """The row in lines, as high as its highest cell in any band."""
        bands = tuple(
            tuple(map(self._lines, texts, block.cells))
            for texts, block in zip(row.bands, self._shapes[row.kind], strict=True)
        )
        return self._laid(LaidRow(row.kind, bands, 0))

    def cut(self, row: LaidRow, room: float) -> tuple[LaidRow, LaidRow] | None:
        """What of a row fits into the room, and the rest; nothing if too little would fit."""
        places = [place for block in self._shapes[row.kind] for place in block.cells]
        count = min(place.lines_in(room) for place in places)
        if count < LEAST_LINES:
            return None
        head = tuple(tuple(lines[:count] for lines in cells) for cells in row.bands)
        rest = tuple(tuple(lines[count:] for lines in cells) for cells in row.bands)
        return (
            self._laid(replace(row, bands=head)),
            self._laid(replace(row, bands=rest, continues=True)),
        )

    def _laid(self, row: LaidRow) -> LaidRow:
        heights = [
            max(block.height, *map(_height, cells, block.cells))
            for cells, block in zip(row.bands, self._shapes[row.kind], strict=True)
        ]
        return replace(row, height=max(heights))

    def _lines(self, texts: Paragraphs, place: CellPlace) -> Lines:
        key = (texts, place.width, place.size)
        if key not in self._known:
            room = place.width * 1000 / place.size
            self._known[key] = tuple(
                line for text in texts for line in wrap_cell(text, room, self._lettering)
            )
        return self._known[key]


def _height(lines: Lines, place: CellPlace) -> float:
    return place.height(len(lines))


def wrap_cell(text: str, room: float, lettering: Lettering) -> Iterator[str]:
    """The text in lines of ``room`` thousandths of the font size; too long a word is broken."""
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if lettering.width(longer) <= room:
            line = longer
            continue
        between = " " if line else ""
        for piece in BREAK.split(word):
            longer = f"{line}{between}{piece}"
            if lettering.width(longer) > room:
                if line:
                    yield line
                *broken, longer = _broken(piece, room, lettering)
                yield from broken
            line, between = longer, ""
    yield line


def _broken(piece: str, room: float, lettering: Lettering) -> Iterator[str]:
    """A piece of a word, in lines where it is wider than a line."""
    line = ""
    for letter in piece:
        if line and lettering.width(line + letter) > room:
            yield line
            line = letter
        else:
            line += letter
    yield line


def plan_spreads(layout: RowLayout, rows: Sequence[JournalRow], first: float, other: float) -> Plan:
    """The rows in spreads: the first has ``first`` pixels for rows, each other one ``other``."""
    waiting = deque(map(layout.lay_out, rows))
    before = tuple(_take(layout, waiting, first, other))
    spreads = [before] if before else []
    while waiting:
        spread = tuple(_take(layout, waiting, other, other))
        if not spread:
            raise DocumentError("print-unsettled")
        spreads.append(spread)
    return Plan(tuple(spreads), starts_page=not before)


def _take(
    layout: RowLayout, waiting: deque[LaidRow], room: float, whole: float
) -> Iterator[LaidRow]:
    """Take from the waiting rows those that fit into the room."""
    while waiting:
        row = waiting.popleft()
        if row.height <= room:
            room -= row.height
            yield row
            continue
        parts = layout.cut(row, room) if row.height > whole else None
        if parts:
            waiting.appendleft(parts[1])
            yield parts[0]
        else:
            waiting.appendleft(row)
        return
