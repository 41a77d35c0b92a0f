"""What was issued and is in force no more: read whole, for the list that phones keep."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, func, select

from forms_server.storage.database import reading
from forms_server.storage.tables import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawnMark:
    """How far withdrawing has come: as long as it is the same, nothing was withdrawn since."""

    documents: int
    replaced: int
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class WithdrawnDocument:
    """A document that was annulled; ``data_sha256`` is hex."""

    data_sha256: str
    is_replaced: bool


WITHDRAWN = Document.annulled_at.is_not(None), Document.data_sha256.is_not(None)
"""The first makes ``ix_documents_withdrawn``; what was voided before it was issued has no data."""


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The withdrawn documents of all offices; answered from an index that holds only them."""

    _engine: Engine

    def mark(self) -> WithdrawnMark:
        counts = func.count(), func.count(Document.replaced_by), func.max(Document.annulled_at)
        with reading(self._engine) as session:
            documents, replaced, last_at = session.execute(select(*counts).where(*WITHDRAWN)).one()
        return WithdrawnMark(documents=documents, replaced=replaced, last_at=last_at)

    def all(self) -> tuple[WithdrawnDocument, ...]:
        """In no order."""
        query = select(Document.data_sha256, Document.replaced_by.is_not(None)).where(*WITHDRAWN)
        with reading(self._engine) as session:
            rows = session.execute(query).all()
        return tuple(WithdrawnDocument(data, replaced) for data, replaced in rows if data)
