"""The QR of real papers: with the longest address it is read from scans, and is in its place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from forms_server.documents.qr_seal import read_seal
from forms_server.services.workshop import Workshop
from forms_server.settings import LONGEST_PUBLIC_URL
from forms_server.storage.records import DocumentRecord
from tests.documents.test_qr import SCANS, scanned
from tests.judges import pdf_text, run
from tests.workshop import issue_sample, opened, settings_in

ADDRESS = "https://" + "forms.example.kz/".ljust(LONGEST_PUBLIC_URL - len("https://"), "x")
OFFICE = "0000000001"
FORMS = ("mse-01", "assistance-06", "prosthetics-07", "mse-17")
"""Portrait and landscape; a QR beside a page's last words, and one under a journal."""
PRINTED_DPI = 600
SCANNED_DPI = 150


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    home = tmp_path_factory.mktemp("home")
    variables = {"FORMS_SERVER_PUBLIC_URL": ADDRESS, "FORMS_SERVER_OFFICE_CODE": OFFICE}
    with opened(settings_in(home, **variables)) as workshop:
        yield workshop


def drawn(pdf: Path, number: int, *, dpi: int) -> Image.Image:
    """Page ``number`` in grey."""
    pages = ("-f", str(number), "-l", str(number), "-singlefile")
    answer = run("pdftoppm", "-gray", "-r", str(dpi), *pages, str(pdf), str(pdf.with_suffix("")))
    assert answer.returncode == 0, answer.stderr
    with Image.open(pdf.with_suffix(".pgm")) as picture:
        return picture.convert("L")


def page_with_qr(pdf: Path) -> tuple[int, Image.Image, zxingcpp.Barcode]:
    """The number of the page on which there is a QR, the page scanned, and the QR."""
    for number, _ in enumerate(pdf_text(pdf).split("\f"), 1):
        page = drawn(pdf, number, dpi=SCANNED_DPI)
        found = zxingcpp.read_barcodes(page, formats=zxingcpp.BarcodeFormat.QRCode)
        if found:
            return number, page, found[0]
    raise AssertionError("no QR was read")


def paper_of(workshop: Workshop, record: DocumentRecord, folder: Path) -> Path:
    assert record.blob_key is not None
    path = folder / "paper.pdf"
    path.write_bytes(workshop.blobs.get(record.blob_key))
    return path


@pytest.mark.parametrize("form", FORMS)
def test_it_is_read_from_a_scan(workshop: Workshop, tmp_path: Path, form: str) -> None:
    record = issue_sample(workshop, form)
    _, page, code = page_with_qr(paper_of(workshop, record, tmp_path))

    before, _, rest = code.text.partition("/v/")
    token, _, seal = rest.partition("#")
    assert before == ADDRESS
    assert token == record.token
    assert len(code.text.encode()) <= 350
    payload = read_seal(seal, workshop.qr_keys.jwks)
    assert (payload.number, payload.office) == (record.number, OFFICE)
    assert payload.masked_name == record.masked_name

    place = code.position
    corners = [place.top_left, place.top_right, place.bottom_left, place.bottom_right]
    millimetres = 25.4 / SCANNED_DPI
    assert 29 <= (place.top_right.x - place.top_left.x) * millimetres <= 31.5
    edges = [edge for corner in corners for edge in (corner.x, page.width - corner.x)]
    edges += [edge for corner in corners for edge in (corner.y, page.height - corner.y)]
    assert min(edges) * millimetres >= 10


def test_it_is_read_from_bad_scans(workshop: Workshop, tmp_path: Path) -> None:
    """As one holds a paper to a camera: the QR and a centimetre around it."""
    pdf = paper_of(workshop, issue_sample(workshop), tmp_path)
    number, _, code = page_with_qr(pdf)
    printed = drawn(pdf, number, dpi=PRINTED_DPI)
    times, around = PRINTED_DPI // SCANNED_DPI, 10 * PRINTED_DPI // 25
    left, top = code.position.top_left.x * times - around, code.position.top_left.y * times - around
    side = (code.position.top_right.x - code.position.top_left.x) * times + 2 * around
    seen = printed.crop((left, top, left + side, top + side))
    read = {}
    for defect, scan in SCANS.items():
        page = scanned(seen, **scan)  # type: ignore[arg-type]
        codes = zxingcpp.read_barcodes(page, formats=zxingcpp.BarcodeFormat.QRCode)
        read[defect] = [found.text == code.text for found in codes]
    assert read == {defect: [True] for defect in SCANS}
