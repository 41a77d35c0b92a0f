"""HTML to PDF/A-3a; the only module that imports WeasyPrint.

Fonts and the style sheet are loaded once per process. The same HTML, data and time give the same
bytes. Measured on mse-01 in kk-ru, four pages: holding the garbage collector back saves a fifth of
the time, reading the HTML with libxml2 instead of tinyhtml5 and compressing at level 1 instead of 9
a tenth together.
"""

from __future__ import annotations

import gc
import logging
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cssselect2
import lxml.html
import pydyf
from lxml import etree
from weasyprint import CSS, HTML, Attachment, Document
from weasyprint.logger import LOGGER
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher

from forms_server.errors import DocumentError


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """The answers as XML, to be attached with the relationship ``Data`` (ISO 19005-3, 6.8)."""

    name: str
    description: str
    content: bytes
    made_at: datetime


class Printer:
    """Prints HTML with one style sheet; make one per process and keep it."""

    def __init__(self, style_sheet: Path) -> None:
        self._fetcher = URLFetcher(allowed_protocols=("file", "data"), fail_on_errors=True)
        self._base = style_sheet.parent.as_uri() + "/"
        self._fonts = FontConfiguration()
        self._style = CSS(
            filename=str(style_sheet), font_config=self._fonts, url_fetcher=self._fetcher
        )

    def print_pdf(
        self, html: str, *, data: DataFile | None = None, fillable: bool = False
    ) -> bytes:
        """The PDF of a document; PDF/A-3a unless it is a fillable blank.

        Raises :class:`DocumentError` when WeasyPrint says anything in its log: a misspelt property,
        a missing image or letter would otherwise be a silently spoilt paper.
        """
        options: dict[str, Any] = {"pdf_forms": True} if fillable else {"pdf_variant": "pdf/a-3a"}
        with _log_is_silent(), _collector_is_held():
            document = self._lay_out(html, options)
            written = document.write_pdf(
                finisher=_finish,
                attachments=[_attachment(data)] if data else None,
                pdf_tags=True,
                **options,
            )
        assert isinstance(written, bytes)  # noqa: S101  # no target was given
        return written

    def _lay_out(self, html: str, options: dict[str, Any]) -> Document:
        source = _ParsedHtml(html, base_url=self._base, url_fetcher=self._fetcher)
        try:
            return source.render(font_config=self._fonts, stylesheets=[self._style], **options)
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


def _finish(document: Document, pdf: Any) -> None:
    _name_each_file_once(pdf)
    for item in pdf.objects:
        if isinstance(item, pydyf.Stream) and item.compress:
            _compress(item)


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
