"""The files of documents: a further file is the one before with something added at its end."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from forms_server.errors import StorageError
from forms_server.storage.database import reading, writing
from forms_server.storage.events import add_event
from forms_server.storage.tables import Document, DocumentFile
from forms_server.storage.tables import Signature as SignatureRow
from forms_server.storage.values import (
    DocumentState,
    FileRecord,
    NewEvent,
    NewFile,
    TimeStampState,
)

COLUMNS = tuple(field.name for field in fields(FileRecord))


@dataclass(frozen=True, slots=True)
class Files:
    """Every file that a document of this database is or was."""

    _engine: Engine

    def of_document(self, document_id: int) -> tuple[FileRecord, ...]:
        """The oldest first."""
        query = select(DocumentFile).where(DocumentFile.document_id == document_id)
        with reading(self._engine) as session:
            rows = session.scalars(query.order_by(DocumentFile.sequence))
            return tuple(map(_record, rows))

    def add(self, document_id: int, new: NewFile) -> FileRecord:
        """The document's next file; refuses with ``document-file-changed`` unless it follows the
        newest one, and with ``document-not-issued`` what was annulled meanwhile.
        """
        with writing(self._engine) as session:
            return add_file(session, document_id, new)

    def settle_time_stamp(self, document_id: int, file: str) -> bool:
        """Says that the document has all it needs, unless ``file`` is its newest no more."""
        with writing(self._engine) as session:
            row = session.get(Document, document_id, with_for_update=True)
            if row is None or row.pdf_sha256 != file:
                return False
            row.time_stamp = TimeStampState.DONE
            return True

    def waiting_for_time_stamp(self, *, limit: int, after: int = 0) -> tuple[int, ...]:
        """Ids of issued documents whose newest file has no time stamp yet, the oldest first."""
        query = select(Document.id).where(
            Document.time_stamp == TimeStampState.PENDING,
            Document.state == DocumentState.ISSUED,
            Document.id > after,
        )
        with reading(self._engine) as session:
            return tuple(session.scalars(query.order_by(Document.id).limit(limit)))

    def ending_time_stamps(
        self, moment: datetime, *, limit: int, after: int = 0
    ) -> tuple[int, ...]:
        """Ids of issued documents whose newest time stamp can be trusted until then at most."""
        query = select(Document.id).where(
            Document.time_stamp == TimeStampState.DONE,
            Document.state == DocumentState.ISSUED,
            Document.time_stamp_until <= moment,
            Document.id > after,
        )
        with reading(self._engine) as session:
            return tuple(session.scalars(query.order_by(Document.id).limit(limit)))

    def await_time_stamps(self) -> int:
        """Every issued document waits again, as when the level was raised; how many do."""
        issued = Document.state == DocumentState.ISSUED
        change = update(Document).where(issued).values(time_stamp=TimeStampState.PENDING)
        with writing(self._engine) as session:
            session.execute(change)
            return session.scalar(select(func.count()).where(issued)) or 0

    def prepared_since(self, document_id: int, moment: datetime) -> bool:
        """Whether somebody is about to sign the newest file: what is added now would be in vain."""
        query = select(SignatureRow.id).where(
            SignatureRow.document_id == document_id, SignatureRow.prepared_at >= moment
        )
        with reading(self._engine) as session:
            return session.scalar(query.limit(1)) is not None


def add_first_file(session: Session, row: Document, at: datetime) -> None:
    """The sealed file of a document that is just being issued."""
    session.add(
        DocumentFile(
            document_id=row.id, sequence=1, kind="sealed", sha256=row.pdf_sha256, added_at=at
        )
    )


def add_file(session: Session, document_id: int, new: NewFile) -> FileRecord:
    """See ``Files.add``; part of the transaction of whatever the file is added for."""
    document = session.scalar(select(Document).where(Document.id == document_id).with_for_update())
    if document is None:
        raise StorageError("document-missing")
    if document.state is not DocumentState.ISSUED:
        state = document.state.value
        raise StorageError("document-not-issued", number=document.number, state=state)
    if document.pdf_sha256 != new.follows:
        raise StorageError("document-file-changed", number=document.number)
    newest = select(func.max(DocumentFile.sequence)).where(DocumentFile.document_id == document_id)
    record = FileRecord(
        document_id=document_id,
        sequence=(session.scalar(newest) or 0) + 1,
        kind=new.kind,
        sha256=new.sha256,
        added_at=new.added_at,
    )
    session.add(DocumentFile(**{name: getattr(record, name) for name in COLUMNS}))
    document.pdf_sha256 = document.blob_key = new.sha256
    document.time_stamp = new.time_stamp
    if new.time_stamped_at is not None:
        document.time_stamped_at = new.time_stamped_at
        document.time_stamp_until = new.time_stamp_until
    session.flush()
    add_event(session, _event(document.number, record))
    return record


def _event(number: str, record: FileRecord) -> NewEvent:
    return NewEvent(
        at=record.added_at,
        kind="document-file-added",
        subject=number,
        detail={
            "kind": record.kind.value,
            "sequence": record.sequence,
            "pdf_sha256": record.sha256,
        },
    )


def _record(row: DocumentFile) -> FileRecord:
    return FileRecord(**{name: getattr(row, name) for name in COLUMNS})
