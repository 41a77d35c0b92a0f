"""What an attacker does who may change the schema: the guards are dropped first, then the rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace

from sqlalchemy import Connection, Engine, delete, insert, text
from sqlalchemy.orm import Session

from forms_server.storage.chain import HASH_BEFORE_THE_FIRST, hash_of, stored_rows
from forms_server.storage.records import EventRecord
from forms_server.storage.tables import Event

GUARDED = ("events", "checkpoints")


def drop_guards(connection: Connection) -> None:
    """The triggers that refuse every change of the trail and of its checkpoints."""
    if connection.dialect.name == "sqlite":
        found = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
        for name in found.scalars().all():
            connection.execute(text(f"DROP TRIGGER {name}"))
        return
    for table in GUARDED:
        connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))


def tamper(engine: Engine, *statements: str) -> None:
    """Run statements as such an attacker."""
    with engine.begin() as connection:
        drop_guards(connection)
        for statement in statements:
            connection.execute(text(statement))


def read_trail(engine: Engine) -> tuple[EventRecord, ...]:
    """All events as they stand, which must be readable."""
    with Session(engine) as session:
        return tuple(row for row in stored_rows(session) if isinstance(row, EventRecord))


def write_trail(engine: Engine, trail: Iterable[EventRecord]) -> None:
    """These events in place of whatever stands there; the count of the trail stays."""
    with engine.begin() as connection:
        drop_guards(connection)
        connection.execute(delete(Event))
        for event in trail:
            connection.execute(insert(Event), asdict(event))


def remade(trail: Sequence[EventRecord]) -> tuple[EventRecord, ...]:
    """The trail with numbers and hashes that fit each other: it shows nothing by itself."""
    made: list[EventRecord] = []
    head = HASH_BEFORE_THE_FIRST
    for number, event in enumerate(trail, start=1):
        moved = replace(event, id=number, previous_hash=head)
        head = hash_of(moved)
        made.append(replace(moved, hash=head))
    return tuple(made)
