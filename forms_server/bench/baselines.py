"""What we are measured against: the naive pipeline of the libraries' first pages, and Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from shutil import which

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from pyhanko.keys.internal import translate_pyca_cryptography_cert_to_asn1
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, SimpleSigner, sign_pdf
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from weasyprint import HTML

from forms_server.bench.subjects import Subject
from forms_server.documents.signing import AppendingWriter

try:
    from playwright.sync_api import sync_playwright
except ImportError:  # a production installation has no browser; the report then says so
    sync_playwright = None  # type: ignore[assignment]

PASSPHRASE = b"bench"
BROWSER = "chromium-headless-shell"
CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def has_chromium() -> bool:
    """Whether the browser and its driver are installed."""
    return sync_playwright is not None and which(BROWSER) is not None


def naive(subject: Subject) -> Callable[[], bytes]:
    """As the libraries' first pages show it: inline CSS, auto tables, PKCS#12 read each time."""
    auto = subject.style.replace("table-layout: fixed", "table-layout: auto")
    html = subject.html().replace("</head>", f"<style>{auto}</style></head>")
    p12 = subject.workshop.settings.home / "naive.p12"
    p12.write_bytes(_rsa_p12())

    def pipeline() -> bytes:
        pdf = HTML(string=html).write_pdf()
        signer = SimpleSigner.load_pkcs12(str(p12), passphrase=PASSPHRASE)  # type: ignore[no-untyped-call]
        metadata = PdfSignatureMetadata(field_name="Seal", subfilter=SigSeedSubFilter.PADES)
        signed = sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf)), metadata, signer=signer)
        return bytes(signed.getbuffer())

    return pipeline


def add_signatures(pdf: bytes, folder: Path, fields: Sequence[str]) -> bytes:
    """The file with these fields signed by somebody whom nobody knows; what is not there is made,
    invisible.
    """
    p12 = folder / "person.p12"
    p12.write_bytes(_rsa_p12())
    signer = SimpleSigner.load_pkcs12(str(p12), passphrase=PASSPHRASE)  # type: ignore[no-untyped-call]
    for name in fields:
        metadata = PdfSignatureMetadata(field_name=name)
        writer = AppendingWriter(BytesIO(pdf))
        pdf = bytes(sign_pdf(writer, metadata, signer=signer).getbuffer())
    return pdf


def validate_plainly(pdf: bytes, trusted: Sequence[x509.Certificate]) -> int:
    """pyHanko's validation of each signature, as its documentation has it; their count."""
    roots = [translate_pyca_cryptography_cert_to_asn1(each) for each in trusted]
    signatures = PdfFileReader(BytesIO(pdf)).embedded_regular_signatures
    for embedded in signatures:
        context = ValidationContext(trust_roots=roots, allow_fetching=False)
        validate_pdf_signature(embedded, context)
    return len(signatures)


def make_rsa_key() -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    """A throw-away key of RSA-2048 and its own certificate."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bench")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return key, certificate


def _rsa_p12() -> bytes:
    key, certificate = make_rsa_key()
    encryption = BestAvailableEncryption(PASSPHRASE)
    return pkcs12.serialize_key_and_certificates(b"bench", key, certificate, None, encryption)


@contextmanager
def chromium(subject: Subject) -> Iterator[tuple[Callable[[], bytes], Callable[[], bytes]]]:
    """A warm browser that prints the same HTML with the same style sheet, without tags and with.

    It seals nothing.

    It lives in a thread of its own: Playwright keeps an event loop running where it was started,
    and pyHanko cannot seal in one.
    """
    html = subject.html().replace("</head>", f"<style>{subject.style}</style></head>")
    with ThreadPoolExecutor(max_workers=1) as thread:
        playwright = thread.submit(lambda: sync_playwright().start()).result()
        browser = thread.submit(
            lambda: playwright.chromium.launch(
                executable_path=which(BROWSER), args=CHROMIUM_ARGUMENTS
            )
        ).result()
        page = thread.submit(browser.new_page).result()

        def print_page(tagged: bool) -> bytes:
            page.set_content(html)
            return bytes(page.pdf(prefer_css_page_size=True, tagged=tagged))

        yield (
            lambda: thread.submit(print_page, False).result(),
            lambda: thread.submit(print_page, True).result(),
        )
        thread.submit(browser.close).result()
        thread.submit(playwright.stop).result()
