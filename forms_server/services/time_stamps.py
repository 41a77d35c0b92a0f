"""Time stamps: what is sealed at once is completed to its level when the authorities answer.

Nothing steps down: a document whose level is not reached stays ``pending`` and is tried again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from forms_server.documents.time_sources import AUTHORITY_CODES, TimeSource
from forms_server.documents.time_stamps import Completion, complete
from forms_server.errors import DocumentError, StorageError
from forms_server.services.workshop import Workshop
from forms_server.storage.records import DocumentRecord, FileKind, NewFile, TimeStampState
from forms_server.trust_settings import SealLevel

AT_A_TIME = 100
SIGNING_PAUSE = timedelta(minutes=15)
"""How long a file is left alone that somebody is about to sign: it would have to be signed anew."""
RENEWAL = timedelta(days=90)
"""How long before the end of the authority's certificate a B-LTA file is time-stamped again."""
PAUSES: tuple[tuple[timedelta, int], ...] = (
    (timedelta(hours=1), 1),
    (timedelta(days=1), 15),
    (timedelta.max, 360),
)
"""A document that has waited so long at most is tried every so many minutes."""
QUICKER = frozenset({"document-file-changed", "document-not-issued"})
"""Somebody else changed the document meanwhile: it is looked at next time."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What became of the documents that were looked at; ``waiting`` are numbers and codes."""

    completed: tuple[str, ...] = ()
    waiting: tuple[tuple[str, str], ...] = ()


def complete_pending(workshop: Workshop, now: datetime, *, patiently: bool = False) -> Sweep:
    """Complete the documents that wait for their level.

    ``patiently``: those that have waited long are not tried every time (``PAUSES``). A file that
    somebody is about to sign is left alone. A document that cannot be completed is told in the log
    and does not keep the others; an authority that fails is not asked again for the next one.
    """
    waiting = workshop.records.files.waiting_for_time_stamp
    found = (
        record
        for record in _records(workshop, lambda after: waiting(limit=AT_A_TIME, after=after))
        if not patiently or _is_due(workshop, record, now)
    )
    return _sweep(workshop, found, now)


def renew_ending(workshop: Workshop, now: datetime) -> Sweep:
    """Time-stamp B-LTA documents again whose newest time stamp ends within ``RENEWAL``.

    A renewal that would not last longer than what there is, because the authority has no newer
    certificate yet, is not kept, and ends the attempt.
    """
    if workshop.settings.trust.level is not SealLevel.B_LTA:
        return Sweep()
    ending = workshop.records.files.ending_time_stamps
    found = _records(workshop, lambda after: ending(now + RENEWAL, limit=AT_A_TIME, after=after))
    return _sweep(workshop, found, now, renew=True)


def time_source(workshop: Workshop) -> TimeSource | None:
    """The time-stamp authority of this installation; ``None`` where the seal stands alone."""
    trust = workshop.settings.trust
    if not trust.level.wants_time_stamp or trust.tsa_url is None:
        return None
    return TimeSource(
        url=trust.tsa_url,
        policy=trust.tsa_policy,
        trusted=_highest(workshop.time_authorities),
        signers=_highest((*workshop.trusted, *workshop.person_authorities)),
    )


def _highest(certificates: Sequence[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """Those with no other one above: the rest have to be proven, for whoever trusts roots alone."""
    subjects = {each.subject for each in certificates if each.subject == each.issuer}
    return tuple(
        each for each in certificates if each.subject == each.issuer or each.issuer not in subjects
    )


def _records(
    workshop: Workshop, page: Callable[[int], tuple[int, ...]]
) -> Iterator[DocumentRecord]:
    """One by one, however many wait; what fails is passed over, not met again and again."""
    last = 0
    while ids := page(last):
        for document_id in ids:
            record = workshop.records.documents.by_id(document_id)
            if record is not None and record.blob_key is not None:
                yield record
        last = ids[-1]


def _is_due(workshop: Workshop, record: DocumentRecord, now: datetime) -> bool:
    newest = workshop.records.files.of_document(record.id)[-1]
    waited = now - newest.added_at
    minutes = next(minutes for longest, minutes in PAUSES if waited <= longest)
    return int(now.timestamp() // 60) % minutes == 0


def _sweep(
    workshop: Workshop, records: Iterator[DocumentRecord], now: datetime, *, renew: bool = False
) -> Sweep:
    source = time_source(workshop)
    completed, waiting = [], []
    if source is None:
        return Sweep()
    began = time.monotonic()
    for record in records:
        moment = now + timedelta(seconds=time.monotonic() - began)
        code = _try(workshop, record, source, now=moment, renew=renew)
        if code is None:
            completed.append(record.number)
            continue
        waiting.append((record.number, code))
        if code in AUTHORITY_CODES or code == "time-stamp-no-longer":
            break
    return Sweep(completed=tuple(completed), waiting=tuple(waiting))


def _try(
    workshop: Workshop, record: DocumentRecord, source: TimeSource, *, now: datetime, renew: bool
) -> str | None:
    """``None`` if the document has its level now, else the code that says why not."""
    if workshop.records.files.prepared_since(record.id, now - SIGNING_PAUSE):
        return "signature-under-way"
    try:
        code = _complete(workshop, record, source, now=now, renew=renew)
    except (DocumentError, StorageError) as error:
        level = logging.INFO if error.code in QUICKER else logging.ERROR
        logger.log(level, "document %s is not time-stamped: %s", record.number, error.code)
        return error.code
    if code:
        logger.warning("document %s waits for its level: %s", record.number, code)
    return code


def _complete(
    workshop: Workshop, record: DocumentRecord, source: TimeSource, *, now: datetime, renew: bool
) -> str | None:
    """Bytes first, then the row: what is killed in between leaves the document as it was."""
    pdf = workshop.blobs.get(record.pdf_sha256 or "")
    done = complete(pdf, workshop.settings.trust.level, source, now=now, renew=renew)
    if renew and not _lasts_longer(done, record):
        return done.missing or "time-stamp-no-longer"
    if done.pdf != pdf:
        _add_file(workshop, record, done, now=now)
    elif done.missing is None:
        workshop.records.files.settle_time_stamp(record.id, record.pdf_sha256 or "")
    return done.missing


def _lasts_longer(done: Completion, record: DocumentRecord) -> bool:
    before = record.time_stamp_until
    return done.until is not None and (before is None or done.until > before)


def _add_file(
    workshop: Workshop, record: DocumentRecord, done: Completion, *, now: datetime
) -> None:
    state = TimeStampState.PENDING if done.missing else TimeStampState.DONE
    workshop.records.files.add(
        record.id,
        NewFile(
            kind=FileKind.TIME_STAMPED,
            follows=record.pdf_sha256 or "",
            sha256=workshop.blobs.put(done.pdf),
            added_at=now,
            time_stamp=state,
            time_stamped_at=done.stamped_at,
            time_stamp_until=done.until,
        ),
    )
