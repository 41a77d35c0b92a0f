"""What a reader's camera and eye see of a PDF's pages: their QR codes and their letters.

Only this module draws pages (PDFium) and reads symbols from them (ZXing). It is asked in a child
process alone: both are native code, and the files are a stranger's.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import islice

import pypdfium2
import zxingcpp

from forms_server.documents.signature_facts import PageMarks

MOST_PAGES = 20
"""Of a longer file the first pages are drawn, 15 ms each; a form has its QR on the first two."""
LARGEST_SIDE = 2500
"""Pixels; A4 at 150 dpi has 1754. A larger page is drawn smaller, so that it fits in memory."""
SCALE = 150 / 72
QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
MOST_LETTERS = 200_000
MOST_QR_CODES = 40
LONGEST_QR = 1000

logger = logging.getLogger(__name__)


def read_marks(pdf: bytes) -> PageMarks:
    """The QR codes and letters of the first pages; unread where they cannot be drawn."""
    try:
        return _read(pdf)
    except (pypdfium2.PdfiumError, ValueError, MemoryError) as error:
        logger.info("pages cannot be drawn: %s", error)
        return PageMarks()


def _read(pdf: bytes) -> PageMarks:
    with pypdfium2.PdfDocument(pdf) as document:
        texts: dict[str, None] = {}
        letters: list[str] = []
        for page in _first_pages(document):
            texts.update(dict.fromkeys(_qr_texts(page)))
            letters.append(_letters(page))
        return PageMarks(
            is_read=len(document) <= MOST_PAGES,
            qr_texts=tuple(islice(texts, MOST_QR_CODES)),
            text="".join(letters)[:MOST_LETTERS],
        )


def _first_pages(document: pypdfium2.PdfDocument) -> Iterator[pypdfium2.PdfPage]:
    for number in range(min(len(document), MOST_PAGES)):
        yield document[number]


def _qr_texts(page: pypdfium2.PdfPage) -> list[str]:
    scale = min(SCALE, LARGEST_SIDE / max(page.get_size()))
    picture = page.render(scale=scale, grayscale=True)
    rows = memoryview(picture.buffer).cast("B").cast("B", (picture.height, picture.stride))
    found = zxingcpp.read_barcodes(rows, formats=QR)
    return [code.text[:LONGEST_QR] for code in found]


def _letters(page: pypdfium2.PdfPage) -> str:
    """Without spaces: where they stand between drawn letters is anybody's guess."""
    return "".join(page.get_textpage().get_text_bounded().split())
