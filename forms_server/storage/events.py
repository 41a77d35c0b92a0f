"""The audit trail: each event carries the hash of the one before, so a change anywhere shows."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC
from hashlib import sha256

from sqlalchemy import Engine, ScalarResult, select
from sqlalchemy.orm import Session

from forms_server.storage.counters import CHAIN, next_value
from forms_server.storage.database import reading, writing
from forms_server.storage.tables import Counter, Event
from forms_server.storage.values import ChainReport, EventRecord, NewEvent

HASH_BEFORE_THE_FIRST = "0" * 64
EVENTS_AT_A_TIME = 1000


@dataclass(frozen=True, slots=True)
class Events:
    """The events of this database; there is no way to change or delete one."""

    _engine: Engine

    def append(self, new: NewEvent) -> EventRecord:
        with writing(self._engine) as session:
            return add_event(session, new)

    def recent(self, *, limit: int = 50, offset: int = 0) -> tuple[EventRecord, ...]:
        """Newest first."""
        query = select(Event).order_by(Event.id.desc()).limit(limit).offset(offset)
        with reading(self._engine) as session:
            return tuple(_record(row) for row in session.scalars(query))

    def of_subject(self, subject: str) -> tuple[EventRecord, ...]:
        """The whole life of one document (by number) or account (by login), oldest first."""
        query = select(Event).where(Event.subject == subject).order_by(Event.id)
        with reading(self._engine) as session:
            return tuple(_record(row) for row in session.scalars(query))

    def verify_chain(self) -> ChainReport:
        """Walks the whole trail; finds changed, removed, inserted and cut-off events.

        Who can write the database can also compute a whole new trail: against that helps only the
        report's ``head``, noted elsewhere.
        """
        with reading(self._engine) as session:
            expected = session.scalar(select(Counter.value).where(Counter.scope == CHAIN)) or 0
            with closing(_stored(session, expected)) as rows:
                return _walk(map(_record, rows), expected)


def add_event(session: Session, new: NewEvent) -> EventRecord:
    """Adds an event in the transaction of the change it tells of.

    Call it last: from here to the commit every other writer of events waits.
    """
    number = next_value(session, CHAIN)
    previous = session.scalar(select(Event.hash).where(Event.id == number - 1))
    row = Event(
        id=number,
        at=new.at.astimezone(UTC),
        account_id=new.account_id,
        kind=new.kind,
        subject=new.subject,
        detail=dict(new.detail),
        previous_hash=previous or HASH_BEFORE_THE_FIRST,
    )
    row.hash = _hash_of(row)
    session.add(row)
    session.flush()
    return _record(row)


def _hash_of(event: Event | EventRecord) -> str:
    """SHA-256 over the JSON list of all values, in one spelling only."""
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


def _stored(session: Session, newest: int) -> ScalarResult[Event]:
    """Only up to ``newest``: on PostgreSQL further events may arrive while we walk."""
    query = select(Event).where(Event.id <= newest).order_by(Event.id)
    return session.scalars(query, execution_options={"yield_per": EVENTS_AT_A_TIME})


def _walk(events: Iterable[EventRecord], expected: int) -> ChainReport:
    length, head = 0, HASH_BEFORE_THE_FIRST
    for event in events:
        follows = event.id == length + 1 and event.previous_hash == head
        if not follows or event.hash != _hash_of(event):
            return ChainReport(length=length, head=head, broken_at=length + 1)
        length, head = event.id, event.hash
    return ChainReport(
        length=length, head=head, broken_at=length + 1 if length < expected else None
    )


def _record(row: Event) -> EventRecord:
    return EventRecord(
        id=row.id,
        at=row.at,
        account_id=row.account_id,
        kind=row.kind,
        subject=row.subject,
        detail=row.detail,
        previous_hash=row.previous_hash,
        hash=row.hash,
    )
