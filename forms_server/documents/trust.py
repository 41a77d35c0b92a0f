"""Judges signatures and time stamps in a PDF: by whom, when, revoked or not, of which level.

A certificate is judged at the time that a trusted time stamp proves, else at the time that the
signer states (ETSI EN 319 102-1, 5.5), and by what the file itself holds; nobody is asked.
Without a time stamp no signature is older than the revocation that the file knows of.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from asn1crypto import cms, tsp
from cryptography import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation.generic_cms import get_signing_cert_attr, validate_tst_signed_data
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from forms_server.documents.additions import fills_its_gap
from forms_server.documents.certificates import (
    Certificates,
    Evidence,
    Revocation,
    ask_revocation,
    certificates_in,
    is_for_time_stamps,
    path_problem,
    problem_of,
    read_evidence,
    revocation_of,
    revoked_before,
    to_asn1,
    validation_context,
)
from forms_server.documents.der import UNREADABLE

IMPRINTS = ("sha256", "sha384", "sha512")
"""Digests that a time stamp may be of."""
LARGEST_CLOCK_DIFFERENCE = timedelta(minutes=5)
"""Between an authority's clock and ours; beyond it one of them is wrong."""
COVERING = (SignatureCoverageLevel.ENTIRE_REVISION, SignatureCoverageLevel.ENTIRE_FILE)

ANSWERS = {"good": None, "revoked": "certificate-revoked", "unknown": "revocation-unknown"}
"""What the state of revocation says of a certificate that must not be revoked."""

Imprint = Callable[[str], bytes]
"""The digest, by the named algorithm, of what a token should be a time stamp of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What is known of who made a signature in a PDF and when; whether it is intact is not asked.

    ``code`` says why it is not trusted: ``certificate-untrusted``, ``-expired``, ``-not-yet``,
    ``-revoked``, ``-usage``, or ``signing-time-missing``. ``time_stamped_at`` is the oldest time
    that a trusted time stamp proves; ``time_stamp_code`` says what is wrong with time stamps that
    follow the signature if none of them is trusted: ``time-stamp-altered``, ``-untrusted``,
    ``-expired``. ``level`` is the PAdES level that the file reaches (``B-B`` … ``B-LTA``), empty
    where the signature is of another kind. ``revocation`` is ``good``, ``revoked`` or ``unknown``
    by what the file holds; ``revoked_at`` is when.
    """

    is_trusted: bool
    code: str | None = None
    time_stamped_at: datetime | None = None
    time_stamp_code: str | None = None
    level: str = ""
    revocation: str = "unknown"
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StampFacts:
    """A document time stamp: its revision of the file, its time, and what is wrong with it."""

    revision: int
    at: datetime | None
    code: str | None
    not_after: datetime | None
    """When the authority's certificate ends."""


# -- signatures in a file -------------------------------------------------------------------------


def judge(
    embedded: EmbeddedPdfSignature,
    trusted: Sequence[x509.Certificate],
    *,
    at: datetime | None = None,
    stamps: Sequence[StampFacts] | None = None,
) -> Trust:
    """Judge a signature's certificate by the file alone, as of ``at`` (now, if it is left out).

    ``stamps`` are the file's time stamps where they are judged already (:func:`judge_time_stamps`),
    as they must be where their authorities are not those of the signature. No event loop may be
    running.
    """
    return asyncio.run(_judge(embedded, to_asn1(trusted), at or datetime.now(UTC), stamps))


async def _judge(
    embedded: EmbeddedPdfSignature,
    trusted: Certificates,
    at: datetime,
    stamps: Sequence[StampFacts] | None,
) -> Trust:
    reader = embedded.reader
    if stamps is None:
        stamps = await judge_time_stamps(reader, trusted, at=at)
    later = sorted(
        (stamp for stamp in stamps if stamp.revision > embedded.signed_revision),
        key=lambda stamp: stamp.revision,
    )
    proven = [stamp.at for stamp in later if stamp.code is None and stamp.at]
    stamped_at = min(proven, default=None)
    moment = stamped_at or stated_time(embedded)
    stamp_code = later[-1].code if later and not stamped_at else None
    if moment is None:
        return Trust(is_trusted=False, code="signing-time-missing", time_stamp_code=stamp_code)
    certificates = certificates_in(embedded.signed_data)
    code = await problem_of(certificates, trusted, at=moment)
    evidence = read_evidence(reader)
    revocation = await revocation_of(certificates, trusted, evidence, at=moment)
    if stamped_at is None:
        found = await revoked_before(certificates, trusted, evidence, at=at)
        revocation = found if found.state == "revoked" else revocation
    if code is None and revocation.state == "revoked":
        code = "certificate-revoked"
    is_archived = bool(stamped_at and await _is_archived(embedded, stamps, trusted, at=stamped_at))
    return Trust(
        is_trusted=code is None,
        code=code,
        time_stamped_at=stamped_at,
        time_stamp_code=stamp_code,
        level=_level(embedded, stamped_at, revocation, is_archived=is_archived),
        revocation=revocation.state,
        revoked_at=revocation.revoked_at,
    )


def _level(
    embedded: EmbeddedPdfSignature,
    stamped_at: datetime | None,
    revocation: Revocation,
    *,
    is_archived: bool,
) -> str:
    """EN 319 142-1, table 1; each level asks for the one before."""
    if embedded.sig_object.get("/SubFilter") != "/ETSI.CAdES.detached":
        return ""
    if stamped_at is None:
        return "B-B"
    if revocation.state != "good":
        return "B-T"
    return "B-LTA" if is_archived else "B-LT"


async def _is_archived(
    embedded: EmbeddedPdfSignature,
    stamps: Sequence[StampFacts],
    trusted: Certificates,
    *,
    at: datetime,
) -> bool:
    """Whether the proofs were in the file already when its newest trusted time stamp was made."""
    newest = max((stamp.revision for stamp in stamps if stamp.code is None), default=None)
    if newest is None:
        return False
    evidence = read_evidence(embedded.reader.get_historical_resolver(newest))
    certificates = certificates_in(embedded.signed_data)
    return (await revocation_of(certificates, trusted, evidence, at=at)).state == "good"


def stated_time(embedded: EmbeddedPdfSignature) -> datetime | None:
    """A PDF date may lack its time zone (ISO 32000-1, 7.9.4): then it is read as UTC."""
    told = embedded.self_reported_timestamp
    return told.replace(tzinfo=UTC) if told and told.tzinfo is None else told


# -- time stamps ----------------------------------------------------------------------------------


def time_stamps_in(reader: PdfFileReader) -> list[EmbeddedPdfSignature]:
    """The document time stamps that can be read, the oldest first."""
    found = []
    for name, value, field in enumerate_sig_fields(reader, filled_status=True):
        if value.get_object().get("/Type") != "/DocTimeStamp":
            continue
        try:
            found.append(EmbeddedPdfSignature(reader, field, name))
        except UNREADABLE:
            continue
    return sorted(found, key=lambda stamp: stamp.signed_revision)


async def judge_time_stamps(
    reader: PdfFileReader, trusted: Certificates, *, at: datetime
) -> tuple[StampFacts, ...]:
    """The file's document time stamps, the oldest first.

    They are judged from the newest to the oldest, each at the time that the next newer trusted one
    proves (EN 319 102-1, 5.6.3).
    """
    judged = []
    moment = at
    evidence = read_evidence(reader)
    for stamp in reversed(time_stamps_in(reader)):
        code = await _stamp_problem(stamp, trusted, evidence, at=moment)
        told = _told(stamp.signed_data)
        judged.append(
            StampFacts(
                revision=stamp.signed_revision,
                at=told,
                code=code,
                not_after=certificates_in(stamp.signed_data)[0].not_valid_after,
            )
        )
        moment = told if told and code is None else moment
    return tuple(reversed(judged))


async def _stamp_problem(
    stamp: EmbeddedPdfSignature,
    trusted: Certificates,
    evidence: Evidence,
    *,
    at: datetime,
) -> str | None:
    try:
        if not _fills_its_gap(stamp) or stamp.evaluate_signature_coverage() not in COVERING:
            return "time-stamp-altered"
        code = await token_problem(stamp.signed_data, stamp.compute_digest, trusted, at=at)
        if code:
            return code
        certificates = certificates_in(stamp.signed_data)
        revocation = await revocation_of(certificates, trusted, evidence, at=at)
    except UNREADABLE:
        return "time-stamp-altered"
    return "time-stamp-untrusted" if revocation.state == "revoked" else None


def _fills_its_gap(stamp: EmbeddedPdfSignature) -> bool:
    stream = stamp.reader.stream
    stream.seek(0)
    return fills_its_gap(stream.read(), stamp.byte_range, stamp.pkcs7_content)


async def token_problem(
    token: cms.SignedData,
    imprint: Imprint,
    trusted: Certificates,
    *,
    at: datetime,
) -> str | None:
    """What is wrong with a time-stamp token (RFC 3161, 2.4.2) as of ``at``, ``None`` if nothing.

    ``time-stamp-altered``: it is of other bytes, or its signature is not its certificate's.
    ``time-stamp-untrusted``: the certificate leads to no trusted one, is not for time stamps (RFC
    3161, 2.3), is not named in the token, or the time lies ahead. ``time-stamp-expired``.
    """
    told = _told(token)
    if told is None or _imprint_algorithm(token) not in IMPRINTS:
        return "time-stamp-altered"
    certificates = certificates_in(token)
    context = validation_context(trusted, at=at)
    facts = await validate_tst_signed_data(token, context, imprint)
    if not (facts["intact"] and facts["valid"]):
        return "time-stamp-altered"
    if not is_for_time_stamps(certificates[0]) or not _names_its_certificate(token):
        return "time-stamp-untrusted"
    code = await path_problem(certificates, trusted, at=at)
    if code == "certificate-expired":
        return "time-stamp-expired"
    is_ahead = told > at + LARGEST_CLOCK_DIFFERENCE
    return "time-stamp-untrusted" if code or facts["trust_problem_indic"] or is_ahead else None


def _told(token: cms.SignedData) -> datetime | None:
    content = token["encap_content_info"]["content"]
    told = getattr(content, "parsed", None)
    return told["gen_time"].native if isinstance(told, tsp.TSTInfo) else None


def _imprint_algorithm(token: cms.SignedData) -> str:
    told = token["encap_content_info"]["content"].parsed
    return str(told["message_imprint"]["hash_algorithm"]["algorithm"].native)


def _names_its_certificate(token: cms.SignedData) -> bool:
    """RFC 3161, 2.4.2: the token names the authority's certificate (RFC 5035)."""
    return get_signing_cert_attr(token["signer_infos"][0]["signed_attrs"]) is not None


# -- certificates by themselves -------------------------------------------------------------------


def judge_certificate(
    certificate: x509.Certificate,
    others: Sequence[x509.Certificate],
    trusted: Sequence[x509.Certificate],
    *,
    at: datetime,
    fetch: bool,
) -> str | None:
    """``None`` if the certificate may sign documents at ``at``, else the code that says why not.

    ``certificate-untrusted``, ``-expired``, ``-not-yet``, ``-usage`` (RFC 5280, 4.2.1.3: it lacks
    ``nonRepudiation``) and, where ``fetch`` lets its OCSP responder or revocation list be asked,
    ``-revoked`` and ``revocation-unknown``. ``others`` are certificates that may stand between.
    No event loop may be running.
    """
    chain = to_asn1((certificate, *others))
    return asyncio.run(_judge_certificate(chain, to_asn1(trusted), at=at, fetch=fetch))


async def _judge_certificate(
    certificates: Certificates, trusted: Certificates, *, at: datetime, fetch: bool
) -> str | None:
    code = await problem_of(certificates, trusted, at=at)
    if code or not fetch:
        return code
    found = await ask_revocation(certificates, trusted, at=at)
    return ANSWERS[found.state]
