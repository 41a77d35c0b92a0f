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

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import InvisSigSettings, enumerate_sig_fields
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.pdf_signer import PdfTimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from forms_server.documents.certificates import (
    Certificates,
    Evidence,
    ask_revocation,
    certificates_in,
    path_problem,
    read_evidence,
    revocation_of,
    to_asn1,
)
from forms_server.documents.checking import PARSER_ERRORS
from forms_server.documents.signing import DIGEST, FIELD_NAME, AppendingWriter
from forms_server.documents.time_sources import AUTHORITY_CODES, TimeSource, TokenClient
from forms_server.documents.trust import (
    ANSWERS,
    StampFacts,
    judge_time_stamps,
    stated_time,
    time_stamps_in,
)
from forms_server.errors import DocumentError, words
from forms_server.trust_settings import SealLevel

STAMP_FIELD = "TimeStamp"
logger = logging.getLogger(__name__)


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
    except (SigningError, *PARSER_ERRORS) as error:
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
        for step in RENEWAL if renew else STEPS[level]:
            await step(work)
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
    proofs, missing = await _gather(work)
    _keep(work, proofs)
    if missing:
        raise _MissingError(missing)


async def _stamp_proofs(work: _Work) -> None:
    """B-LTA: the newest trusted time stamp was made over all the proofs that the file holds.

    What is still to be added stands in one revision with its time stamp: a file that is signed
    again and again grows by no more than it must.
    """
    proofs, missing = await _gather(work)
    if missing:
        _keep(work, proofs)
        raise _MissingError(missing)
    if not proofs and await _covers_proofs(work):
        return
    try:
        await _add_stamp(work, proofs)
    except DocumentError:
        _keep(work, proofs)
        raise


async def _renew(work: _Work) -> None:
    """As B-LTA, and one more time stamp in any case."""
    proofs, missing = await _gather(work)
    if missing:
        raise _MissingError(missing)
    await _add_stamp(work, proofs)


async def _covers_proofs(work: _Work) -> bool:
    reader = work.reader
    revision = max(stamp.revision for stamp in await work.stamps() if stamp.code is None)
    covered = read_evidence(reader.get_historical_resolver(revision))
    return _size(covered) == _size(read_evidence(reader))


Step = Callable[[_Work], Awaitable[None]]
STEPS: dict[SealLevel, tuple[Step, ...]] = {
    SealLevel.B_B: (),
    SealLevel.B_T: (_stamp_signatures,),
    SealLevel.B_LT: (_stamp_signatures, _add_proofs),
    SealLevel.B_LTA: (_stamp_signatures, _stamp_proofs),
}
"""What each level asks for beyond the seal (EN 319 142-1, table 1), in order."""
RENEWAL: tuple[Step, ...] = (_stamp_signatures, _renew)


# -- proofs ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Claim:
    """Certificates that have to be proven good at that time."""

    certificates: Certificates
    at: datetime
    is_seal: bool = False


async def _gather(work: _Work) -> tuple[list[Evidence], str | None]:
    """What has to be added, and the code of what could not be had."""
    held = read_evidence(work.reader)
    proofs, missing = [], None
    for claim in await _claims(work):
        try:
            proof = await _proof(work, claim, held)
        except _MissingError as error:
            missing = missing or error.code
            continue
        if proof:
            proofs.append(proof)
    return proofs, missing


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
                is_seal=signature.field_name == FIELD_NAME,
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


def _keep(work: _Work, proofs: Iterable[Evidence]) -> None:
    """Put the proofs into the file's document security store (ISO 32000-2, 12.8.4.3)."""
    if not proofs:
        return
    writer = AppendingWriter(BytesIO(work.pdf))
    _store(writer, proofs)
    output = BytesIO()
    writer.write(output)  # type: ignore[no-untyped-call]  # pyHanko's, and the next two
    work.pdf = output.getvalue()


def _store(writer: AppendingWriter, proofs: Iterable[Evidence]) -> None:
    for evidence in proofs:
        DocumentSecurityStore.supply_dss_in_writer(
            writer,
            sig_contents=None,
            certs=evidence.certificates,
            ocsps=evidence.ocsps,
            crls=evidence.crls,
        )


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


async def _add_stamp(work: _Work, proofs: Iterable[Evidence] = ()) -> None:
    """One more document time stamp, over the whole file and the proofs that come with it.

    Its field is invisible, outside the page, printable and described, as the seal's is: PDF/A (ISO
    19005-3, 6.3) and PDF/UA (ISO 14289-1, 7.18) ask for that.
    """
    count = sum(1 for _ in enumerate_sig_fields(work.reader))
    stamper = PdfTimeStamper(
        TokenClient(work.source, now=work.now),
        field_name=f"{STAMP_FIELD}-{count}",
        invis_settings=InvisSigSettings(box_out_of_bounds=True),
        readable_field_name=words("time-stamp-field").both,
    )
    output = BytesIO()
    writer = AppendingWriter(BytesIO(work.pdf))
    _store(writer, proofs)
    await stamper.async_timestamp_pdf(writer, DIGEST, output=output)
    work.pdf = output.getvalue()
