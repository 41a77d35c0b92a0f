"""The chain of events: its hashes, and a walk along it that names the first row that does not hold.

A row is judged by the one before it, by its own hash and, where a signed checkpoint vouches for it,
by the checkpoint's ``Pin``. Without pins whoever may write can compute a whole new chain.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from forms_server.storage.audit_values import ChainFault, ChainReport, Pin
from forms_server.storage.tables import Event
from forms_server.storage.values import (
    EventRecord,
)

HASH_BEFORE_THE_FIRST = "0" * 64
LINK_BYTES = 8
"""Of each event's hash a checkpoint keeps so many bytes: enough to name the row that departs."""
ROWS_AT_A_TIME = 1000
COLUMNS = tuple(field.name for field in fields(EventRecord))
NOT_AS_WRITTEN = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, DBAPIError)
"""What comes of reading a row whose columns hold what we never wrote."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that cannot be read back as an event."""

    id: int


Row = EventRecord | Unreadable


def hash_of(event: Event | EventRecord) -> str:
    """SHA-256 (hex) over the JSON list of all values, in one spelling only."""
    values = [
        event.previous_hash,
        event.id,
        event.at.isoformat(timespec="microseconds"),
        event.account_id,
        event.kind,
        event.subject,
        event.detail,
    ]
    text = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def record_of(row: Event) -> EventRecord:
    return EventRecord(**{name: getattr(row, name) for name in COLUMNS})


def stored_rows(session: Session) -> Iterator[Row]:
    """Every row by its number, also those whose numbers cannot be (0 and below)."""
    query = select(Event.id).order_by(Event.id).limit(ROWS_AT_A_TIME)
    numbers = session.scalars(query).all()
    while numbers:
        yield from _read(session, numbers)
        session.expunge_all()
        numbers = session.scalars(query.where(Event.id > numbers[-1])).all()


def links_after(session: Session, number: int, *, until: int) -> bytes:
    """The first ``LINK_BYTES`` of each event's hash, from the event after ``number``."""
    query = select(Event.hash).where(Event.id > number, Event.id <= until).order_by(Event.id)
    return b"".join(bytes.fromhex(digest[: 2 * LINK_BYTES]) for digest in session.scalars(query))


def walk(session: Session, *, expected: int, pins: Iterable[Pin]) -> ChainReport:
    """Along all rows, of which there should be ``expected``, up to the first that does not hold."""
    return _Walk(session, expected, _Pins(tuple(pins))).report()


class _Pins:
    """What signed checkpoints vouch for, by the number of an event."""

    def __init__(self, pins: Sequence[Pin]) -> None:
        self._pins = sorted(pins, key=lambda pin: pin.events)
        self._next = 0
        self.end = self._pins[-1].events if self._pins else 0

    def vouched(self, number: int) -> str | None:
        """The beginning of the hash that event must have; ask for numbers that only grow."""
        while self._next < len(self._pins) and self._pins[self._next].events < number:
            self._next += 1
        pin = self._pins[self._next] if self._next < len(self._pins) else None
        if pin is None or number <= pin.after:
            return None
        if number == pin.events:
            return pin.head
        start = (number - pin.after - 1) * LINK_BYTES
        return pin.links[start : start + LINK_BYTES].hex()


class _Walk:
    """One walk: how far the chain holds, and what is wrong with the row after."""

    def __init__(self, session: Session, expected: int, pins: _Pins) -> None:
        self._session = session
        self._expected = max(expected, pins.end)
        self._pins = pins
        self._length, self._head = 0, HASH_BEFORE_THE_FIRST
        self._vouched_until = 0

    def report(self) -> ChainReport:
        for row in stored_rows(self._session):
            found = self._judge(row)
            if found:
                return self._broken(*found)
            assert isinstance(row, EventRecord)  # noqa: S101  # for the type checker
            self._length, self._head = row.id, row.hash
        if self._length < self._expected:
            return self._broken(ChainFault.CUT_OFF, self._length + 1)
        return ChainReport(length=self._length, head=self._head, broken_at=None)

    def _judge(self, row: Row) -> tuple[ChainFault, int] | None:
        """The fault and the number of the first row that has it; ``None`` if this row holds."""
        number = self._length + 1
        if number > self._expected or row.id < number:
            return ChainFault.INSERTED, self._put_in_before(row) or row.id
        if row.id > number:
            return ChainFault.MISSING, number
        if isinstance(row, Unreadable):
            return ChainFault.CHANGED, number
        vouched = self._pins.vouched(number)
        is_vouched = vouched is not None and row.hash.startswith(vouched)
        if not _is_itself(row) or row.previous_hash != self._head:
            return self._trace(row)
        if vouched is not None and not is_vouched:
            return ChainFault.REMADE, number
        if is_vouched:
            self._vouched_until = number
        return None

    def _trace(self, row: EventRecord) -> tuple[ChainFault, int]:
        """Where it began: a genuine row out of its place tells of one put in or taken out."""
        if _is_itself(row, number=row.id + 1):
            return ChainFault.MISSING, row.id
        put_in = self._put_in_before(row)
        if put_in:
            return ChainFault.INSERTED, put_in
        is_the_last = row.id >= self._expected or self._is_followed(row)
        if _is_itself(row) and is_the_last and self._vouched_until < row.id - 1:
            return ChainFault.CHANGED, row.id - 1
        return ChainFault.CHANGED, row.id

    def _put_in_before(self, row: Row) -> int | None:
        """The first of the rows between a genuine row and the one that it was written after."""
        if isinstance(row, Unreadable):
            return None
        if not _is_itself(row) and not _is_itself(row, number=row.id - 1):
            return None
        before = self._number_of(row.previous_hash)
        if before is None or not self._vouched_until <= before < row.id - 1:
            return None
        return before + 1

    def _number_of(self, digest: str) -> int | None:
        if digest == HASH_BEFORE_THE_FIRST:
            return 0
        return self._session.scalar(select(Event.id).where(Event.hash == digest))

    def _is_followed(self, row: EventRecord) -> bool:
        query = select(Event.id).where(Event.previous_hash == row.hash).limit(1)
        return self._session.scalar(query) is not None

    def _broken(self, fault: ChainFault, number: int) -> ChainReport:
        return ChainReport(
            length=min(self._length, number - 1) if number > 0 else 0,
            head=self._head,
            broken_at=number,
            fault=fault,
            row=_readable(self._session, number),
        )


def _is_itself(row: EventRecord, *, number: int | None = None) -> bool:
    """Whether the row's hash is that of its values, under its own number or this one."""
    try:
        return row.hash == hash_of(replace(row, id=row.id if number is None else number))
    except NOT_AS_WRITTEN:
        return False


def _read(session: Session, numbers: Sequence[int]) -> Sequence[Row]:
    """The rows of these numbers: at once, or one by one where one of them cannot be read."""
    query = select(Event).where(Event.id.between(numbers[0], numbers[-1])).order_by(Event.id)
    try:
        return [record_of(row) for row in session.scalars(query)]
    except NOT_AS_WRITTEN:
        return [_readable(session, number) or Unreadable(number) for number in numbers]


def _readable(session: Session, number: int) -> EventRecord | None:
    try:
        row = session.scalar(select(Event).where(Event.id == number))
        return None if row is None else record_of(row)
    except NOT_AS_WRITTEN:
        return None
