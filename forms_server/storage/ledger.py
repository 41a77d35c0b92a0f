"""The register as an auditor reads it: every document with all that is recorded of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from hashlib import sha256
from typing import Any, TypeVar

from sqlalchemy import Engine, Select, select
from sqlalchemy.orm import Session

from forms_server.storage.audit_values import DocumentLedger
from forms_server.storage.chain import NOT_AS_WRITTEN
from forms_server.storage.database import reading
from forms_server.storage.tables import Document, DocumentFile, Event
from forms_server.storage.tables import Signature as SignatureRow
from forms_server.storage.values import (
    DocumentRecord,
    EventRecord,
    FileRecord,
    SignatureRecord,
)

RESERVED = "document-reserved"
FIXED = (
    "token", "short_code", "answers", "masked_name", "iin_last4", "office_id",
    "draft_id", "based_on", "replaces", "replacement_reason", "replacement_by",
)  # fmt: skip
"""What of a document's row never changes after its number was given out."""
AT_A_TIME = 200

Made = TypeVar("Made", DocumentRecord, FileRecord, SignatureRecord, EventRecord)


def digest_of_fixed(document: Document | DocumentRecord) -> str:
    """SHA-256 (hex) of what is ``FIXED``, as JSON.

    It stands in the trail, and nobody finds answers by guessing at it: the token is random.
    """
    values = [getattr(document, name) for name in FIXED]
    text = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Ledger:
    """Reads in its own way, so that a row which somebody spoilt stops no audit."""

    _engine: Engine

    def documents(self) -> Iterator[DocumentLedger]:
        """All documents of all offices, the oldest first."""
        last = 0
        while found := self._after(last):
            yield from found
            last = found[-1].id

    def without_document(self) -> tuple[str, ...]:
        """Numbers that the trail says were given to documents which are not there."""
        there = select(Document.id).where(Document.number == Event.subject).exists()
        query = select(Event.subject).where(Event.kind == RESERVED, ~there).order_by(Event.id)
        with reading(self._engine) as session:
            return tuple(session.scalars(query))

    def of_kind(self, kind: str) -> tuple[EventRecord, ...]:
        """All events of a kind that can be read, the oldest first."""
        query = select(Event).where(Event.kind == kind).order_by(Event.id)
        with reading(self._engine) as session:
            return _every(session, query, EventRecord)

    def _after(self, document_id: int) -> Sequence[DocumentLedger]:
        query = select(Document.id, Document.number).where(Document.id > document_id)
        with reading(self._engine) as session:
            found = session.execute(query.order_by(Document.id).limit(AT_A_TIME)).all()
            return [_ledger(session, each, number) for each, number in found]


def _ledger(session: Session, document_id: int, number: str) -> DocumentLedger:
    files = select(DocumentFile).where(DocumentFile.document_id == document_id)
    signatures = select(SignatureRow).where(SignatureRow.document_id == document_id)
    record = select(Document).where(Document.id == document_id)
    return DocumentLedger(
        id=document_id,
        number=number,
        record=next(iter(_every(session, record, DocumentRecord)), None),
        files=_every(session, files.order_by(DocumentFile.sequence), FileRecord),
        signatures=_every(session, signatures.order_by(SignatureRow.position), SignatureRecord),
        events=_every(
            session, select(Event).where(Event.subject == number).order_by(Event.id), EventRecord
        ),
    )


def _every(session: Session, query: Select[Any], kind: Callable[..., Made]) -> tuple[Made, ...]:
    """The rows as records; where one of them cannot be read, none: what is missing will be told."""
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]  # all are dataclasses
    try:
        return tuple(
            kind(**{name: getattr(row, name) for name in names}) for row in session.scalars(query)
        )
    except NOT_AS_WRITTEN:
        return ()
