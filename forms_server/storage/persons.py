"""Whom documents are about: the look-up of persons' documents, and how it stays true to the end.

Every document that has its number counts, printed or still in print, unless it is annulled.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import ColumnElement, Text, bindparam, insert, select, text, update
from sqlalchemy.orm import Session

from forms_server.errors import StorageError
from forms_server.storage.tables import Document, DocumentPerson
from forms_server.storage.values import DocumentState, Seen

HOLD = text("SELECT pg_advisory_xact_lock(hashtextextended(:iin, 0))").bindparams(
    bindparam("iin", type_=Text)
)
"""On PostgreSQL whoever enters a document about a person waits for whoever does the same; on SQLite
every writer waits for every other anyway."""


def note_persons(session: Session, document_id: int, iins: Iterable[str]) -> None:
    """Enters whom a document is about."""
    persons = [{"document_id": document_id, "iin": iin} for iin in sorted({*iins})]
    if persons:
        session.execute(insert(DocumentPerson), persons)
    session.execute(update(Document).where(Document.id == document_id).values(persons_noted=True))


def hold_persons(session: Session, iins: Collection[str]) -> None:
    """Nobody else enters a document about these persons until the transaction ends."""
    if session.connection().dialect.name == "postgresql":
        for iin in sorted(iins):
            session.execute(HOLD, {"iin": iin})


def check_seen(session: Session, seen: Seen) -> None:
    """Refuses with ``person-documents-changed`` when the look-up would now find anything else."""
    query = select(Document.id).join(DocumentPerson, DocumentPerson.document_id == Document.id)
    found = session.scalars(query.where(*are_about(seen.iins, seen.form_ids)))
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
