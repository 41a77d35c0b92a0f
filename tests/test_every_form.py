"""Every specification × edition × output: issued, sealed, verified, and judged by strangers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
import zxingcpp
from PIL import Image
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DiffResult, ModificationLevel

from forms_server.documents.checking import check_pdf
from forms_server.documents.data_xml import write_schema
from forms_server.documents.deferred import Wording, sign_with_key
from forms_server.documents.qr_seal import read_seal
from forms_server.documents.signing import FIELD_NAME, Sealer
from forms_server.fields.registry import TYPES
from forms_server.languages import OUTPUTS
from forms_server.services.certificates import look_up
from forms_server.services.file_checks import verify_pdf
from forms_server.services.issuing import issue, pdf_of
from forms_server.services.reasons import Verdict
from forms_server.services.workshop import Workshop
from forms_server.specs.model import Edition
from forms_server.specs.reading import read_forms
from forms_server.storage.records import DocumentRecord
from forms_server.trust_settings import SealLevel
from tests.authority import make_authority, make_seal_keys
from tests.documents.stamped import completed
from tests.judges import (
    ROOT,
    pdf_text,
    pdfsig,
    qpdf_check,
    run,
    trusted_nss_db,
    verapdf_both,
    xmllint_schema,
)
from tests.responders import Responders
from tests.workshop import NOW, actor_in, sample_of

EDITIONS = {
    edition.key: edition for form in read_forms(ROOT, TYPES).values() for edition in form.editions
}
CASES = [(key, output) for key in EDITIONS for output in OUTPUTS]
every_case = pytest.mark.parametrize(("key", "output"), CASES)
DPI = 150
END_OF_FILE = b"%%EOF\n"
WORDING = Wording(
    words=("ЭЦҚ қойылды / Подписано ЭЦП", "Үлгіева Әсел Ұланқызы", "22.11.2026 13:20", "№ 1f2e3d"),
    reason="r",
    location="0000",
    name="Үлгіева Әсел Ұланқызы",
    signed_at=NOW,
)


@dataclass(frozen=True, slots=True)
class Paper:
    """One issued document and where its file lies."""

    edition: Edition
    record: DocumentRecord
    path: Path

    @property
    def has_signers(self) -> bool:
        """Whether anybody may sign it electronically."""
        return any(spec.is_electronic for spec in self.edition.signatures)


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


@pytest.fixture(scope="module")
def signed(
    papers: Papers, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[tuple[str, str], Path]:
    """Every case signed by all its electronic signers, the first of them first."""
    folder = tmp_path_factory.mktemp("signed")
    key = make_seal_keys(make_authority(NOW, name="Throw-away persons"), NOW)
    paths = {}
    for case, paper in papers.items():
        pdf = paper.path.read_bytes()
        for number, name in enumerate(empty_fields(pdf), 1):
            pdf = sign_with_key(pdf, name, WORDING, key)
            (folder / f"{paper.path.stem}-{number}.pdf").write_bytes(pdf)
        paths[case] = folder / f"{paper.path.stem}.pdf"
        paths[case].write_bytes(pdf)
    return paths


def empty_fields(pdf: bytes) -> list[str]:
    with pikepdf.open(BytesIO(pdf)) as opened:
        fields = [*opened.Root.get("/AcroForm", {}).get("/Fields", ())]
        return [str(field.T) for field in fields if "/V" not in field]


def test_whoever_signed_they_keep_to_both_standards(
    papers: Papers,
    signed: Mapping[tuple[str, str], Path],
    responders: Responders,
    tmp_path: Path,
) -> None:
    """With all signatures in every language; with none and with one of several in a language."""
    sealed_only = [papers[key, "kk"].path for key in EDITIONS if papers[key, "kk"].has_signers]
    by_one = [
        path.with_stem(f"{path.stem}-1") for (_, output), path in signed.items() if output == "ru"
    ]
    stamped = [
        time_stamped(papers[case], responders, tmp_path)
        for case in [("mse-12/2025-05-02", "kk-ru"), ("mse-01/2025-05-02", "kk")]
    ]
    paths = [*signed.values(), *sealed_only, *filter(Path.is_file, by_one), *stamped]
    for path in paths:
        qpdf_check(path)
    verapdf_both(paths)


def time_stamped(paper: Paper, responders: Responders, folder: Path) -> Path:
    """The paper sealed, signed by all and completed to PAdES B-LTA by authorities of the tests."""
    sealed = paper.path.read_bytes()
    pdf = sealed[: sealed.index(END_OF_FILE) + len(END_OF_FILE)]
    names = empty_fields(pdf)
    seal = Sealer(responders.issue("Throw-away seal", NOW))
    pdf = seal.seal(pdf, reason="r", location="0000", signed_at=NOW)
    for name in names:
        pdf = sign_with_key(pdf, name, WORDING, responders.issue("Throw-away person", NOW))
    completion = completed(responders, pdf, SealLevel.B_LTA)
    assert completion.missing is None
    path = folder / f"{paper.path.stem}-b-lta.pdf"
    path.write_bytes(completion.pdf)
    return path


def test_strangers_agree_on_every_signature(
    papers: Papers, signed: Mapping[tuple[str, str], Path]
) -> None:
    """``pdfsig``: all are valid. pyHanko, in one language: only what the seal permits was added."""
    for case, path in signed.items():
        if not papers[case].has_signers:
            continue
        names = empty_fields(papers[case].path.read_bytes())
        assert [each.field for each in pdfsig(path)] == [FIELD_NAME, *names]
        if case[1] != "ru":
            continue
        reader = PdfFileReader(BytesIO(path.read_bytes()))
        *earlier, newest = reader.embedded_signatures
        assert newest.field_name == names[-1]
        for each in earlier:
            each.compute_integrity_info()
            changes = each.diff_result
            assert isinstance(changes, DiffResult), f"{path.name}: {changes}"
            assert changes.modification_level is ModificationLevel.FORM_FILLING


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
