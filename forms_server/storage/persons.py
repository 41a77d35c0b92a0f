"""Whom documents are about: the look-up of persons' documents, and how it stays true to the end.

Every document that has its number counts, printed or still in print, unless it is annulled.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from zlib import crc32

from sqlalchemy import BigInteger, ColumnElement, bindparam, insert, select, text, update
from sqlalchemy.orm import Session

from forms_server.errors import StorageError
from forms_server.storage.tables import Document, DocumentPerson
from forms_server.storage.values import DocumentState, Seen

HOLD = text("SELECT pg_advisory_xact_lock(:key)").bindparams(bindparam("key", type_=BigInteger))
"""On PostgreSQL whoever enters a document about a person waits for whoever does the same; on SQLite
every writer waits for every other anyway."""
FIRST_KEY = 7_106_120_000
"""Numbers of ours from here on; ``database.UPGRADE_LOCK`` is another."""
DRAWERS = 256
"""Locks that all persons share. PostgreSQL has room for some 6,400 in all, and a journal is about
5,000 persons: with a lock each, two journals at once would leave no room to anybody."""


def note_persons(session: Session, document_id: int, iins: Iterable[str]) -> None:
    """Enters whom a document is about."""
    persons = [{"document_id": document_id, "iin": iin} for iin in sorted({*iins})]
    if persons:
        session.execute(insert(DocumentPerson), persons)
    session.execute(update(Document).where(Document.id == document_id).values(persons_noted=True))


def hold_persons(session: Session, iins: Collection[str]) -> None:
    """Nobody else enters a document about these persons until the transaction ends."""
    if session.connection().dialect.name == "postgresql":
        for drawer in drawers_of(iins):
            session.execute(HOLD, {"key": FIRST_KEY + drawer})


def drawers_of(iins: Collection[str]) -> list[int]:
    """The locks that hold these persons, in the one order in which everybody takes them."""
    return sorted({crc32(iin.encode()) % DRAWERS for iin in iins})


def check_seen(session: Session, seen: Seen) -> None:
    """Refuses with ``person-documents-changed`` when the look-up would now find anything else."""
    query = select(Document.id).join(DocumentPerson, DocumentPerson.document_id == Document.id)
    query = query.where(*are_about(seen.iins, seen.form_ids))
    found = session.scalars(query.where(Document.number != (seen.replaced or "")))
    if frozenset(found) != seen.ids:
        raise StorageError("person-documents-changed")


def are_about(
    iins: Collection[str], form_ids: Collection[str]
) -> tuple[ColumnElement[bool], ColumnElement[bool], ColumnElement[bool]]:
    """What holds for persons' documents that count."""
    return (
        DocumentPerson.iin.in_(iins),
        Document.form_id.in_(form_ids),
        Document.state != DocumentState.ANNULLED,
    )
