"""HTML to PDF/A-3a; the only module that imports WeasyPrint.

Fonts, the style sheet and the colour profile are loaded once per process. The same HTML, data and
time give the same bytes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

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
        with _log_is_silent():
            document = self._lay_out(html, options)
            written = document.write_pdf(
                finisher=_name_each_file_once,
                attachments=[_attachment(data)] if data else None,
                pdf_tags=True,
                **options,
            )
        assert isinstance(written, bytes)  # noqa: S101  # no target was given
        return written

    def _lay_out(self, html: str, options: dict[str, Any]) -> Document:
        source = HTML(string=html, base_url=self._base, url_fetcher=self._fetcher)
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


def _name_each_file_once(document: Document, pdf: Any) -> None:
    """WeasyPrint 70 lists an attachment twice in the catalogue's ``/AF``."""
    files: Sequence[Any] = pdf.catalog.get("AF", ())
    if files:
        pdf.catalog["AF"][:] = list(dict.fromkeys(files))


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
