"""The judges themselves: each accepts what is right and says what is wrong."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
import qrcode
import weasyprint
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter

from tests import judges

ADDRESS = "http://127.0.0.1:8000/v/abc"
PAGE = """<!doctype html><html lang="kk"><head><title>Өтініш</title>
<meta name="description" content="t"></head>
<body style="font-family: Liberation Serif"><h1>Өтініш</h1><p>Құжат нөмірі 7</p>
<img src="qr.png" alt="QR" style="width: 4cm; image-rendering: pixelated"></body></html>"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("judges")


@pytest.fixture(scope="module")
def plain_pdf(folder: Path) -> Path:
    """Make a PDF/A-3a with a QR code on its only page."""
    qrcode.make(ADDRESS).save(folder / "qr.png")
    path = folder / "plain.pdf"
    weasyprint.HTML(string=PAGE, base_url=str(folder)).write_pdf(
        path, pdf_variant="pdf/a-3a", pdf_tags=True
    )
    return path


@pytest.fixture(scope="module")
def authority(folder: Path) -> Path:
    """Make a throw-away authority (its certificate) and a seal of it: ``seal.pem``, ``key.pem``."""
    authority_key, seal_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = certify("Throw-away authority", authority_key, authority_key, is_authority=True)
    seal = certify("Throw-away seal", seal_key, authority_key, is_authority=False)
    (folder / "seal.pem").write_bytes(seal.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        seal_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    path = folder / "authority.pem"
    path.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    return path


def certify(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    authority_key: ec.EllipticCurvePrivateKey,
    *,
    is_authority: bool,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    subject, issuer = (
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
        for text in (name, "Throw-away authority")
    )
    constraints = x509.BasicConstraints(ca=is_authority, path_length=None)
    number = x509.random_serial_number()
    return (
        x509.CertificateBuilder(issuer, subject, key.public_key(), number)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(constraints, critical=True)
        .sign(authority_key, hashes.SHA256())
    )


@pytest.fixture(scope="module")
def sealed_pdf(folder: Path, plain_pdf: Path, authority: Path) -> Path:
    """Sign the plain file with the throw-away seal, PAdES."""
    signer = signers.SimpleSigner.load(
        str(folder / "key.pem"), str(folder / "seal.pem"), ca_chain_files=(str(authority),)
    )
    metadata = signers.PdfSignatureMetadata(field_name="Seal", subfilter=SigSeedSubFilter.PADES)
    path = folder / "sealed.pdf"
    with plain_pdf.open("rb") as source, path.open("wb") as target:
        signers.sign_pdf(IncrementalPdfFileWriter(source), metadata, signer=signer, output=target)
    return path


def test_pdfsig_accepts_a_seal_that_the_database_trusts(
    sealed_pdf: Path, authority: Path, tmp_path: Path
) -> None:
    (seal,) = judges.pdfsig(sealed_pdf, judges.trusted_nss_db(authority, tmp_path))

    assert seal.signer == "Throw-away seal"
    assert seal.kind == "ETSI.CAdES.detached"
    assert seal.covers_whole_file


def test_pdfsig_does_not_trust_a_stranger(sealed_pdf: Path) -> None:
    (seal,) = judges.pdfsig(sealed_pdf)

    assert not seal.is_trusted


def test_pdfsig_sees_one_changed_byte(sealed_pdf: Path, tmp_path: Path) -> None:
    altered = tmp_path / "altered.pdf"
    altered.write_bytes(sealed_pdf.read_bytes().replace(b"%PDF-1.7", b"%PDF-1.6"))

    (seal,) = judges.pdfsig_facts(altered)

    assert not seal.is_valid
    with pytest.raises(AssertionError, match="Digest Mismatch"):
        judges.pdfsig(altered)


def test_pdfsig_refuses_a_file_without_a_signature(plain_pdf: Path) -> None:
    with pytest.raises(AssertionError, match="does not contain any signatures"):
        judges.pdfsig(plain_pdf)


def test_qpdf_accepts_a_file_and_refuses_half_of_it(sealed_pdf: Path, tmp_path: Path) -> None:
    half = tmp_path / "half.pdf"
    half.write_bytes(sealed_pdf.read_bytes()[:5000])

    assert "No syntax or stream encoding errors found" in judges.qpdf_check(sealed_pdf)
    with pytest.raises(AssertionError, match="qpdf"):
        judges.qpdf_check(half)


def test_verapdf_judges_many_files_in_one_run(
    plain_pdf: Path, sealed_pdf: Path, tmp_path: Path
) -> None:
    no_archive = tmp_path / "no-archive.pdf"
    weasyprint.HTML(string=PAGE.replace("<img", "<br")).write_pdf(no_archive)

    judged = judges.verapdf_verdicts([plain_pdf, no_archive, sealed_pdf])

    assert [verdict.is_compliant for verdict in judged] == [True, False, True], judged
    assert judged[1].failures


def test_verapdf_names_the_broken_clause(tmp_path: Path) -> None:
    path = tmp_path / "no-archive.pdf"
    weasyprint.HTML(string="<p>a").write_pdf(path)

    with pytest.raises(AssertionError, match=r"no-archive\.pdf is not PDF/A-3A.*\n.*6\.\d"):
        judges.verapdf(path)


def test_verapdf_misses_the_standard_that_a_file_does_not_name(tmp_path: Path) -> None:
    path = tmp_path / "no-archive.pdf"
    weasyprint.HTML(string="<p>a").write_pdf(path)

    with pytest.raises(AssertionError, match=r"no-archive\.pdf"):
        judges.verapdf_both([path])


def test_the_reader_reads_the_qr_and_the_text_from_the_page(
    plain_pdf: Path, tmp_path: Path
) -> None:
    (page,) = judges.pdf_pages_png(plain_pdf, 150, tmp_path)

    assert judges.read_qr(page) == ADDRESS
    assert "Құжат нөмірі 7" in judges.pdf_text(plain_pdf)


def test_xmllint_says_which_element_breaks_the_schema(tmp_path: Path) -> None:
    schema = tmp_path / "a.xsd"
    schema.write_text(
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">'
        '<xs:element name="a" type="xs:integer"/></xs:schema>'
    )
    right, wrong = tmp_path / "right.xml", tmp_path / "wrong.xml"
    right.write_text("<a>7</a>")
    wrong.write_text("<a>seven</a>")

    assert "validates" in judges.xmllint_schema(right, schema)
    with pytest.raises(AssertionError, match="seven"):
        judges.xmllint_schema(wrong, schema)


def test_a_missing_program_says_how_to_install_it() -> None:
    with pytest.raises(AssertionError, match="no-such-judge is missing: make setup-tests"):
        judges.run("no-such-judge")
