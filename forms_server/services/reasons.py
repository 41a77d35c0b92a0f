"""Why a file is not simply valid: one table of codes, and the tests that find them.

The sentences stand in ``messages/files.toml`` as ``file-CODE``, each with what to do about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from forms_server.documents.signature_facts import (
    Addition,
    SealReport,
    SignatureFacts,
    SignatureKind,
)
from forms_server.documents.signing import FIELD_NAME
from forms_server.errors import DocumentError
from forms_server.services.comparison import Comparison
from forms_server.storage.records import DocumentRecord, DocumentState

CLOCK_MARGIN = timedelta(minutes=5)
"""By so much may two honest clocks differ."""


class Verdict(StrEnum):
    """What a file is, in one word; the reasons and the facts beside it say why.

    ``doubtful``: what was issued is unchanged, but something of it cannot be vouched for.
    """

    VALID = "valid"
    EARLIER_VERSION = "earlier-version"
    DOUBTFUL = "doubtful"
    ANNULLED = "annulled"
    UNKNOWN = "unknown"
    NOT_SEALED = "not-sealed"
    ALTERED = "altered"
    UNREADABLE = "unreadable"


class Indication(StrEnum):
    """The outcome of validation (ETSI EN 319 102-1, table 5), from the best to the worst."""

    PASSED = "TOTAL-PASSED"
    INDETERMINATE = "INDETERMINATE"
    FAILED = "TOTAL-FAILED"


class FileReason(StrEnum):
    """Everything that can be amiss with a file, the gravest first."""

    NOT_A_PDF = "not-a-pdf"
    TOO_LARGE = "too-large"
    TOO_HEAVY = "too-heavy"
    ENCRYPTED = "encrypted"
    BROKEN = "broken"
    SHADOW = "shadow"
    ALTERED_AFTER = "altered-after"
    ALTERED = "altered"
    RESAVED = "resaved"
    SIGNATURE_BROKEN = "signature-broken"
    QR_MOVED = "qr-moved"
    DATA_DIFFERS = "data-differs"
    NOT_THE_ISSUED_FILE = "not-the-issued-file"
    SEAL_NOT_OURS = "seal-not-ours"
    NOT_SEALED = "not-sealed"
    UNKNOWN_HERE = "unknown-here"
    REPLACED = "replaced"
    ANNULLED = "annulled"
    CERTIFICATE_REVOKED = "certificate-revoked"
    CERTIFICATE_EXPIRED = "certificate-expired"
    CERTIFICATE_USAGE = "certificate-usage"
    CERTIFICATE_UNTRUSTED = "certificate-untrusted"
    ALGORITHM_WEAK = "algorithm-weak"
    CLOCK_WRONG = "clock-wrong"
    TIME_STAMP_WRONG = "time-stamp-wrong"
    SIGNATURE_NOT_CHECKED = "signature-not-checked"
    RECORD_DIFFERS = "record-differs"
    ADDED_ELSEWHERE = "added-elsewhere"
    EARLIER_VERSION = "earlier-version"
    DEVELOPMENT_KEY = "development-key"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a reason makes of a file, and how EN 319 102-1 (tables 5 and 6) calls that."""

    verdict: Verdict
    indication: Indication
    subindication: str


_FAILED, _OPEN = Indication.FAILED, Indication.INDETERMINATE

JUDGEMENTS: Mapping[FileReason, Judgement] = {
    FileReason.NOT_A_PDF: Judgement(Verdict.UNREADABLE, _FAILED, "FORMAT_FAILURE"),
    FileReason.TOO_LARGE: Judgement(Verdict.UNREADABLE, _OPEN, "GENERIC"),
    FileReason.TOO_HEAVY: Judgement(Verdict.UNREADABLE, _OPEN, "GENERIC"),
    FileReason.ENCRYPTED: Judgement(Verdict.UNREADABLE, _OPEN, "GENERIC"),
    FileReason.BROKEN: Judgement(Verdict.UNREADABLE, _FAILED, "FORMAT_FAILURE"),
    FileReason.SHADOW: Judgement(Verdict.ALTERED, _FAILED, "FORMAT_FAILURE"),
    FileReason.ALTERED_AFTER: Judgement(Verdict.ALTERED, _FAILED, "FORMAT_FAILURE"),
    FileReason.ALTERED: Judgement(Verdict.ALTERED, _FAILED, "HASH_FAILURE"),
    FileReason.RESAVED: Judgement(Verdict.ALTERED, _FAILED, "HASH_FAILURE"),
    FileReason.SIGNATURE_BROKEN: Judgement(Verdict.ALTERED, _FAILED, "SIG_CRYPTO_FAILURE"),
    FileReason.QR_MOVED: Judgement(Verdict.ALTERED, _OPEN, "SIG_CONSTRAINTS_FAILURE"),
    FileReason.DATA_DIFFERS: Judgement(Verdict.ALTERED, _OPEN, "SIG_CONSTRAINTS_FAILURE"),
    FileReason.NOT_THE_ISSUED_FILE: Judgement(Verdict.ALTERED, _OPEN, "SIG_CONSTRAINTS_FAILURE"),
    FileReason.SEAL_NOT_OURS: Judgement(Verdict.UNKNOWN, _OPEN, "CHAIN_CONSTRAINTS_FAILURE"),
    FileReason.NOT_SEALED: Judgement(Verdict.NOT_SEALED, _OPEN, "NO_SIGNING_CERTIFICATE_FOUND"),
    FileReason.UNKNOWN_HERE: Judgement(Verdict.UNKNOWN, _OPEN, "SIG_CONSTRAINTS_FAILURE"),
    FileReason.REPLACED: Judgement(Verdict.ANNULLED, _OPEN, "SIG_CONSTRAINTS_FAILURE"),
    FileReason.ANNULLED: Judgement(Verdict.ANNULLED, _OPEN, "SIG_CONSTRAINTS_FAILURE"),
    FileReason.CERTIFICATE_REVOKED: Judgement(Verdict.DOUBTFUL, _OPEN, "REVOKED_NO_POE"),
    FileReason.CERTIFICATE_EXPIRED: Judgement(Verdict.DOUBTFUL, _OPEN, "OUT_OF_BOUNDS_NO_POE"),
    FileReason.CERTIFICATE_USAGE: Judgement(Verdict.DOUBTFUL, _OPEN, "CHAIN_CONSTRAINTS_FAILURE"),
    FileReason.CERTIFICATE_UNTRUSTED: Judgement(
        Verdict.DOUBTFUL, _OPEN, "NO_CERTIFICATE_CHAIN_FOUND"
    ),
    FileReason.ALGORITHM_WEAK: Judgement(
        Verdict.DOUBTFUL, _OPEN, "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
    ),
    FileReason.CLOCK_WRONG: Judgement(Verdict.DOUBTFUL, _OPEN, "TIMESTAMP_ORDER_FAILURE"),
    FileReason.TIME_STAMP_WRONG: Judgement(Verdict.DOUBTFUL, _OPEN, "GENERIC"),
    FileReason.SIGNATURE_NOT_CHECKED: Judgement(Verdict.DOUBTFUL, _OPEN, "GENERIC"),
    FileReason.RECORD_DIFFERS: Judgement(Verdict.DOUBTFUL, _OPEN, "SIG_CONSTRAINTS_FAILURE"),
    FileReason.ADDED_ELSEWHERE: Judgement(Verdict.DOUBTFUL, _OPEN, "SIG_CONSTRAINTS_FAILURE"),
    FileReason.EARLIER_VERSION: Judgement(
        Verdict.EARLIER_VERSION, _OPEN, "SIG_CONSTRAINTS_FAILURE"
    ),
    FileReason.DEVELOPMENT_KEY: Judgement(Verdict.DOUBTFUL, _OPEN, "CHAIN_CONSTRAINTS_FAILURE"),
}

TRUST_REASONS: Mapping[str, FileReason] = {
    "certificate-revoked": FileReason.CERTIFICATE_REVOKED,
    "certificate-expired": FileReason.CERTIFICATE_EXPIRED,
    "certificate-not-yet": FileReason.CLOCK_WRONG,
    "certificate-usage": FileReason.CERTIFICATE_USAGE,
    "certificate-not-a-person": FileReason.CERTIFICATE_USAGE,
    "algorithm-weak": FileReason.ALGORITHM_WEAK,
    "signing-time-missing": FileReason.CLOCK_WRONG,
    "time-stamp-altered": FileReason.TIME_STAMP_WRONG,
    "time-stamp-untrusted": FileReason.TIME_STAMP_WRONG,
    "time-stamp-expired": FileReason.TIME_STAMP_WRONG,
}
"""What a code of ``documents.trust`` comes to; any other one is ``certificate-untrusted``."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that is amiss; ``values`` fill its sentence."""

    code: FileReason
    values: Mapping[str, str] = field(default_factory=dict)

    def say(self, language: str) -> str:
        """The sentence in ``kk``, ``ru`` or ``en``, and what to do."""
        variant = f"-{self.values['what']}" if "what" in self.values else ""
        return DocumentError(f"file-{self.code}{variant}", **self.values).say(language)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """A file that could be read, and what the register knows of it.

    ``is_same_bytes``: it is, byte for byte, a file of the record, ``is_newest``: the last one.
    ``comparison``: with the record, where there is one and the file has data.
    ``qr_belongs_to``: the number of the paper that a QR on the pages belongs to, if that is another
    one than ``record``; empty where it belongs to no paper of ours.
    """

    seals: SealReport
    record: DocumentRecord | None
    is_same_bytes: bool
    is_newest: bool
    comparison: Comparison | None
    qr_belongs_to: str | None
    checked_elsewhere: frozenset[str]
    """Fields whose signatures somebody else checked when they were put (GOST)."""
    now: datetime


def reasons_of(examined: Examined) -> tuple[Reason, ...]:
    """Everything amiss with the file, the gravest first, each once; nothing if it is valid."""
    order = list(FileReason)
    found = {reason.code: reason for test in TESTS for reason in test(examined)}
    return tuple(sorted(found.values(), key=lambda reason: order.index(reason.code)))


def verdict_of(reasons: tuple[Reason, ...], *, is_known: bool) -> Verdict:
    """The verdict of the gravest reason; a stranger's seal on our own number is a forgery."""
    if not reasons:
        return Verdict.VALID
    gravest = reasons[0].code
    if gravest is FileReason.SEAL_NOT_OURS and is_known:
        return Verdict.ALTERED
    return JUDGEMENTS[gravest].verdict


def indication_of(reasons: tuple[Reason, ...]) -> Indication:
    """The worst indication of all reasons."""
    order = list(Indication)
    told = (JUDGEMENTS[reason.code].indication for reason in reasons)
    return max(told, key=order.index, default=Indication.PASSED)


def subindications_of(reasons: tuple[Reason, ...]) -> tuple[str, ...]:
    """Those that belong to the indication, the gravest reason's first."""
    worst = indication_of(reasons)
    judgements = (JUDGEMENTS[reason.code] for reason in reasons)
    told = (each.subindication for each in judgements if each.indication is worst)
    return tuple(dict.fromkeys(told))


# -- the tests, each of one subject ---------------------------------------------------------------


def _signatures(examined: Examined) -> Iterator[SignatureFacts]:
    return (facts for facts in examined.seals.signatures if facts.is_checked)


def _seal(examined: Examined) -> Iterator[Reason]:
    """The seal must be there, and made by this office; whose name it bears does not matter."""
    signatures = examined.seals.signatures
    if all(facts.kind is SignatureKind.TIME_STAMP for facts in signatures):
        yield Reason(FileReason.NOT_SEALED)
        return
    ours = [facts for facts in signatures if facts.is_ours]
    if any(facts.is_our_seal for facts in ours):
        return
    if any(not facts.serial_number for facts in signatures):
        yield Reason(FileReason.SIGNATURE_BROKEN)
    elif any(facts.field_name == FIELD_NAME for facts in ours):
        yield Reason(FileReason.ALTERED)
    else:
        yield Reason(FileReason.SEAL_NOT_OURS)


def _signed_bytes(examined: Examined) -> Iterator[Reason]:
    """The bytes that were signed, and the signatures over them."""
    is_moved = not examined.seals.is_same_structure
    same_data = examined.comparison is not None and examined.comparison.is_same_data
    for facts in _signatures(examined):
        if not facts.serial_number:
            yield Reason(FileReason.SIGNATURE_BROKEN)
        elif not facts.intact:
            is_resaved = is_moved and same_data and examined.seals.revisions == 1
            yield Reason(FileReason.RESAVED if is_resaved else FileReason.ALTERED)
        elif not facts.valid:
            yield Reason(FileReason.SIGNATURE_BROKEN)


def _additions(examined: Examined) -> Iterator[Reason]:
    """What was added after the seal or a signature."""
    for facts in _signatures(examined):
        if not facts.intact:
            continue
        if facts.shadow:
            yield Reason(FileReason.SHADOW, {"what": facts.shadow.value})
        elif facts.added in {Addition.OTHER, Addition.FORM_FILLING}:
            yield Reason(FileReason.ALTERED_AFTER, {"what": facts.added.value})


def _strange_bytes(examined: Examined) -> Iterator[Reason]:
    """A known document's file that we did not make, though nothing else is amiss with the seal."""
    seals = [facts for facts in _signatures(examined) if facts.kind is SignatureKind.SEAL]
    if examined.is_same_bytes or not any(facts.is_ours and facts.intact for facts in seals):
        return
    if any(facts.added is Addition.PERMITTED for facts in seals):
        yield Reason(FileReason.ADDED_ELSEWHERE)
    elif any(facts.added is Addition.NOTHING for facts in seals):
        yield Reason(FileReason.NOT_THE_ISSUED_FILE)


def _certificates(examined: Examined) -> Iterator[Reason]:
    for facts in _signatures(examined):
        if facts.trust_code:
            code = TRUST_REASONS.get(facts.trust_code, FileReason.CERTIFICATE_UNTRUSTED)
            yield Reason(code, {"signer": facts.signer})


def _clocks(examined: Examined) -> Iterator[Reason]:
    """A time ahead of ours, outside of the certificate's life, or later than its own time stamp."""
    for facts in _signatures(examined):
        signed, stamped = facts.signed_at, facts.time_stamped_at
        since = facts.certificate_from
        is_ahead = any(at and at > examined.now + CLOCK_MARGIN for at in (signed, stamped))
        is_before_its_time = bool(signed and since and signed < since)
        is_after_its_stamp = bool(signed and stamped and stamped < signed - CLOCK_MARGIN)
        if is_ahead or is_before_its_time or is_after_its_stamp:
            yield Reason(FileReason.CLOCK_WRONG, {"signer": facts.signer})


def _unchecked(examined: Examined) -> Iterator[Reason]:
    for facts in examined.seals.signatures:
        if not facts.is_checked and facts.field_name not in examined.checked_elsewhere:
            yield Reason(FileReason.SIGNATURE_NOT_CHECKED, {"signer": facts.signer})


def _register(examined: Examined) -> Iterator[Reason]:
    record = examined.record
    if record is None:
        yield Reason(FileReason.UNKNOWN_HERE)
    elif record.state is DocumentState.ANNULLED and record.replaced_by:
        yield Reason(FileReason.REPLACED, {"number": record.replaced_by})
    elif record.state is DocumentState.ANNULLED:
        yield Reason(FileReason.ANNULLED)
    elif examined.is_same_bytes and not examined.is_newest:
        yield Reason(FileReason.EARLIER_VERSION)


def _data(examined: Examined) -> Iterator[Reason]:
    """In a file that we issued the file is right and the record is not; else the other way."""
    comparison = examined.comparison
    if comparison is None or (comparison.is_same_data and not comparison.differences):
        return
    is_ours = examined.is_same_bytes
    yield Reason(FileReason.RECORD_DIFFERS if is_ours else FileReason.DATA_DIFFERS)


def _qr(examined: Examined) -> Iterator[Reason]:
    number = examined.qr_belongs_to
    if number is not None:
        what = "ours" if number else "unknown"
        yield Reason(FileReason.QR_MOVED, {"what": what, "number": number})


TESTS: tuple[Callable[[Examined], Iterator[Reason]], ...] = (
    _seal, _signed_bytes, _additions, _strange_bytes, _certificates, _clocks, _unchecked,
    _register, _data, _qr,
)  # fmt: skip
