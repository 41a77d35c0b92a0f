"""Stencils: pages laid out once, whose slots are filled for every document.

``html`` → stencil (WeasyPrint, or the ones kept in memory) → slots and journals filled, QR, data
and dates put in (``filling``) → PDF/A-3a. Two documents whose pages differ only in what stands in
their slots share one stencil; the same document gives the same bytes whether its stencil was kept
or made anew. The rows of journals are laid out here, not by WeasyPrint (``journals``, ``spreads``).
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from forms_server.documents.context import Page
from forms_server.documents.filling import Filling, Paper, Stencil, fill, make_stencil
from forms_server.documents.fonts import Lettering, SlotFont, lettering_of
from forms_server.documents.html import Templates
from forms_server.documents.journal_pages import PlannedJournal, last_row_moved, leaves_of
from forms_server.documents.journals import Copy, Journal, Journals, block_number
from forms_server.documents.pdf import Printer
from forms_server.documents.slots import INLINE, MOST_LINES, Place, Slots, slot_number, wrap
from forms_server.documents.spreads import RowLayout, plan_spreads
from forms_server.errors import DocumentError
from forms_server.specs.model import Edition

KEPT = 16
"""Stencils in memory of one edition, 0.5 MB each: one for every combination of choices and counts.
Counted by edition, so that journals, which hardly repeat, do not push out applications."""
MOST_TRIES = 4
"""Two are enough: what does not fit takes more lines or flows on, and both are then settled."""
LINES = {
    "portrait": Place(room=0, full=653.8, size=15.33),
    "landscape": Place(room=0, full=1031.8, size=15.33),
}
"""A whole line and its letters as static/print.css has them (173 or 273 mm, 11.5 pt), in pixels;
they only serve to guess, and what is guessed wrong is laid out anew."""


class Press:
    """Prints issued documents; one for a process, with the stencils it has made."""

    def __init__(self, templates: Templates, printer: Printer, font: SlotFont) -> None:
        self._templates = templates
        self._printer = printer
        self._font = font
        self._kept: defaultdict[Edition, OrderedDict[str, Stencil]] = defaultdict(OrderedDict)

    def print_document(self, pages: Sequence[Page], filling: Filling) -> bytes:
        """The PDF of an issued document before its seal."""
        edition = pages[0].edition
        lines: dict[int, int] = {}
        sheets = 1
        for _ in range(MOST_TRIES):
            slots = Slots(self._font, lines, line=LINES[edition.layout], sheets=sheets)
            source = Journals(self._write_html(pages, slots))
            stencil = self._stencil(edition, source.write_probe(), filling)
            _, needed = self._place(stencil, slots)
            if needed.items() <= lines.items():
                paper = self._lay_out(edition, source, stencil, filling)
                sheets = len(paper.leaves)
                slots.count_sheets(sheets)
                texts, needed = self._place(paper.stencil, slots)
                if needed.items() <= lines.items():
                    return fill(paper, texts, filling)
            lines |= needed
        raise DocumentError("print-unsettled")

    def _write_html(self, pages: Sequence[Page], slots: Slots) -> str:
        for page in pages:
            page.slots = slots
        return self._templates.write_html(pages)

    def _place(self, stencil: Stencil, slots: Slots) -> tuple[dict[int, str], dict[int, int]]:
        """What stands in each slot, and how many lines the texts need that one does not hold."""
        standing: dict[int, str] = {}
        needed: dict[int, int] = {}
        for index, text in enumerate(slots.texts):
            places = list(_places(stencil, index))
            lines = wrap(text, places[0], self._font) if places and self._font.has(text) else []
            if not self._fits(lines, places, may_wrap=slots.may_wrap[index]):
                needed[index] = INLINE
            elif len(lines) > 1:
                needed[index] = len(lines)
            standing |= {slot_number(index, row): line for row, line in enumerate(lines)}
        return standing, needed

    def _fits(self, lines: Sequence[str], places: Sequence[Place], *, may_wrap: bool) -> bool:
        """Whether slots can hold these lines, perhaps more of them than were laid out."""
        if not lines or len(lines) > (MOST_LINES if may_wrap else 1):
            return False
        if may_wrap and not all(place.ends_line for place in places):
            return False
        first = places[0]
        rooms = [first.room] + [first.full] * (len(lines) - 1)
        widths = [self._font.width(line, first.size) for line in lines]
        return all(width <= room for width, room in zip(widths, rooms, strict=True))

    def _stencil(self, edition: Edition, html: str, filling: Filling) -> Stencil:
        kept = self._kept[edition]
        key = hashlib.sha256(html.encode()).hexdigest()
        if key not in kept:
            laid_out = self._printer.lay_out_slots(html, filling.data)
            kept[key] = make_stencil(laid_out, self._font, filling.signature_fields)
        kept.move_to_end(key)
        if len(kept) > KEPT:
            kept.popitem(last=False)
        return kept[key]

    def _lay_out(
        self, edition: Edition, source: Journals, probe: Stencil, filling: Filling
    ) -> Paper:
        """The document without its texts, its journals as long as their rows make them."""
        lettering = lettering_of(self._font, source.texts)
        journals = [_plan(journal, probe, lettering) for journal in source.journals]
        stencil = self._skeleton(edition, source, journals, filling) if journals else probe
        settled = [_settle(number, each, stencil) for number, each in enumerate(journals)]
        if settled != journals:
            stencil = self._skeleton(edition, source, settled, filling)
        leaves = leaves_of(len(stencil.pages), settled, stencil.blocks)
        return Paper(stencil=stencil, journals=settled, leaves=leaves, lettering=lettering)

    def _skeleton(
        self,
        edition: Edition,
        source: Journals,
        journals: Sequence[PlannedJournal],
        filling: Filling,
    ) -> Stencil:
        html = source.write_skeleton([journal.plan for journal in journals])
        return self._stencil(edition, html, filling)


def _places(stencil: Stencil, index: int) -> Iterator[Place]:
    """Where the lines of a text came to stand."""
    for row in range(MOST_LINES):
        place = stencil.places.get(slot_number(index, row))
        if place is None:
            return
        yield place


def _plan(journal: Journal, probe: Stencil, lettering: Lettering) -> PlannedJournal:
    """The rows of a journal parted into spreads, by the measures that the probe gives."""
    bands = range(journal.bands)
    shapes = {
        kind: tuple(probe.blocks[journal.probe_block(Copy.FIRST, kind, band)] for band in bands)
        for kind in journal.samples
    }
    rooms = (
        min(probe.blocks[block_number(journal.number, copy, band)].room for band in bands)
        for copy in (Copy.FIRST, Copy.MIDDLE)
    )
    plan = plan_spreads(RowLayout(lettering, shapes), journal.rows, *rooms)
    return PlannedJournal(plan, shapes)


def _settle(number: int, journal: PlannedJournal, stencil: Stencil) -> PlannedJournal:
    """The journal with its last row on a spread of its own, if the layout wants it so."""
    if not last_row_moved(number, journal, stencil.blocks):
        return journal
    return replace(journal, plan=journal.plan.with_last_row_apart())
