"""Filling a stencil: the answers' letters, the rows of journals, QR, data and dates.

A stencil is a document laid out once. What is put in here changes nothing about its layout, except
that a journal's middle pages are printed as often as its rows need them.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from pikepdf import Array, Dictionary, Name, ObjectStreamMode, Pdf, String
from PIL import Image

from forms_server.documents.fonts import RESOURCE, Lettering, SlotFont, embed, resource_name
from forms_server.documents.journal_pages import Leaf, PlannedJournal, RowWriter
from forms_server.documents.pdf import DataFile, LaidOut
from forms_server.documents.signature_fields import SignatureField, add_signature_fields
from forms_server.documents.slots import FIRST_MARK, PAGE_NUMBER, Place, slot_of_operator
from forms_server.documents.spreads import Block
from forms_server.documents.tags import TagTree, as_artifacts, last_mark

MADE_AT = re.compile(rb"2000-01-01T00:00:00\+00:00")
"""The moment that stands in a stencil instead of the document's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """What a document has beside the texts of its slots."""

    data: DataFile
    qr_png: bytes
    made_at: datetime
    signature_fields: tuple[SignatureField, ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """Operators up to a slot, then the slot's number (``-1``: none) and its font size."""

    before: bytes
    slot: int = -1
    size: float = 0


@dataclass(frozen=True, slots=True)
class Stencil:
    """A laid-out document: the PDF, the pieces of each page, the places of slots and blocks."""

    pdf: bytes
    pages: tuple[tuple[Piece, ...], ...]
    places: Mapping[int, Place]
    blocks: Mapping[int, Block]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A document before its texts: the stencil, the journals, the leaves in order."""

    stencil: Stencil
    journals: Sequence[PlannedJournal]
    leaves: Sequence[Leaf]
    lettering: Lettering


def make_stencil(
    laid_out: LaidOut, font: SlotFont, signature_fields: Sequence[SignatureField] = ()
) -> Stencil:
    """The stencil of a layout, with the font of the slots and the fields for signatures in it."""
    with Pdf.open(BytesIO(laid_out.pdf)) as pdf:
        _add_fonts(pdf, [font])
        add_signature_fields(pdf, signature_fields, laid_out.signing)
        output = BytesIO()
        pdf.save(output, deterministic_id=True)
    return Stencil(
        pdf=output.getvalue(),
        pages=tuple(tuple(_pieces(operators)) for operators in laid_out.pages),
        places=laid_out.places,
        blocks=laid_out.blocks,
    )


def fill(paper: Paper, texts: Mapping[int, str], filling: Filling) -> bytes:
    """The PDF of a document: the same bytes for the same paper, texts and filling."""
    with Pdf.open(BytesIO(paper.stencil.pdf)) as pdf:
        _add_fonts(pdf, paper.lettering.fonts[1:], first=1)
        _put_qr(pdf, filling.qr_png)
        _put_data(pdf, filling.data)
        _put_dates(pdf, filling.made_at)
        _Pages(pdf, paper, texts).write()
        output = BytesIO()
        pdf.save(output, deterministic_id=True, object_stream_mode=_streams(paper))
    return output.getvalue()


def _streams(paper: Paper) -> ObjectStreamMode:
    """The many small elements of a journal's structure are packed."""
    packed: ObjectStreamMode = ObjectStreamMode.generate
    return packed if paper.journals else ObjectStreamMode.preserve


class _Pages:
    """Writes the contents of a document's pages, and copies pages where leaves ask for it."""

    def __init__(self, pdf: Pdf, paper: Paper, texts: Mapping[int, str]) -> None:
        self._pdf = pdf
        self._paper = paper
        self._texts = texts
        self._lettering = paper.lettering
        self._objects = [page.obj for page in pdf.pages]

    def write(self) -> None:
        if self._paper.journals:
            self._write_journals()
            return
        for number, page in enumerate(self._objects):
            _set_content(self._pdf, page, [self._content(number, number)])

    def _write_journals(self) -> None:
        stencil = self._paper.stencil
        tree = TagTree(self._pdf, marks=dict(_marks(stencil)))
        rows = RowWriter(self._pdf, self._paper.journals, self._lettering)
        rows.take_over(tree, stencil.blocks)
        pages = [
            self._leaf(leaf, number, tree, rows) for number, leaf in enumerate(self._paper.leaves)
        ]
        tree.number_pages(pages)
        tree.name_headings()
        rows.close()
        self._pdf.Root.Pages.Kids = Array([page for page, _ in pages])
        self._pdf.Root.Pages.Count = len(pages)

    def _leaf(
        self, leaf: Leaf, number: int, tree: TagTree, rows: RowWriter
    ) -> tuple[Any, list[Any]]:
        """A page object with its content, and the elements that the content belongs to."""
        page = self._objects[leaf.page]
        content = self._content(leaf.page, number)
        parents: list[Any] = []
        if leaf.is_copy:
            page = self._pdf.make_indirect(Dictionary({**page}))
            content = as_artifacts(content)
        else:
            parents = tree.parents(leaf.page)
            content = as_artifacts(content, tree.dropped[leaf.page])
        drawn = [rows.write(drawing, page, parents) for drawing in leaf.drawings]
        _set_content(self._pdf, page, [content, *drawn])
        return page, parents

    def _content(self, page: int, number: int) -> bytes:
        """The operators of a page of the stencil with its texts; ``number`` counts from 0."""
        laid = f"{page + 1} / {len(self._objects)}"
        told = f"{number + 1} / {len(self._paper.leaves)}"
        return b"\n".join(self._written(self._paper.stencil.pages[page], laid, told))

    def _written(self, pieces: Sequence[Piece], laid: str, told: str) -> Iterator[bytes]:
        for piece in pieces:
            yield piece.before
            text = told if piece.slot == PAGE_NUMBER else self._texts.get(piece.slot)
            if text:
                yield b"/%s %g Tf" % (RESOURCE.encode(), piece.size)
                if piece.slot == PAGE_NUMBER:
                    wider = self._lettering.width(told) - self._lettering.width(laid)
                    yield b"%g 0 Td" % (-wider * piece.size / 1000)
                yield self._lettering.operators(text, piece.size)


def _marks(stencil: Stencil) -> Iterator[tuple[int, int]]:
    """The marked content of each block: where it stands in the numbers of its page."""
    for pieces in stencil.pages:
        for piece in pieces:
            if FIRST_MARK <= piece.slot < PAGE_NUMBER:
                yield piece.slot, last_mark(piece.before)


def _set_content(pdf: Pdf, page: Any, content: Sequence[bytes]) -> None:
    packed = zlib.compress(b"\n".join(content), 1)
    page.Contents = pdf.make_stream(packed, Filter=Name.FlateDecode)


def _add_fonts(pdf: Pdf, fonts: Sequence[SlotFont], first: int = 0) -> None:
    """Make fonts known to every page; WeasyPrint's pages share their resources."""
    for number, font in enumerate(fonts, first):
        pdf.pages[0].Resources.Font[f"/{resource_name(number)}"] = embed(pdf, font)


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
    """Give the one image of the pages the QR's modules, a bit each (0 is black)."""
    images = pdf.pages[0].Resources.XObject
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
