"""Checkpoints of the audit trail: one a day, signed by who keeps the keys, never changed."""

from __future__ import annotations

from dataclasses import dataclass, fields

from sqlalchemy import Engine, select

from forms_server.storage.database import reading, writing
from forms_server.storage.tables import Checkpoint
from forms_server.storage.values import CheckpointRecord

COLUMNS = tuple(field.name for field in fields(CheckpointRecord))


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The checkpoints of this database."""

    _engine: Engine

    def add(self, new: CheckpointRecord) -> None:
        """Refuses with ``record-conflict`` a second one of a day."""
        with writing(self._engine) as session:
            session.add(Checkpoint(**{name: getattr(new, name) for name in COLUMNS}))

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
