"""HTML to PDF/A-3a and PDF/UA-1; with ``structure``, the only module that imports WeasyPrint.

Fonts and the style sheet are loaded once per process. The same HTML, data and time give the same
bytes. Measured on mse-01 in kk-ru, four pages: holding the garbage collector back saves a fifth of
the time, reading the HTML with libxml2 instead of tinyhtml5 and compressing at level 1 instead of 9
a tenth together.
"""

from __future__ import annotations

import gc
import logging
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, count
from pathlib import Path
from threading import Lock
from typing import Any
from xml.etree import ElementTree

import cssselect2
import lxml.html
import pydyf
from lxml import etree
from weasyprint import CSS, HTML, Attachment, Document
from weasyprint.formatting_structure import boxes
from weasyprint.logger import LOGGER
from weasyprint.pdf.stream import Stream as PageStream
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher

from forms_server.documents.slots import PAGE_NUMBER, Place, slot_colour, slot_of_colour
from forms_server.documents.spreads import BLOCK, Block, CellPlace
from forms_server.documents.structure import SigningPlace, StructureTree
from forms_server.errors import DocumentError

ARCHIVED = {"pdf_variant": "pdf/a-3a"}
FILLABLE = {"pdf_variant": "pdf/ua-1", "pdf_forms": True}
END_OF_RDF = b"</rdf:RDF>"
PDFUA_CLAIM = b"""\
<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" pdfuaid:part="1"/>
<rdf:Description rdf:about=""
  xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
  xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"
  xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA Universal Accessibility Schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name>
<pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Part of ISO 14289 that the file keeps to</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description>
"""
"""The claim to PDF/UA-1 (ISO 14289-1, 5), and the description of the schema that the claim is in,
which PDF/A asks for since it does not know it (ISO 19005-3, 6.6.2.3)."""

_ONE_AT_A_TIME = Lock()
"""Pango lays out in one thread, and WeasyPrint's log and the collector are one for the process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """The answers as XML, to be attached with the relationship ``Data`` (ISO 19005-3, 6.8)."""

    name: str
    description: str
    content: bytes
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LaidOut:
    """A document laid out with slots, for :mod:`forms_server.documents.stencils`.

    ``pages`` are the operators of each page, ``places`` where each slot stands, ``blocks`` the
    rows that stand for the rows of journals, ``signing`` where persons sign.
    """

    pdf: bytes
    pages: tuple[tuple[bytes, ...], ...]
    places: Mapping[int, Place]
    blocks: Mapping[int, Block]
    signing: tuple[SigningPlace, ...] = ()


class Printer:
    """Prints HTML with one style sheet; make one per process and keep it."""

    def __init__(self, style_sheet: Path) -> None:
        self._fetcher = URLFetcher(allowed_protocols=("file",), fail_on_errors=True)
        self._base = style_sheet.parent.as_uri() + "/"
        self._fonts = FontConfiguration()
        self._style = CSS(
            filename=str(style_sheet), font_config=self._fonts, url_fetcher=self._fetcher
        )
        self._numbers = CSS(string=f"@page {{ @bottom-right {{ {slot_colour(PAGE_NUMBER)} }} }}")

    def print_pdf(self, html: str, *, fillable: bool = False) -> bytes:
        """The PDF of a blank: PDF/UA-1, and PDF/A-3a unless it is a fillable one.

        Fields to fill are drawn by the reader, which PDF/A forbids (ISO 19005-3, 6.4.1). Raises
        :class:`DocumentError` when WeasyPrint says anything in its log: a misspelt property, a
        missing image or letter would otherwise be a silently spoilt paper.
        """
        options: dict[str, Any] = FILLABLE if fillable else ARCHIVED
        with _ONE_AT_A_TIME, _log_is_silent(), _collector_is_held():
            document = self._lay_out(html, options)
            written = document.write_pdf(finisher=_finish, **options)
        assert isinstance(written, bytes)  # noqa: S101  # no target was given
        return written

    def lay_out_slots(self, html: str, data: DataFile) -> LaidOut:
        """Lay out a document whose slots are filled later; as a blank, with ``data`` attached."""
        pages: list[tuple[bytes, ...]] = []
        signing: list[SigningPlace] = []

        def finish(document: Document, pdf: Any) -> None:
            streams = [item for item in pdf.objects if isinstance(item, PageStream)]
            pages.extend(tuple(map(_written, stream.stream)) for stream in streams)
            signing.extend(_finish(document, pdf))

        with _ONE_AT_A_TIME, _log_is_silent(), _collector_is_held():
            document = self._lay_out(html, ARCHIVED, self._numbers)
            places = {slot: place for page in document.pages for slot, place in _slots(page)}
            written = document.write_pdf(
                finisher=finish, attachments=[_attachment(data)], **ARCHIVED
            )
        assert isinstance(written, bytes)  # noqa: S101  # no target was given
        blocks = dict(chain.from_iterable(map(_blocks, count(), document.pages)))
        return LaidOut(
            pdf=written,
            pages=tuple(pages),
            places=places,
            blocks=blocks,
            signing=tuple(signing),
        )

    def _lay_out(self, html: str, options: dict[str, Any], *styles: CSS) -> Document:
        source = _ParsedHtml(html, base_url=self._base, url_fetcher=self._fetcher)
        try:
            return source.render(
                font_config=self._fonts, stylesheets=[self._style, *styles], **options
            )
        except FatalURLFetchingError as error:
            raise DocumentError("print-fetch", reason=str(error)) from error


def _attachment(data: DataFile) -> Attachment:
    return Attachment(
        string=data.content,
        name=data.name,
        description=data.description,
        created=data.made_at,
        modified=data.made_at,
        relationship="Data",
    )


class _ParsedHtml(HTML):  # type: ignore[misc]  # WeasyPrint has no types
    """A document read by libxml2, ten times quicker than WeasyPrint's own reader in Python.

    Our templates are well formed, so both readers see the same tree (a test compares them).
    """

    def __init__(self, html: str, *, base_url: str, url_fetcher: URLFetcher) -> None:
        root = lxml.html.document_fromstring(html)
        tree = ElementTree.fromstring(etree.tostring(root))  # noqa: S314  # our own HTML
        self.base_url = base_url
        self.url_fetcher = url_fetcher
        self.media_type = "print"
        self.wrapper_element = cssselect2.ElementWrapper.from_html_root(tree, content_language=None)
        self.etree_element = self.wrapper_element.etree_element


def _slots(page: Any) -> Iterator[tuple[int, Place]]:
    """Every slot on a laid-out page."""
    yield from _slots_in(page._page_box, block=page._page_box, line=None)


def _slots_in(box: Any, *, block: Any, line: Any) -> Iterator[tuple[int, Place]]:
    """Walk a box tree, knowing the block and the line that one is in."""
    if isinstance(box, boxes.TextBox):
        slot = slot_of_colour(*box.style["color"].coordinates)
        if slot is not None:
            yield slot, _place(box, block=block, line=line)
        return
    block = box if isinstance(box, boxes.BlockContainerBox) else block
    line = box if isinstance(box, boxes.LineBox) else line
    for child in getattr(box, "children", ()):
        yield from _slots_in(child, block=block, line=line)


def _place(box: Any, *, block: Any, line: Any) -> Place:
    """The slot's own width; up to the right edge if nothing stands behind it on its line."""
    starts_left = box.style["text_align_all"] in {"start", "left", "justify"}
    ends_line = line is not None and _last_text(line) is box and starts_left
    right = block.content_box_x() + block.width
    return Place(
        room=float(right - box.position_x if ends_line else box.width),
        full=float(block.width),
        size=float(box.style["font_size"]),
        ends_line=ends_line,
    )


def _blocks(number: int, page: Any) -> Iterator[tuple[int, Block]]:
    """Every row on a laid-out page that stands for rows of a journal."""
    page_box = page._page_box
    limit = page_box.content_box_y() + page_box.height
    for box in page_box.descendants():
        if isinstance(box, boxes.TableRowBox) and BLOCK in box.element.attrib:
            yield (
                int(box.element.attrib[BLOCK]),
                Block(
                    page=number,
                    top=float(box.position_y),
                    height=float(box.height),
                    limit=float(limit),
                    border=float(box.children[0].style["border_bottom_width"]),
                    cells=tuple(_cell_place(cell, box) for cell in box.children),
                ),
            )


def _cell_place(cell: Any, row: Any) -> CellPlace:
    text = next((box for box in cell.descendants() if isinstance(box, boxes.TextBox)), None)
    line = next((box for box in cell.descendants() if isinstance(box, boxes.LineBox)), None)
    style = cell.style
    padding = style["padding_top"].value + style["padding_bottom"].value
    return CellPlace(
        left=float(cell.position_x),
        right=float(cell.position_x + cell.border_width()),
        text=float(cell.content_box_x()),
        width=float(cell.width),
        baseline=float(text.position_y + text.baseline - row.position_y) if text else 0,
        size=float(style["font_size"]),
        line=float(line.height) if line else 0,
        around=float(padding + cell.border_top_width + cell.border_bottom_width),
        is_centred=style["text_align_all"] == "center",
    )


def _last_text(line: Any) -> Any:
    texts = [item for item in line.descendants() if isinstance(item, boxes.TextBox)]
    return texts[-1] if texts else None


def _finish(document: Document, pdf: Any) -> tuple[SigningPlace, ...]:
    """Complete the PDF that is about to be written; the places where persons sign."""
    _name_each_file_once(pdf)
    _claim_accessibility(pdf)
    signing = StructureTree(document, pdf).complete()
    for item in pdf.objects:
        if isinstance(item, pydyf.Stream) and item.compress:
            _compress(item)
    return signing


def _claim_accessibility(pdf: Any) -> None:
    """WeasyPrint claims one standard for a file; ours keeps to PDF/UA beside PDF/A."""
    (metadata,) = (item for item in pdf.objects if _is_metadata(item))
    content = b"\n".join(metadata.stream)
    if b"pdfuaid:part" not in content:
        metadata.stream = [content.replace(END_OF_RDF, PDFUA_CLAIM + END_OF_RDF, 1)]


def _is_metadata(item: Any) -> bool:
    return isinstance(item, pydyf.Stream) and item.extra.get("Type") == "/Metadata"


def _name_each_file_once(pdf: Any) -> None:
    """WeasyPrint 70 lists an attachment twice in the catalogue's ``/AF``."""
    files: Sequence[Any] = pdf.catalog.get("AF", ())
    if files:
        pdf.catalog["AF"][:] = list(dict.fromkeys(files))


def _compress(stream: Any) -> None:
    """Compress at level 1: pydyf's level 9 takes five times as long for a tenth less."""
    content = b"\n".join(_written(item) for item in stream.stream)
    stream.stream = [zlib.compress(content, 1)]
    stream.extra["Filter"] = "/FlateDecode"
    stream.compress = False


def _written(item: Any) -> bytes:
    """A piece of a stream as pydyf would write it."""
    if isinstance(item, bytes):
        return item
    return bytes(item.data) if isinstance(item, pydyf.Object) else str(item).encode("ascii")


@contextmanager
def _collector_is_held() -> Iterator[None]:
    """No cycle is collected while a document is laid out: nearly all its objects are alive."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _Remember(logging.Handler):
    def __init__(self) -> None:
        super().__init__(level=logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@contextmanager
def _log_is_silent() -> Iterator[None]:
    handler = _Remember()
    LOGGER.addHandler(handler)
    try:
        yield
    finally:
        LOGGER.removeHandler(handler)
    if handler.lines:
        raise DocumentError("print-warning", reason="; ".join(handler.lines))
