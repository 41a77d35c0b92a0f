"""Completes a sealed PDF to a PAdES level: time stamps and proofs, always added, never changed.

The trusted time is a document time stamp (ETSI EN 319 142-1, 5.4; ISO 32000-2, 12.8.5), so it can
be added when the authority answers, long after the seal was put: decision 0007.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO

from aiohttp import ClientError
from asn1crypto import cms, tsp
from asn1crypto.core import Sequence
from cryptography import x509
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import InvisSigSettings, enumerate_sig_fields
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.pdf_signer import PdfTimeStamper
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from forms_server.documents.certificates import (
    UNREADABLE,
    Certificates,
    Evidence,
    ask_revocation,
    certificates_in,
    path_problem,
    read_evidence,
    revocation_of,
    to_asn1,
)
from forms_server.documents.network import SECONDS_TO_ANSWER, open_token_session
from forms_server.documents.signing import DIGEST, FIELD_NAME, AppendingWriter
from forms_server.documents.trust import (
    ANSWERS,
    LARGEST_CLOCK_DIFFERENCE,
    StampFacts,
    judge_time_stamps,
    stated_time,
    time_stamps_in,
    token_problem,
)
from forms_server.errors import DocumentError, words
from forms_server.trust_settings import SealLevel

HEADERS = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
STAMP_FIELD = "TimeStamp"
AUTHORITY_CODES = frozenset(
    {
        "time-stamp-unreachable", "time-stamp-refused", "time-stamp-unreadable",
        "time-stamp-nonce", "time-stamp-policy", "time-stamp-clock",
        "time-stamp-altered", "time-stamp-untrusted", "time-stamp-expired",
    }
)  # fmt: skip
"""What an authority may do wrong: it would do the same to the next document."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSource:
    """A time-stamp authority (RFC 3161 over HTTP) and whose certificates are believed.

    ``policy`` is the object identifier of the policy that is asked for, ``trusted`` the authorities
    of its own certificate, ``signers`` those of seals and persons.
    """

    url: str
    trusted: tuple[x509.Certificate, ...] = field(repr=False)
    signers: tuple[x509.Certificate, ...] = field(repr=False)
    policy: str | None = None
    seconds: float = SECONDS_TO_ANSWER
    tokens: dict[str, cms.ContentInfo] = field(default_factory=dict, repr=False, compare=False)
    """A token by digest algorithm: how much room the next one needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """A PDF with what could be added, and the code of what the level still lacks.

    ``stamped_at`` is the time of its newest time stamp and ``until`` the end of that authority's
    certificate: before then, the file needs a further one to be trusted beyond.
    """

    pdf: bytes = field(repr=False)
    missing: str | None = None
    stamped_at: datetime | None = None
    until: datetime | None = None


def complete(
    pdf: bytes, level: SealLevel, source: TimeSource, *, now: datetime, renew: bool = False
) -> Completion:
    """The PDF with what the level needs beyond what it holds, as incremental updates.

    B-T: a document time stamp after the newest signature. B-LT: proofs in the document security
    store that the certificates of seal, signatures and time stamps were not revoked. B-LTA: a
    document time stamp over these. ``renew``: one more proof and time stamp although there are
    some. What an authority does not give is ``missing``: ``time-stamp-…`` (``AUTHORITY_CODES``),
    ``revocation-unknown``, ``certificate-…``; what came before it is kept. A PDF that cannot be
    read or added to is refused with ``time-stamp-pdf-refused``. No event loop may be running.
    """
    work = _Work(pdf=pdf, source=source, now=now)
    try:
        return asyncio.run(_complete(work, level, renew=renew))
    except (PdfError, SigningError, *UNREADABLE) as error:
        raise DocumentError("time-stamp-pdf-refused", reason=str(error)) from error


class _MissingError(Exception):
    """A certificate that cannot be proven good, and why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True, kw_only=True)
class _Work:
    """A PDF that grows step by step."""

    pdf: bytes
    source: TimeSource
    now: datetime

    @property
    def reader(self) -> PdfFileReader:
        return PdfFileReader(BytesIO(self.pdf))

    @property
    def all_trusted(self) -> Certificates:
        return to_asn1((*self.source.signers, *self.source.trusted))

    async def stamps(self) -> tuple[StampFacts, ...]:
        return await judge_time_stamps(self.reader, to_asn1(self.source.trusted), at=self.now)


async def _complete(work: _Work, level: SealLevel, *, renew: bool) -> Completion:
    missing = None
    try:
        for step in STEPS[level]:
            await step(work)
        if renew:
            await _add_proofs(work)
            await _add_stamp(work)
    except _MissingError as error:
        missing = error.code
    except DocumentError as error:
        if error.code not in AUTHORITY_CODES:
            raise
        logger.warning("no time stamp: %s", error)
        missing = error.code
    good = [stamp for stamp in await work.stamps() if stamp.code is None]
    return Completion(
        pdf=work.pdf,
        missing=missing,
        stamped_at=good[-1].at if good else None,
        until=good[-1].not_after if good else None,
    )


# -- the steps ------------------------------------------------------------------------------------


async def _stamp_signatures(work: _Work) -> None:
    """B-T: a trusted time stamp is newer than every signature."""
    newest = max(signature.signed_revision for signature in _signatures(work.reader))
    if not any(stamp.code is None and stamp.revision > newest for stamp in await work.stamps()):
        await _add_stamp(work)


async def _add_proofs(work: _Work) -> None:
    """B-LT: for every certificate the store holds a proof of that time at which it counts."""
    held = read_evidence(work.reader)
    added = [await _proof(work, claim, held) for claim in await _claims(work)]
    proofs = [evidence for evidence in added if evidence]
    if proofs:
        work.pdf = _with_evidence(work.pdf, proofs)


async def _stamp_proofs(work: _Work) -> None:
    """B-LTA: the newest trusted time stamp was made over all the proofs that the file holds."""
    reader = work.reader
    revision = max(stamp.revision for stamp in await work.stamps() if stamp.code is None)
    covered = read_evidence(reader.get_historical_resolver(revision))
    if _size(covered) != _size(read_evidence(reader)):
        await _add_stamp(work)


Step = Callable[[_Work], Awaitable[None]]
STEPS: dict[SealLevel, tuple[Step, ...]] = {
    SealLevel.B_B: (),
    SealLevel.B_T: (_stamp_signatures,),
    SealLevel.B_LT: (_stamp_signatures, _add_proofs),
    SealLevel.B_LTA: (_stamp_signatures, _add_proofs, _stamp_proofs),
}
"""What each level asks for beyond the seal (EN 319 142-1, table 1), in order."""


# -- proofs ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Claim:
    """Certificates that have to be proven good at that time."""

    certificates: Certificates
    at: datetime
    is_seal: bool = False


async def _claims(work: _Work) -> list[_Claim]:
    """Signatures count when they were time-stamped, a time stamp when the next one was made."""
    reader = work.reader
    good = {stamp.revision: stamp for stamp in await work.stamps() if stamp.code is None}
    claims = []
    for signature in (*_signatures(reader), *time_stamps_in(reader)):
        later = (
            good[revision].at for revision in sorted(good) if revision > signature.signed_revision
        )
        stated = stated_time(signature) if signature.sig_object_type == "/Sig" else None
        claims.append(
            _Claim(
                certificates_in(signature.signed_data),
                at=next(later, None) or stated or work.now,
                is_seal=signature.field_name in {FIELD_NAME, None},
            )
        )
    return claims


async def _proof(work: _Work, claim: _Claim, held: Evidence) -> Evidence | None:
    """What has to be added for a certificate; ``None`` where nothing has, or nothing can be.

    A person's certificate that leads to nobody whom we trust, or is of an algorithm that is not
    checked here (GOST), has no proof and keeps no document waiting.
    """
    if code := await path_problem(claim.certificates, work.all_trusted, at=claim.at):
        if claim.is_seal:
            raise _MissingError(code)
        logger.info("no proof is looked for: %s", code)
        return None
    known = await revocation_of(claim.certificates, work.all_trusted, held, at=claim.at)
    if known.state == "good":
        return None
    found = await ask_revocation(claim.certificates, work.all_trusted, at=claim.at)
    if code := ANSWERS[found.state]:
        raise _MissingError(code)
    return found.evidence


def _with_evidence(pdf: bytes, proofs: Iterable[Evidence]) -> bytes:
    writer = AppendingWriter(BytesIO(pdf))
    for evidence in proofs:
        DocumentSecurityStore.supply_dss_in_writer(
            writer,
            sig_contents=None,
            certs=evidence.certificates,
            ocsps=evidence.ocsps,
            crls=evidence.crls,
        )
    output = BytesIO()
    writer.write(output)  # type: ignore[no-untyped-call]  # pyHanko's, and the next two
    return output.getvalue()


def _size(evidence: Evidence) -> tuple[int, int, int]:
    return len(evidence.certificates), len(evidence.ocsps), len(evidence.crls)


def _signatures(reader: PdfFileReader) -> list[EmbeddedPdfSignature]:
    """The signatures that are no time stamps."""
    return [
        EmbeddedPdfSignature(reader, found, name)
        for name, value, found in enumerate_sig_fields(reader, filled_status=True)
        if value.get_object().get("/Type", "/Sig") != "/DocTimeStamp"
    ]


# -- time stamps ----------------------------------------------------------------------------------


async def _add_stamp(work: _Work) -> None:
    """One more document time stamp, over the whole file.

    Its field is invisible, outside the page, printable and described, as the seal's is: PDF/A (ISO
    19005-3, 6.3) and PDF/UA (ISO 14289-1, 7.18) ask for that.
    """
    count = sum(1 for _ in enumerate_sig_fields(work.reader))
    stamper = PdfTimeStamper(
        _Client(work.source, now=work.now),
        field_name=f"{STAMP_FIELD}-{count}",
        invis_settings=InvisSigSettings(box_out_of_bounds=True),
        readable_field_name=words("time-stamp-field").both,
    )
    output = BytesIO()
    writer = AppendingWriter(BytesIO(work.pdf))
    await stamper.async_timestamp_pdf(writer, DIGEST, output=output)
    work.pdf = output.getvalue()


class _Answer(Sequence):  # type: ignore[misc]  # asn1crypto has no types
    """``TimeStampResp`` of RFC 3161, 2.4.2; asn1crypto's own cannot be without a token."""

    _fields = [  # noqa: RUF012  # asn1crypto writes into it
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", cms.ContentInfo, {"optional": True}),
    ]


class _Client(TimeStamper):
    """Asks an authority for a token and believes nothing that it says before it is proven."""

    def __init__(self, source: TimeSource, *, now: datetime) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._source = source
        self._now = now

    def request_cms(
        self, message_digest: bytes, md_algorithm: str
    ) -> tuple[cms.Integer, tsp.TimeStampReq]:
        nonce, request = super().request_cms(message_digest, md_algorithm)  # type: ignore[no-untyped-call]
        if self._source.policy:
            request["req_policy"] = self._source.policy
        return nonce, request

    async def _ask(self, request: tsp.TimeStampReq) -> _Answer:
        try:
            async with (
                open_token_session(self._source.seconds) as session,
                session.post(self._source.url, data=request.dump(), headers=HEADERS) as response,
            ):
                response.raise_for_status()
                answer: _Answer = _Answer.load(await response.read())
                return answer
        except (ClientError, OSError) as error:
            logger.warning("the time-stamp authority does not answer: %r", error)
            raise DocumentError("time-stamp-unreachable", url=self._source.url) from error

    async def async_dummy_response(self, md_algorithm: str) -> cms.ContentInfo:
        """Asked once for all documents of a source; a token may be half as long again."""
        tokens = self._source.tokens
        if md_algorithm not in tokens:
            tokens[md_algorithm] = await super().async_dummy_response(md_algorithm)
        return tokens[md_algorithm]

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        """A token of that digest that was proven to be one; refuses with ``AUTHORITY_CODES``."""
        nonce, request = self.request_cms(message_digest, md_algorithm)
        try:
            token = _granted(await self._ask(request))
            await self._check(token, message_digest, nonce)
        except UNREADABLE as error:
            logger.info("what the authority said", exc_info=error)
            raise DocumentError("time-stamp-unreadable", url=self._source.url) from error
        return token

    async def _check(self, token: cms.ContentInfo, digest: bytes, nonce: int) -> None:
        """RFC 3161, 2.2: what a requester has to verify before the token is of any use."""
        content = token["content"]
        told = content["encap_content_info"]["content"].parsed
        if told["nonce"].native != nonce:
            raise DocumentError("time-stamp-nonce", url=self._source.url)
        if self._source.policy not in {None, told["policy"].native}:
            raise DocumentError("time-stamp-policy", url=self._source.url)
        made_at = told["gen_time"].native
        trusted = to_asn1(self._source.trusted)
        if code := await token_problem(content, lambda _: digest, trusted, at=made_at):
            raise DocumentError(code)
        if abs(made_at - self._now) > LARGEST_CLOCK_DIFFERENCE:
            raise DocumentError("time-stamp-clock", theirs=made_at, ours=self._now)


def _granted(answer: _Answer) -> cms.ContentInfo:
    status = answer["status"]["status"].native
    if status not in {"granted", "granted_with_mods"}:
        raise DocumentError("time-stamp-refused", status=status)
    return answer["time_stamp_token"]
