"""Every specification × edition × output: issued, sealed, verified, and judged by strangers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pikepdf
import pytest
import zxingcpp
from PIL import Image

from forms_server.documents.checking import check_pdf
from forms_server.documents.data_xml import write_schema
from forms_server.documents.qr_seal import read_seal
from forms_server.fields.registry import TYPES
from forms_server.languages import OUTPUTS
from forms_server.services.issuing import issue, pdf_of
from forms_server.services.certificates import look_up
from forms_server.services.file_checks import verify_pdf
from forms_server.services.reasons import Verdict
from forms_server.services.workshop import Workshop
from forms_server.specs.model import Edition
from forms_server.specs.reading import read_forms
from forms_server.storage.records import DocumentRecord
from tests.judges import (
    ROOT,
    pdf_text,
    pdfsig,
    qpdf_check,
    run,
    trusted_nss_db,
    verapdf_many,
    xmllint_schema,
)
from tests.workshop import NOW, actor_in, sample_of

EDITIONS = {
    edition.key: edition for form in read_forms(ROOT, TYPES).values() for edition in form.editions
}
CASES = [(key, output) for key in EDITIONS for output in OUTPUTS]
every_case = pytest.mark.parametrize(("key", "output"), CASES)
DPI = 150


@dataclass(frozen=True, slots=True)
class Paper:
    """One issued document and where its file lies."""

    edition: Edition
    record: DocumentRecord
    path: Path


@pytest.fixture(scope="module")
def papers(
    workshop: Workshop, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[tuple[str, str], Paper]:
    """Every case, issued by the clerk from its sample."""
    folder = tmp_path_factory.mktemp("papers")
    clerk = actor_in(workshop, "clerk")
    papers = {}
    for key, output in CASES:
        named = EDITIONS[key]
        edition = workshop.edition(named.form_id, named.id)
        assert edition is not None
        record = issue(
            workshop, edition, sample_of(workshop, edition), output=output, actor=clerk, now=NOW
        )
        path = folder / f"{key.replace('/', '-')}-{output}.pdf"
        path.write_bytes(pdf_of(workshop, record.number, actor=clerk))
        papers[key, output] = Paper(edition, record, path)
    return papers


@pytest.fixture(scope="module")
def nss(workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that trusts the development authority, for ``pdfsig``."""
    authority = workshop.settings.home / "keys" / "authority.pem"
    return trusted_nss_db(authority, tmp_path_factory.mktemp("nss"))


Papers = Mapping[tuple[str, str], Paper]


@every_case
def test_it_is_a_sound_file_that_verifies(
    workshop: Workshop, papers: Papers, key: str, output: str
) -> None:
    paper = papers[key, output]
    qpdf_check(paper.path)
    report = verify_pdf(workshop, paper.path.read_bytes(), now=NOW)
    assert report.verdict is Verdict.VALID
    assert report.certificate is not None
    assert report.certificate.number == paper.record.number


@every_case
def test_its_seal_is_trusted_by_a_stranger(
    papers: Papers, nss: Path, key: str, output: str
) -> None:
    (seal,) = pdfsig(papers[key, output].path, nss)
    assert seal.covers_whole_file
    assert "development" in seal.signer.lower()


def test_they_are_all_pdf_a(papers: Papers) -> None:
    verapdf_many([paper.path for paper in papers.values()])


@every_case
def test_its_data_are_valid_against_the_published_schema(
    workshop: Workshop, papers: Papers, tmp_path: Path, *, key: str, output: str
) -> None:
    paper = papers[key, output]
    data = check_pdf(paper.path.read_bytes(), trusted=workshop.trusted).data_xml
    assert data is not None
    (tmp_path / "data.xml").write_bytes(data)
    (tmp_path / "data.xsd").write_bytes(write_schema(paper.edition))
    xmllint_schema(tmp_path / "data.xml", tmp_path / "data.xsd")
    with pikepdf.open(paper.path) as pdf:
        assert len(pdf.Root.AF) == 1
        assert [*pdf.attachments] == [f"{paper.record.number}.xml"]


@every_case
def test_its_qr_is_read_from_the_paper(
    workshop: Workshop, papers: Papers, tmp_path: Path, *, key: str, output: str
) -> None:
    paper = papers[key, output]
    addresses = [*read_addresses(paper, tmp_path)]
    expected = 1 if paper.edition.is_bilingual_page else len(OUTPUTS[output])
    assert len(addresses) == expected * paper.edition.copies
    for address in addresses:
        told = re.fullmatch(r"http://127\.0\.0\.1:8000/v/([^#]+)#(.+)", address)
        assert told is not None
        token, seal = told.groups()
        payload = read_seal(seal, workshop.qr_keys.jwks)
        certificate = look_up(workshop, token)
        assert certificate is not None
        assert payload.number == certificate.number == paper.record.number
        assert payload.data_sha256.hex() == certificate.data_sha256
        assert payload.form == paper.edition.form_id
        assert payload.issued_on == certificate.issued_at.date()


def read_addresses(paper: Paper, folder: Path) -> Iterator[str]:
    """What the codes say, page by page; only pages that print the short code are drawn."""
    pages = pdf_text(paper.path).split("\f")
    for number, text in enumerate(pages, 1):
        if paper.record.short_code in text:
            prefix = folder / f"page-{number}"
            options = ("-gray", "-r", str(DPI), "-f", str(number), "-l", str(number), "-singlefile")
            answer = run("pdftoppm", *options, str(paper.path), str(prefix))
            assert answer.returncode == 0, answer.stderr
            with Image.open(prefix.with_suffix(".pgm")) as picture:
                codes = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)
            assert len(codes) == 1, f"page {number} of {paper.path.name}"
            yield codes[0].text


@every_case
def test_its_pages_say_number_and_office(papers: Papers, key: str, output: str) -> None:
    paper = papers[key, output]
    text = pdf_text(paper.path)
    assert paper.record.number in text
    assert paper.record.short_code in text
    languages = [*OUTPUTS[output]] if not paper.edition.is_bilingual_page else ["kk"]
    if "kk" in languages:
        assert "Үлгі бөлім" in text
    if "ru" in languages:
        assert "Образцовый отдел" in text
