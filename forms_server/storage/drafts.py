"""Drafts: what a clerk has typed so far; each is seen by its owner alone."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.orm import Session

from forms_server.errors import StorageError
from forms_server.storage.database import reading, writing
from forms_server.storage.tables import Draft
from forms_server.storage.values import DraftContent, DraftRecord

COLUMNS = tuple(field.name for field in fields(DraftRecord))
KEPT = ("based_on", "replaces", "replacement_reason", "replacement_by")
"""What is said of a draft when it is entered, and never changes."""


@dataclass(frozen=True, slots=True)
class Drafts:
    """The drafts of this database; one of another owner is as if it did not exist."""

    _engine: Engine

    def enter(self, content: DraftContent, now: datetime) -> DraftRecord:
        """A new draft."""
        row = Draft(
            id=content.id,
            owner=content.owner,
            created_at=now,
            **{name: getattr(content, name) for name in KEPT},
        )
        with writing(self._engine) as session:
            session.add(row)
            return _write(session, row, content=content, now=now)

    def save(self, content: DraftContent, now: datetime) -> DraftRecord:
        """Overwrites a draft; what was deleted meanwhile stays so.

        Refuses with ``draft-missing``, and with ``draft-issued`` what has become a document.
        """
        with writing(self._engine) as session:
            return _write(session, _writable(session, content), content=content, now=now)

    def load(self, draft_id: str, *, owner: int) -> DraftRecord | None:
        query = select(Draft).where(Draft.id == draft_id, Draft.owner == owner)
        with reading(self._engine) as session:
            row = session.scalar(query)
            return None if row is None else _record(row)

    def replaced(self, draft_id: str) -> str | None:
        """The number of the document that a draft is to replace."""
        with reading(self._engine) as session:
            return session.scalar(select(Draft.replaces).where(Draft.id == draft_id))

    def replacing(self, number: str) -> tuple[DraftRecord, ...]:
        """The drafts, of whomever, that are to replace a document and are none yet, in order."""
        query = select(Draft).where(Draft.replaces == number, Draft.document_id.is_(None))
        with reading(self._engine) as session:
            return tuple(map(_record, session.scalars(query.order_by(Draft.created_at, Draft.id))))

    def delete(self, draft_id: str, *, owner: int) -> bool:
        """Whether there was such a draft; its document, if any, stays."""
        query = delete(Draft).where(Draft.id == draft_id, Draft.owner == owner)
        with writing(self._engine) as session:
            return session.execute(query.returning(Draft.id)).first() is not None

    def list(self, owner: int) -> tuple[DraftRecord, ...]:
        """The owner's drafts that have not become documents, last touched first."""
        query = select(Draft).where(Draft.owner == owner, Draft.document_id.is_(None))
        with reading(self._engine) as session:
            rows = session.scalars(query.order_by(Draft.updated_at.desc(), Draft.id))
            return tuple(_record(row) for row in rows)

    def recent_forms(self, owner: int, *, limit: int) -> tuple[str, ...]:
        """The ids of the forms that the owner touched last; what became a document counts too."""
        last = func.max(Draft.updated_at).desc()
        query = select(Draft.form_id).where(Draft.owner == owner).group_by(Draft.form_id)
        with reading(self._engine) as session:
            return tuple(session.scalars(query.order_by(last, Draft.form_id).limit(limit)))


def _writable(session: Session, content: DraftContent) -> Draft:
    row = session.scalar(select(Draft).where(Draft.id == content.id).with_for_update())
    if row is None or row.owner != content.owner:
        raise StorageError("draft-missing")
    if row.document_id is not None:
        raise StorageError("draft-issued")
    return row


def _write(session: Session, row: Draft, *, content: DraftContent, now: datetime) -> DraftRecord:
    row.form_id, row.edition_id = content.form_id, content.edition_id
    row.language, row.raw = content.language, dict(content.raw)
    row.updated_at = now
    session.flush()
    return _record(row)


def _record(row: Draft) -> DraftRecord:
    return DraftRecord(**{name: getattr(row, name) for name in COLUMNS})
