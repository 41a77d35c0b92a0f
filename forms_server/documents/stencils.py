"""Stencils: pages laid out once, whose slots are filled for every document.

``html`` → stencil (WeasyPrint, or the ones kept in memory) → slots filled, QR, data and dates put
in (pikepdf) → PDF/A-3a. Two documents whose pages differ only in what stands in their slots share
one stencil; the same document gives the same bytes whether its stencil was kept or made anew.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections import OrderedDict, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from pikepdf import Array, Dictionary, Name, Pdf, String
from PIL import Image

from forms_server.documents.context import Page
from forms_server.documents.html import Templates
from forms_server.documents.pdf import DataFile, LaidOut, Printer
from forms_server.documents.slots import (
    INLINE,
    MOST_LINES,
    Place,
    SlotFont,
    Slots,
    slot_number,
    slot_of_operator,
    wrap,
)
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
FONT = Name("/SlotFont")
MADE_AT = re.compile(rb"2000-01-01T00:00:00\+00:00")
"""The moment that stands in a stencil instead of the document's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """What a document has beside the texts of its slots."""

    data: DataFile
    qr_png: bytes
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Piece:
    """Operators up to a slot, then the slot's number (``-1``: none) and its font size."""

    before: bytes
    slot: int = -1
    size: float = 0


@dataclass(frozen=True, slots=True)
class Stencil:
    """A laid-out document: the PDF, the pieces of each page, the place of each slot."""

    pdf: bytes
    pages: tuple[tuple[Piece, ...], ...]
    places: Mapping[int, Place]


class Press:
    """Prints issued documents; one for a process, with the stencils it has made."""

    def __init__(self, templates: Templates, printer: Printer, font: SlotFont) -> None:
        self._templates = templates
        self._printer = printer
        self._font = font
        self._kept: defaultdict[Edition, OrderedDict[str, Stencil]] = defaultdict(OrderedDict)

    def print_document(self, pages: Sequence[Page], filling: Filling) -> bytes:
        """The PDF of an issued document before its seal."""
        lines: dict[int, int] = {}
        for _ in range(MOST_TRIES):
            slots = Slots(self._font, lines, line=LINES[pages[0].edition.layout])
            html = self._write_html(pages, slots)
            stencil = self._stencil(pages[0].edition, html, filling)
            texts, needed = self._place(stencil, slots)
            if needed.items() <= lines.items():
                return self._fill(stencil, texts, filling)
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
            kept[key] = self._make(self._printer.lay_out_slots(html, filling.data))
        kept.move_to_end(key)
        if len(kept) > KEPT:
            kept.popitem(last=False)
        return kept[key]

    def _make(self, laid_out: LaidOut) -> Stencil:
        with Pdf.open(BytesIO(laid_out.pdf)) as pdf:
            font = _embed(pdf, self._font)
            for page in pdf.pages:
                page.Resources.Font[FONT] = font
            output = BytesIO()
            pdf.save(output, deterministic_id=True)
        return Stencil(
            pdf=output.getvalue(),
            pages=tuple(tuple(_pieces(operators)) for operators in laid_out.pages),
            places=laid_out.places,
        )

    def _fill(self, stencil: Stencil, texts: Mapping[int, str], filling: Filling) -> bytes:
        with Pdf.open(BytesIO(stencil.pdf)) as pdf:
            for page, pieces in zip(pdf.pages, stencil.pages, strict=True):
                content = b"\n".join(self._written(pieces, texts))
                page.Contents.write(zlib.compress(content, 1), filter=Name.FlateDecode)
            _put_qr(pdf, filling.qr_png)
            _put_data(pdf, filling.data)
            _put_dates(pdf, filling.made_at)
            output = BytesIO()
            pdf.save(output, deterministic_id=True)
        return output.getvalue()

    def _written(self, pieces: Sequence[Piece], texts: Mapping[int, str]) -> Iterator[bytes]:
        for piece in pieces:
            yield piece.before
            if texts.get(piece.slot):
                glyphs = self._font.encode(texts[piece.slot])
                yield b"/SlotFont %g Tf\n%s Tj" % (piece.size, glyphs)


def _places(stencil: Stencil, index: int) -> Iterator[Place]:
    """Where the lines of a text came to stand."""
    for row in range(MOST_LINES):
        place = stencil.places.get(slot_number(index, row))
        if place is None:
            return
        yield place


def _pieces(operators: Sequence[bytes]) -> Iterator[Piece]:
    """Cut a page's operators at its slots; a slot's own colour, font and letters fall away."""
    before: list[bytes] = []
    slot = -1
    size = 0.0
    for operator in operators:
        found = slot_of_operator(operator)
        if found is not None:
            slot = found
            before.append(b"0 0 0 rg")
        elif slot >= 0 and operator.endswith(b" Tf"):
            size = float(operator.split()[1])
        elif slot >= 0 and operator.endswith(b" TJ"):
            yield Piece(b"\n".join(before), slot, size)
            before, slot = [], -1
        else:
            before.append(operator)
    yield Piece(b"\n".join(before))


def _put_qr(pdf: Pdf, png: bytes) -> None:
    """Give the one image of the page the QR's modules, a bit each (0 is black)."""
    images = pdf.pages[-1].Resources.XObject
    image = Image.open(BytesIO(png)).convert("1")
    for _, picture in images.items():
        picture.write(zlib.compress(image.tobytes()), filter=Name.FlateDecode)
        picture.Width, picture.Height = image.size
        picture.BitsPerComponent = 1
        picture.ColorSpace = Name.DeviceGray


def _put_data(pdf: Pdf, data: DataFile) -> None:
    """Put the document's data where the stencil has its own (ISO 32000-1, 7.11.4)."""
    specification = pdf.Root.AF[0]
    specification.F = specification.UF = String(data.name)
    specification.Desc = String(data.description)
    pdf.Root.Names.EmbeddedFiles.Names[0] = String(data.name)
    stream = specification.EF.F
    stream.write(zlib.compress(data.content, 1), filter=Name.FlateDecode)
    moment = String(_pdf_date(data.made_at))
    digest = hashlib.md5(data.content, usedforsecurity=False).digest()
    stream.Params = Dictionary(
        Size=len(data.content), CheckSum=String(digest), CreationDate=moment, ModDate=moment
    )


def _put_dates(pdf: Pdf, made_at: datetime) -> None:
    """The same moment in ``/Info`` and in XMP, as PDF/A wants (ISO 19005-3, 6.6.3)."""
    pdf.docinfo.CreationDate = pdf.docinfo.ModDate = String(_pdf_date(made_at))
    metadata = pdf.Root.Metadata
    moment = made_at.isoformat(timespec="seconds").encode("ascii")
    metadata.write(MADE_AT.sub(moment, metadata.read_bytes()))


def _pdf_date(moment: datetime) -> str:
    offset = f"{moment:%z}"
    return f"D:{moment:%Y%m%d%H%M%S}{offset[:3]}'{offset[3:]}'"


def _embed(pdf: Pdf, font: SlotFont) -> Any:
    """The slot font as a Type 0 font with two-byte glyph numbers (ISO 32000-1, 9.7)."""
    program = pdf.make_stream(font.program, Length1=len(font.program))
    descriptor = pdf.make_indirect(Dictionary(Type=Name.FontDescriptor, FontFile2=program))
    descriptor.FontName = Name(f"/{font.name}")
    for key, value in font.descriptor.items():
        descriptor[f"/{key}"] = Array(value) if isinstance(value, tuple) else value
    descendant = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType2,
        BaseFont=Name(f"/{font.name}"),
        CIDSystemInfo=Dictionary(Registry="Adobe", Ordering="Identity", Supplement=0),
        FontDescriptor=descriptor,
        CIDToGIDMap=Name.Identity,
        DW=0,
        W=Array([0, Array(list(font.widths))]),
    )
    return pdf.make_indirect(
        Dictionary(
            Type=Name.Font,
            Subtype=Name.Type0,
            BaseFont=Name(f"/{font.name}"),
            Encoding=Name("/Identity-H"),
            DescendantFonts=Array([pdf.make_indirect(descendant)]),
            ToUnicode=pdf.make_stream(_to_unicode(font)),
        )
    )


def _to_unicode(font: SlotFont) -> bytes:
    """The CMap that lets readers and search find the letters (ISO 32000-1, 9.10.3)."""
    letters = sorted((glyph, letter) for letter, glyph in font.glyphs.items())
    lines = [f"<{glyph:04x}> <{letter.encode('utf-16-be').hex()}>" for glyph, letter in letters]
    blocks = [lines[start : start + 100] for start in range(0, len(lines), 100)]
    body = "\n".join(
        f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks
    )
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        "1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n"
        f"{body}\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    ).encode("ascii")
