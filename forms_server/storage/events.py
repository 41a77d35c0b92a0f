"""The audit trail: each event carries the hash of the one before, so a change anywhere shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from forms_server.storage.audit_values import ChainReport, Pin
from forms_server.storage.chain import HASH_BEFORE_THE_FIRST, hash_of, record_of, walk
from forms_server.storage.counters import CHAIN, next_value
from forms_server.storage.database import reading, snapshot, writing
from forms_server.storage.tables import Counter, Event
from forms_server.storage.values import (
    EventRecord,
    NewEvent,
)


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
            return tuple(record_of(row) for row in session.scalars(query))

    def of_subject(self, subject: str) -> tuple[EventRecord, ...]:
        """The whole life of one document (by number) or account (by login), oldest first."""
        query = select(Event).where(Event.subject == subject).order_by(Event.id)
        with reading(self._engine) as session:
            return tuple(record_of(row) for row in session.scalars(query))

    def verify_chain(self, pins: Iterable[Pin] = ()) -> ChainReport:
        """Walks the whole trail; finds changed, removed, inserted and cut-off events.

        Who can write the database can also compute a whole new trail: against that help only the
        ``pins`` of signed checkpoints, or the report's ``head`` noted elsewhere.
        """
        with snapshot(self._engine) as session:
            return walk(session, expected=counted(session), pins=pins)


def counted(session: Session) -> int:
    """How many events there should be."""
    return session.scalar(select(Counter.value).where(Counter.scope == CHAIN)) or 0


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
    row.hash = hash_of(row)
    session.add(row)
    session.flush()
    return record_of(row)
