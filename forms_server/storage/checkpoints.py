"""Checkpoints of the audit trail: one a day, signed by who keeps the keys, never changed."""

from __future__ import annotations

from dataclasses import dataclass, fields
from hashlib import sha256

from sqlalchemy import Engine, func, select

from forms_server.storage.audit_values import TrailState
from forms_server.storage.chain import HASH_BEFORE_THE_FIRST, links_after
from forms_server.storage.counters import count_numbers
from forms_server.storage.database import reading, snapshot, writing
from forms_server.storage.events import add_event, counted
from forms_server.storage.tables import Checkpoint, Document, Event
from forms_server.storage.values import (
    CheckpointRecord,
    NewEvent,
)

COLUMNS = tuple(field.name for field in fields(CheckpointRecord))
CHECKPOINT_MADE = "checkpoint-made"
"""The event that tells of a checkpoint: one that is gone from everywhere is missed all the same."""


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The checkpoints of this database; there is no way to change or delete one."""

    _engine: Engine

    def state(self) -> TrailState:
        """What a checkpoint made now would say; ``links`` begin after the last checkpoint."""
        last = self.last()
        after = last.events if last else 0
        with snapshot(self._engine) as session:
            events = counted(session)
            head = session.scalar(select(Event.hash).where(Event.id == events))
            return TrailState(
                after=after,
                events=events,
                head=head or HASH_BEFORE_THE_FIRST,
                links=links_after(session, after, until=events),
                documents=session.scalar(select(func.count()).select_from(Document)) or 0,
                numbers=count_numbers(session),
            )

    def add(self, new: CheckpointRecord) -> None:
        """Enters a checkpoint and the event that tells of it.

        Refuses with ``record-conflict`` a second one of a day.
        """
        with writing(self._engine) as session:
            session.add(Checkpoint(**{name: getattr(new, name) for name in COLUMNS}))
            session.flush()
            digest = sha256(new.jws.encode()).hexdigest()
            detail = {"events": new.events, "sha256": digest}
            subject = new.day.isoformat()
            told = NewEvent(at=new.made_at, kind=CHECKPOINT_MADE, subject=subject, detail=detail)
            add_event(session, told)

    def all(self) -> tuple[CheckpointRecord, ...]:
        """The oldest first."""
        with reading(self._engine) as session:
            rows = session.scalars(select(Checkpoint).order_by(Checkpoint.day))
            return tuple(map(_record, rows))

    def last(self) -> CheckpointRecord | None:
        with reading(self._engine) as session:
            row = session.scalar(select(Checkpoint).order_by(Checkpoint.day.desc()).limit(1))
            return None if row is None else _record(row)


def _record(row: Checkpoint) -> CheckpointRecord:
    return CheckpointRecord(**{name: getattr(row, name) for name in COLUMNS})
