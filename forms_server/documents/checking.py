"""Say what holds of a PDF's signatures; with ``signing``, the only module that knows pyHanko.

Whatever a hostile file does to the libraries ends here as a ``DocumentError``.
"""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.generic import DictionaryObject
from pyhanko.pdf_utils.misc import PdfDecodeLimitError, PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DiffResult
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation.pdf_embedded import (
    EmbeddedPdfSignature,
    async_validate_pdf_signature,
    async_validate_pdf_timestamp,
)
from pyhanko.sign.validation.status import (
    DocumentTimestampStatus,
    PdfSignatureStatus,
    SignatureCoverageLevel,
)
from pyhanko_certvalidator import ValidationContext

from forms_server.documents.additions import (
    fills_its_gap,
    has_loose_end,
    is_written_over,
    shadow_after,
)
from forms_server.documents.certificates import to_asn1
from forms_server.documents.der import UNREADABLE
from forms_server.documents.pdf_reader import QuickReader
from forms_server.documents.signature_facts import (
    Addition,
    Authorities,
    SealReport,
    Shadow,
    SignatureFacts,
    SignatureKind,
)
from forms_server.documents.signing import FIELD_NAME
from forms_server.documents.signing_keys import is_development
from forms_server.documents.trust import (
    StampFacts,
    Trust,
    judge,
    judge_time_stamps,
    stated_time,
)
from forms_server.errors import DocumentError

LARGEST_PDF = 20 * 1024 * 1024
"""Bytes of the largest PDF that is looked at."""
HEADER_ZONE = 1024
"""Bytes at whose beginning the header must stand (ISO 32000-1, annex H, note 13)."""

PARSER_ERRORS = (PdfError, zlib.error, *UNREADABLE)
"""What pyHanko and asn1crypto raise on bytes that are not what their place promises."""

logger = logging.getLogger(__name__)


GOST = "1.2.398."
"""Where the object identifiers of Kazakhstan's own algorithms begin."""


@dataclass(frozen=True, slots=True)
class _File:
    """What every signature of one file is judged with."""

    pdf: bytes
    reader: PdfFileReader
    authorities: Authorities
    at: datetime
    has_loose_end: bool
    signature_fields: frozenset[str]
    stamps: Mapping[int, StampFacts]
    """Document time stamps by the revision that they are."""


def check_pdf(
    pdf: bytes,
    *,
    trusted: Sequence[x509.Certificate],
    persons: Sequence[x509.Certificate] = (),
    own: Sequence[x509.Certificate] = (),
    at: datetime | None = None,
) -> SealReport:
    """What holds of the PDF's signatures, as of ``at`` (now, if it is left out).

    ``trusted`` are the authorities of seals and time stamps, ``persons`` those of persons, ``own``
    the certificates that this office seals or sealed with: see ``Authorities``.

    Refuses with ``pdf-too-large``, ``pdf-not-a-pdf``, ``pdf-encrypted``, ``pdf-broken`` and
    ``pdf-too-heavy``. A stranger's file goes through ``isolation.check_isolated``.
    """
    check_outside(pdf)
    with _door():
        reader = QuickReader(pdf)
        if reader.encrypted:
            raise DocumentError("pdf-encrypted")
        authorities = Authorities(seals=trusted, persons=persons, own=own)
        signatures = _signatures(_open(pdf, reader, authorities, at or datetime.now(UTC)))
        return SealReport(
            signatures=tuple(facts for facts, _ in signatures),
            data_xml=_data_xml(reader),
            page_count=int(reader.root["/Pages"]["/Count"]),
            revisions=reader.xrefs.total_revisions,
            is_same_structure=all(in_place for _, in_place in signatures),
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


def _open(pdf: bytes, reader: PdfFileReader, authorities: Authorities, at: datetime) -> _File:
    seals = to_asn1(authorities.seals)
    stamps = asyncio.run(judge_time_stamps(reader, seals, at=at))
    return _File(
        pdf=pdf,
        reader=reader,
        authorities=authorities,
        at=at,
        has_loose_end=has_loose_end(reader, pdf),
        signature_fields=frozenset(name for name, _, _ in enumerate_sig_fields(reader)),
        stamps={stamp.revision: stamp for stamp in stamps},
    )


def _signatures(file: _File) -> list[tuple[SignatureFacts, bool]]:
    """The facts of each signed field, oldest first, and whether it stands where its range says.

    One that cannot be read is among them, which pyHanko itself passes over.
    """
    fields = enumerate_sig_fields(file.reader, filled_status=True)
    found = [(str(name), _embedded(file, field, name)) for name, _, field in fields]
    readable = [embedded for _, embedded in found if embedded is not None]
    facts = []
    reviewed: int | None = None
    for embedded in sorted(readable, key=lambda each: each.signed_revision):
        told, in_place = _facts(file, embedded, reviewed)
        facts.append((told, in_place))
        if reviewed is None and told.added is Addition.PERMITTED:
            reviewed = embedded.signed_revision
    unreadable = (name for name, embedded in found if embedded is None)
    return [*facts, *((SignatureFacts(field_name=name), False) for name in unreadable)]


def _embedded(file: _File, field: DictionaryObject, name: str) -> EmbeddedPdfSignature | None:
    try:
        return EmbeddedPdfSignature(file.reader, field, name)
    except PdfDecodeLimitError:
        raise
    except PARSER_ERRORS as error:
        logger.info("unreadable signature in %r: %s", name, error)
        return None


def _facts(
    file: _File, embedded: EmbeddedPdfSignature, reviewed: int | None
) -> tuple[SignatureFacts, bool]:
    """The facts, and whether it stands where its range says; without facts if unreadable."""
    try:
        in_place = fills_its_gap(file.pdf, embedded.byte_range, embedded.pkcs7_content)
        return _read_facts(file, embedded, in_place, reviewed), in_place
    except PdfDecodeLimitError:
        raise
    except PARSER_ERRORS as error:
        logger.info("unreadable signature in %r: %s", embedded.field_name, error)
        return SignatureFacts(field_name=str(embedded.field_name)), False


def _read_facts(
    file: _File, embedded: EmbeddedPdfSignature, in_place: bool, reviewed: int | None
) -> SignatureFacts:
    """What the certificate and the dictionary say, then what the checks add to it."""
    told = _told(file, embedded)
    if not told.is_checked:
        return told
    is_reviewed = _is_reviewed(file, embedded, reviewed)
    status = _status(file, embedded, told, is_reviewed)
    added = _added(file, embedded, status, is_reviewed) if in_place else Addition.OTHER
    trust = _trust(file, embedded, told)
    code = trust.code or _weakness(status)
    return replace(
        told,
        intact=status.intact,
        valid=status.valid,
        trusted=status.intact and status.valid and code is None,
        trust_code=code,
        covers_whole_file=_covers_whole_file(added, status),
        changed_after=added is not Addition.NOTHING,
        added=added,
        shadow=_shadow(file, embedded) if in_place and added is Addition.OTHER else None,
        time_stamped_at=trust.time_stamped_at,
        level=trust.level or None,
        revocation=trust.revocation,
    )


def _is_reviewed(file: _File, embedded: EmbeddedPdfSignature, reviewed: int | None) -> bool:
    """Whether the review of an earlier signature has judged what follows this one as well.

    It has, where nothing that was written between the two is written over afterwards: then the
    same objects change in the same way, seen from either. A signature with wishes of its own about
    later changes (DocMDP, FieldMDP) is reviewed by itself. Reviews are most of a check's time.
    """
    if reviewed is None or embedded.docmdp_level is not None or embedded.fieldmdp is not None:
        return False
    return not is_written_over(file.reader, reviewed, embedded.signed_revision)


def _roots(file: _File, kind: SignatureKind) -> Sequence[x509.Certificate]:
    authorities = file.authorities
    return authorities.persons if kind is SignatureKind.PERSON else authorities.seals


def _trust(file: _File, embedded: EmbeddedPdfSignature, told: SignatureFacts) -> Trust:
    """A seal's certificate is never a person's, whoever issued it."""
    if told.kind is SignatureKind.TIME_STAMP:
        stamp = file.stamps[embedded.signed_revision]
        return Trust(is_trusted=stamp.code is None, code=stamp.code, time_stamped_at=stamp.at)
    stamps = tuple(file.stamps.values())
    trust = judge(embedded, _roots(file, told.kind), at=file.at, stamps=stamps)
    if told.kind is SignatureKind.PERSON and told.is_ours:
        return replace(trust, is_trusted=False, code="certificate-not-a-person")
    return trust


def _weakness(status: PdfSignatureStatus | DocumentTimestampStatus) -> str | None:
    """A digest or a key that is no longer trusted (ETSI TS 119 312)."""
    problem = status.trust_problem_indic
    is_weak = problem is not None and problem.standard_name.startswith("CRYPTO_CONSTRAINTS")
    return "algorithm-weak" if is_weak else None


def _told(file: _File, embedded: EmbeddedPdfSignature) -> SignatureFacts:
    """What a signature says of itself; nothing of it is checked yet."""
    certificate = x509.load_der_x509_certificate(embedded.signer_cert.dump())
    signature, digest = (
        embedded.signer_info[name]["algorithm"]
        for name in ("signature_algorithm", "digest_algorithm")
    )
    kind = _kind(file.reader, embedded)
    return SignatureFacts(
        field_name=str(embedded.field_name),
        kind=kind,
        is_checked=not any(each.dotted.startswith(GOST) for each in (signature, digest)),
        is_ours=certificate in file.authorities.own,
        signed_at=stated_time(embedded) if kind is not SignatureKind.TIME_STAMP else None,
        signer=_common_name(certificate),
        serial_number=f"{certificate.serial_number:x}",
        certificate_from=certificate.not_valid_before_utc,
        certificate_until=certificate.not_valid_after_utc,
        algorithm=f"{signature.native} {digest.native}",
        is_development=is_development(certificate),
    )


def _kind(reader: PdfFileReader, embedded: EmbeddedPdfSignature) -> SignatureKind:
    if embedded.sig_object_type == "/DocTimeStamp":
        return SignatureKind.TIME_STAMP
    is_seal = embedded.field_name == FIELD_NAME and _certifies(reader, embedded)
    return SignatureKind.SEAL if is_seal else SignatureKind.PERSON


def _certifies(reader: PdfFileReader, embedded: EmbeddedPdfSignature) -> bool:
    """Whether the catalogue names this very signature as the one that certifies the document."""
    permissions = reader.root.get("/Perms", {})
    named = permissions.raw_get("/DocMDP") if "/DocMDP" in permissions else None
    is_named = named is not None and named == embedded.sig_field.raw_get("/V")
    return is_named and embedded.docmdp_level is not None


def _status(
    file: _File, embedded: EmbeddedPdfSignature, told: SignatureFacts, is_reviewed: bool
) -> PdfSignatureStatus | DocumentTimestampStatus:
    """What pyHanko finds of the bytes; ``trust`` judges the certificate."""
    roots = to_asn1(_roots(file, told.kind))
    context = ValidationContext(trust_roots=roots, moment=told.signed_at, allow_fetching=False)
    if told.kind is SignatureKind.TIME_STAMP:
        return asyncio.run(async_validate_pdf_timestamp(embedded, context, skip_diff=is_reviewed))
    return asyncio.run(async_validate_pdf_signature(embedded, context, skip_diff=is_reviewed))


def _added(
    file: _File,
    embedded: EmbeddedPdfSignature,
    status: PdfSignatureStatus | DocumentTimestampStatus,
    is_reviewed: bool,
) -> Addition:
    """What follows the signed bytes of a signature that fills its gap."""
    if status.coverage is SignatureCoverageLevel.ENTIRE_FILE:
        return Addition.NOTHING
    is_last = embedded.signed_revision == file.reader.xrefs.total_revisions - 1
    is_loose = file.has_loose_end or is_last  # what follows the last revision is none
    if status.coverage is not SignatureCoverageLevel.ENTIRE_REVISION or is_loose:
        return Addition.OTHER
    if is_reviewed:
        return Addition.PERMITTED
    changes = status.diff_result
    if not isinstance(changes, DiffResult):
        return Addition.OTHER
    if changes.changed_form_fields - file.signature_fields:
        return Addition.FORM_FILLING
    return Addition.PERMITTED if _is_permitted(status) else Addition.OTHER


def _covers_whole_file(
    added: Addition, status: PdfSignatureStatus | DocumentTimestampStatus
) -> bool:
    is_permitted_filling = added is Addition.FORM_FILLING and _is_permitted(status)
    return added in {Addition.NOTHING, Addition.PERMITTED} or is_permitted_filling


def _is_permitted(status: PdfSignatureStatus | DocumentTimestampStatus) -> bool:
    """By what the signature itself says of later changes (DocMDP, ISO 32000-2, 12.8.2.2)."""
    return isinstance(status, DocumentTimestampStatus) or status.docmdp_ok is True


def _shadow(file: _File, embedded: EmbeddedPdfSignature) -> Shadow | None:
    _, _, start, rest = map(int, embedded.byte_range)
    return shadow_after(file.reader, embedded.signed_revision, start + rest)


def _common_name(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else certificate.subject.rfc4514_string()


def _data_xml(reader: PdfFileReader) -> bytes | None:
    """Read by the parser that judges the signatures: two parsers could see two different files."""
    for specification in reader.root.get("/AF", ()):
        attached = specification.get_object()
        if attached.get("/AFRelationship") == "/Data":
            return _decoded(attached["/EF"]["/F"])
    return None


def _decoded(stream: Any) -> bytes:
    """What cannot be inflated is no data, but the signatures are to be judged all the same."""
    try:
        return bytes(stream.data)
    except PdfDecodeLimitError:
        raise
    except PARSER_ERRORS as error:
        logger.info("unreadable data: %s", error)
        return b""
