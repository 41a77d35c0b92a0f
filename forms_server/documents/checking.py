"""Say what holds of a PDF's signatures; with ``signing``, the only module that knows pyHanko.

Whatever a hostile file does to the libraries ends here as a ``DocumentError``.
"""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import NameOID
from pyhanko.keys.internal import translate_pyca_cryptography_cert_to_asn1
from pyhanko.pdf_utils.generic import DictionaryObject
from pyhanko.pdf_utils.misc import PdfDecodeLimitError, PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature, async_validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from forms_server.documents.signing_keys import is_development
from forms_server.errors import DocumentError

LARGEST_PDF = 20 * 1024 * 1024
"""Bytes of the largest PDF that is looked at."""
HEADER_ZONE = 1024
"""Bytes at whose beginning the header must stand (ISO 32000-1, annex H, note 13)."""

PARSER_ERRORS = (
    PdfError,
    ValueError,  # also pyHanko's SignatureValidationError and CMSExtractionError
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    NotImplementedError,
    ArithmeticError,
    UnsupportedAlgorithm,
    zlib.error,
)
"""What pyHanko and asn1crypto raise on bytes that are not what their place promises."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureFacts:
    """What is known of one signature; each fact stands for itself and none implies another.

    ``intact``: the bytes the signature covers are the ones that were signed (digest).
    ``valid``: the signature itself is the certificate's (cryptography).
    ``trusted``: intact, valid, and the certificate leads to a trusted one and was in force at
    ``signed_at``; nothing is asked of the network, so a revoked certificate is not noticed.
    ``covers_whole_file``: nothing follows the signed bytes but what the signature permits, such as
    further signatures.  ``changed_after``: something follows.
    ``signed_at``: what the signer's own clock said, ``None`` where it says nothing.
    ``signer``: the common name in the certificate, empty where the signature cannot be read.
    """

    field_name: str
    intact: bool = False
    valid: bool = False
    trusted: bool = False
    covers_whole_file: bool = False
    changed_after: bool = False
    signed_at: datetime | None = None
    signer: str = ""
    is_development: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SealReport:
    """What is known of one PDF: its signatures, oldest first, its answers and its length.

    ``data_xml`` is the file attached with ``AFRelationship`` ``Data`` (ISO 19005-3, annex E): read
    from the file as it now is, so believe it only where a signature is intact and covers the file.
    """

    signatures: tuple[SignatureFacts, ...]
    data_xml: bytes | None
    page_count: int


def check_pdf(pdf: bytes, *, trusted: Sequence[x509.Certificate]) -> SealReport:
    """What holds of the PDF's signatures, judged with these certificates as the trusted ones.

    A document time stamp is no signature and is not listed. Refuses with ``pdf-too-large``,
    ``pdf-not-a-pdf``, ``pdf-encrypted``, ``pdf-broken`` and ``pdf-too-heavy``. A stranger's file
    goes through ``isolation.check_isolated``.
    """
    check_outside(pdf)
    with _door():
        reader = PdfFileReader(BytesIO(pdf))
        if reader.encrypted:
            raise DocumentError("pdf-encrypted")
        return SealReport(
            signatures=_signatures(reader, trusted),
            data_xml=_data_xml(reader),
            page_count=int(reader.root["/Pages"]["/Count"]),
        )


def check_outside(pdf: bytes) -> None:
    """Refuses by its length and its first bytes what need not be parsed at all."""
    if len(pdf) > LARGEST_PDF:
        raise DocumentError("pdf-too-large", limit=LARGEST_PDF // 1024**2)
    if b"%PDF-" not in pdf[:HEADER_ZONE]:
        raise DocumentError("pdf-not-a-pdf")


@contextmanager
def _door() -> Iterator[None]:
    """Where the libraries' errors stop."""
    try:
        yield
    except (PdfDecodeLimitError, MemoryError, RecursionError) as error:
        raise DocumentError("pdf-too-heavy") from error
    except PARSER_ERRORS as error:
        logger.info("unreadable PDF", exc_info=error)
        raise DocumentError("pdf-broken") from error


def _signatures(
    reader: PdfFileReader, trusted: Sequence[x509.Certificate]
) -> tuple[SignatureFacts, ...]:
    """The facts of each signed field, one that cannot be read included (pyHanko passes it over)."""
    found = [
        _facts(reader, field, name=name, trusted=trusted)
        for name, value, field in enumerate_sig_fields(reader, filled_status=True)
        if value.get_object().get("/Type", "/Sig") != "/DocTimeStamp"
    ]
    return tuple(facts for _, facts in sorted(found, key=lambda each: each[0]))


def _facts(
    reader: PdfFileReader,
    field: DictionaryObject,
    *,
    name: str,
    trusted: Sequence[x509.Certificate],
) -> tuple[int, SignatureFacts]:
    """The revision that was signed, to sort by, and the facts; without facts if unreadable."""
    try:
        embedded = EmbeddedPdfSignature(reader, field, name)
        return embedded.signed_revision, _read_facts(embedded, trusted)
    except PdfDecodeLimitError:
        raise
    except PARSER_ERRORS as error:
        logger.info("unreadable signature in %r: %s", name, error)
        return reader.xrefs.total_revisions, SignatureFacts(field_name=name)


def _read_facts(
    embedded: EmbeddedPdfSignature, trusted: Sequence[x509.Certificate]
) -> SignatureFacts:
    signed_at = _signed_at(embedded)
    context = _validation_context(trusted, signed_at)
    status = asyncio.run(async_validate_pdf_signature(embedded, context))
    certificate = x509.load_der_x509_certificate(embedded.signer_cert.dump())
    return SignatureFacts(
        field_name=embedded.field_name,
        intact=status.intact,
        valid=status.valid,
        trusted=status.trusted and signed_at is not None,
        covers_whole_file=_covers_whole_file(status),
        changed_after=status.coverage is not SignatureCoverageLevel.ENTIRE_FILE,
        signed_at=signed_at,
        signer=_common_name(certificate),
        is_development=is_development(certificate),
    )


def _signed_at(embedded: EmbeddedPdfSignature) -> datetime | None:
    """A PDF date may lack its time zone (ISO 32000-1, 7.9.4): then it is read as UTC."""
    told = embedded.self_reported_timestamp
    return told.replace(tzinfo=UTC) if told and told.tzinfo is None else told


def _validation_context(
    trusted: Sequence[x509.Certificate], moment: datetime | None
) -> ValidationContext:
    roots = [translate_pyca_cryptography_cert_to_asn1(one) for one in trusted]
    return ValidationContext(trust_roots=roots, moment=moment, allow_fetching=False)


def _covers_whole_file(status: PdfSignatureStatus) -> bool:
    whole = (SignatureCoverageLevel.ENTIRE_FILE, SignatureCoverageLevel.ENTIRE_REVISION)
    return status.coverage in whole and status.docmdp_ok is True


def _common_name(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else certificate.subject.rfc4514_string()


def _data_xml(reader: PdfFileReader) -> bytes | None:
    """Read by the parser that judges the signatures: two parsers could see two different files."""
    for specification in reader.root.get("/AF", ()):
        attached = specification.get_object()
        if attached.get("/AFRelationship") == "/Data":
            return bytes(attached["/EF"]["/F"].data)
    return None
