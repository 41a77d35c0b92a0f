"""Places on a page that an answer is written into after the page has been laid out.

Laying a page out costs a hundred times more than writing into it, and most answers change nothing
about it: they fit their blanks. Such an answer is printed as a *slot*: in the HTML stands a letter
of a colour that names the slot, and no-break spaces as wide as the blank; what is written there is
known only to :class:`Slots`. An answer that does not fit is printed inline and flows on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from forms_server.documents.fonts import SlotFont
from forms_server.fields.numbers import in_words
from forms_server.languages import Language

MARK = 1
"""Red of a slot's colour; green and blue are its index."""


MOST_LINES = 7
INLINE = 0
"""Instead of a count of lines: the text is printed inline and flows on."""
FIRST_MARK = 0xE000
"""From here on the numbers name no texts, but blocks of journals: see documents/journals.py."""
PAGE_NUMBER = 0xFFFF
"""The slot of the page number, which stands on every page."""


class Slots:
    """The texts of one document that wait for their slots, in the order the page asks for them.

    ``lines`` says of some of them, by index, how many lines they need; of the others it is guessed
    from the width of a ``line`` and of the label before them, which saves most second layouts.
    How many sheets the document has is known only after its layout; until then it has ``sheets``.
    """

    def __init__(
        self, font: SlotFont, lines: Mapping[int, int], *, line: Place, sheets: int = 1
    ) -> None:
        self._font = font
        self._lines = lines
        self._line = line
        self._sheets = sheets
        self._counts: dict[int, Language | None] = {}
        self.texts: list[str] = []
        self.may_wrap: list[bool] = []

    def add(self, text: str, *, may_wrap: bool, label: str = "") -> tuple[int, ...]:
        """The slots, a line each, that this text is to fill; none if it must be printed inline."""
        index = len(self.texts)
        self.texts.append(text)
        self.may_wrap.append(may_wrap)
        if not self._font.has(text) or slot_number(index + 1, 0) > FIRST_MARK:
            return ()
        count = self._lines.get(index) if index in self._lines else self._guess(text, label)
        return tuple(slot_number(index, row) for row in range(count or INLINE))

    def add_sheets(self, language: Language | None) -> tuple[int, ...]:
        """The slot for the number of sheets, in words of a language or in figures."""
        self._counts[len(self.texts)] = language
        return self.add(_sheets_in(language, self._sheets), may_wrap=False)

    def count_sheets(self, sheets: int) -> None:
        """Now that the layout is known."""
        for index, language in self._counts.items():
            self.texts[index] = _sheets_in(language, sheets)

    def _guess(self, text: str, label: str) -> int:
        """How many lines a text takes behind its label; one where nothing can be said."""
        if not label or not self._font.has(label):
            return 1
        taken = self._font.width(label, self._line.size) % self._line.full
        lines = wrap(text, replace(self._line, room=self._line.full - taken), self._font)
        return min(len(lines), MOST_LINES)


def _sheets_in(language: Language | None, sheets: int) -> str:
    return in_words(sheets, language) if language else str(sheets)


def slot_number(index: int, line: int) -> int:
    """The number, and so the colour, of one line of a text."""
    return index * (MOST_LINES + 1) + line


@dataclass(frozen=True, slots=True)
class Place:
    """Where a slot came to stand, in CSS pixels.

    ``room`` is the width its text may take, ``full`` that of a further line below it.
    ``ends_line``: nothing stands behind it, so that its text may go on below.
    """

    room: float
    full: float
    size: float
    ends_line: bool = True


def wrap(text: str, place: Place, font: SlotFont) -> list[str]:
    """The text in lines that fit: the first in the slot's own room, the others in full ones."""
    lines: list[str] = []
    line = ""
    room = place.room
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if line and font.width(longer, place.size) > room:
            lines.append(line)
            line, room = word, place.full
        elif not lines and not line and font.width(word, place.size) > room:
            lines.append("")
            line, room = word, place.full
        else:
            line = longer
    return [*lines, line]


_COLOUR = re.compile(rb"(0?\.\d+|0|1) (0?\.\d+|0|1) (0?\.\d+|0|1) rg")


def slot_colour(number: int) -> str:
    """The declaration of a slot's colour."""
    return f"color: rgb({MARK} {number // 256} {number % 256})"


def slot_of_colour(red: float, green: float, blue: float) -> int | None:
    """The slot that a colour (parts of 1) names, ``None`` if it is a colour of the page."""
    channels = [round(value * 255) for value in (red, green, blue)]
    return channels[1] * 256 + channels[2] if channels[0] == MARK else None


def slot_of_operator(operator: bytes) -> int | None:
    """The slot that a PDF operator begins by setting its colour."""
    match = _COLOUR.fullmatch(operator)
    return slot_of_colour(*(float(value) for value in match.groups())) if match else None
