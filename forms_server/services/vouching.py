"""What the checkpoints vouch for: which are real, which are missing, and the pins they give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from forms_server.documents.checkpoints import Checkpoint, read_checkpoint
from forms_server.errors import DocumentError
from forms_server.services.checkpoints import digest_of
from forms_server.services.findings import Finding
from forms_server.storage.records import CheckpointRecord, EventRecord, Pin

DATABASE, FOLDER, COPIES = "database", "folder", "copies"
MOST_BELIEVED = (COPIES, FOLDER, DATABASE)
"""A copy that is kept elsewhere is the hardest to exchange."""

Source = Mapping[date, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """A checkpoint that is really signed, with its JWS."""

    checkpoint: Checkpoint
    jws: str


@dataclass(frozen=True, slots=True)
class Witnesses:
    """The checkpoints of every source by day; ``copies`` are those that are kept elsewhere."""

    database: Source
    folder: Source
    copies: Source | None = None

    @property
    def sources(self) -> Mapping[str, Source]:
        every = {DATABASE: self.database, FOLDER: self.folder, COPIES: self.copies}
        return {name: source for name, source in every.items() if source is not None}

    @property
    def days(self) -> Sequence[date]:
        return sorted({day for source in self.sources.values() for day in source})


def vouched_of(witnesses: Witnesses, jwks: Mapping[str, Any]) -> tuple[Vouched, ...]:
    """For each day the checkpoint that is signed, the most believed one; the oldest first."""
    found = (_believed(witnesses, day, jwks) for day in witnesses.days)
    return tuple(each for each in found if each is not None)


def pins_of(vouched: Sequence[Vouched]) -> Iterator[Pin]:
    """What the walk along the trail is held against."""
    for each in vouched:
        checkpoint = each.checkpoint
        if checkpoint.events > checkpoint.after:
            yield Pin(
                after=checkpoint.after,
                events=checkpoint.events,
                head=checkpoint.head,
                links=checkpoint.links,
            )


def findings_of(
    witnesses: Witnesses,
    records: Sequence[CheckpointRecord],
    told: Sequence[EventRecord],
    jwks: Mapping[str, Any],
) -> Iterator[Finding]:
    """What is wrong with the checkpoints: forged, missing, not the same, not told in the trail."""
    for day in witnesses.days:
        yield from _of_day(witnesses, day, jwks)
    for record in records:
        if not _says_the_same(record, jwks):
            yield Finding("audit-checkpoint-row", day=record.day)
    yield from _untold(witnesses, told)
    yield from _broken_chain(vouched_of(witnesses, jwks))


def _of_day(witnesses: Witnesses, day: date, jwks: Mapping[str, Any]) -> Iterator[Finding]:
    texts = {name: source[day] for name, source in witnesses.sources.items() if day in source}
    for name, text in texts.items():
        if _read(text, day, jwks) is None:
            yield Finding("audit-checkpoint-forged", day=day, where=name)
    for name in (DATABASE, FOLDER):
        if name not in texts:
            yield Finding("audit-checkpoint-missing", day=day, where=name)
    if len({text for text in texts.values() if _read(text, day, jwks)}) > 1:
        yield Finding("audit-checkpoint-differs", day=day, where=", ".join(texts))


def _untold(witnesses: Witnesses, told: Sequence[EventRecord]) -> Iterator[Finding]:
    """The trail names every checkpoint by its hash: one that is gone everywhere is missed too."""
    by_day = {event.subject: event.detail.get("sha256") for event in told}
    for subject in sorted(set(by_day) - {day.isoformat() for day in witnesses.days}):
        yield Finding("audit-checkpoint-missing", day=subject, where=DATABASE)
    for day, jws in witnesses.database.items():
        if by_day.get(day.isoformat()) != digest_of(jws):
            yield Finding("audit-checkpoint-untold", day=day)


def _broken_chain(vouched: Sequence[Vouched]) -> Iterator[Finding]:
    """Each names the one before; the first names none."""
    if vouched and vouched[0].checkpoint.previous is not None:
        yield Finding("audit-checkpoint-chain", day=vouched[0].checkpoint.day)
    for before, after in pairwise(vouched):
        if after.checkpoint.previous != digest_of(before.jws):
            yield Finding("audit-checkpoint-chain", day=after.checkpoint.day)


def _believed(witnesses: Witnesses, day: date, jwks: Mapping[str, Any]) -> Vouched | None:
    for name in MOST_BELIEVED:
        text = witnesses.sources.get(name, {}).get(day)
        checkpoint = _read(text, day, jwks) if text else None
        if text and checkpoint:
            return Vouched(checkpoint=checkpoint, jws=text)
    return None


def _read(text: str, day: date, jwks: Mapping[str, Any]) -> Checkpoint | None:
    try:
        checkpoint = read_checkpoint(text, jwks)
    except DocumentError:
        return None
    return checkpoint if checkpoint.day == day else None


def _says_the_same(record: CheckpointRecord, jwks: Mapping[str, Any]) -> bool:
    """A row whose JWS is forged is told of already."""
    signed = _read(record.jws, record.day, jwks)
    return signed is None or (signed.events, signed.head) == (record.events, record.head)
