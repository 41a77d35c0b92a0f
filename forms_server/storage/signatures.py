"""Persons' signatures: each waits, and is then given, refused or put on the printed paper."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from hashlib import sha256

from sqlalchemy import ColumnElement, Engine, select
from sqlalchemy.orm import Session

from forms_server.errors import StorageError
from forms_server.storage.database import reading, writing
from forms_server.storage.events import add_event
from forms_server.storage.files import add_file
from forms_server.storage.tables import Document, Signature
from forms_server.storage.values import (
    DocumentState,
    NewEvent,
    NewFile,
    NewSignature,
    SignatureRecord,
    SignatureState,
    Signed,
)

COLUMNS = tuple(field.name for field in fields(SignatureRecord))
GIVEN = tuple(field.name for field in fields(NewSignature))
TOLD = tuple(field.name for field in fields(Signed) if field.name != "by")


@dataclass(frozen=True, slots=True)
class Signatures:
    """The signatures of this database; what is settled is never changed."""

    _engine: Engine

    def of_document(self, document_id: int) -> tuple[SignatureRecord, ...]:
        """In the order of signing."""
        query = select(Signature).where(Signature.document_id == document_id)
        with reading(self._engine) as session:
            rows = session.scalars(query.order_by(Signature.position))
            return tuple(map(_record, rows))

    def of_documents(
        self, document_ids: Collection[int]
    ) -> Mapping[int, tuple[SignatureRecord, ...]]:
        """Those of several documents, each in the order of signing; a document may have none."""
        query = select(Signature).where(Signature.document_id.in_(document_ids))
        with reading(self._engine) as session:
            rows = session.scalars(query.order_by(Signature.document_id, Signature.position))
            found: dict[int, tuple[SignatureRecord, ...]] = dict.fromkeys(document_ids, ())
            for row in rows:
                found[row.document_id] += (_record(row),)
            return found

    def waited_for(
        self, office_id: int, signature_ids: Collection[str], *, limit: int
    ) -> tuple[int, ...]:
        """The newest documents in force of an office in which one of these signatures waits."""
        query = (
            select(Signature.document_id)
            .join(Document, Document.id == Signature.document_id)
            .where(
                Document.office_id == office_id,
                Document.state == DocumentState.ISSUED,
                Signature.state == SignatureState.WAITING,
                Signature.signature_id.in_(signature_ids),
            )
            .distinct()
            .order_by(Signature.document_id.desc())
        )
        with reading(self._engine) as session:
            return tuple(session.scalars(query.limit(limit)))

    def by_token(self, token: str) -> SignatureRecord | None:
        with reading(self._engine) as session:
            row = session.scalar(select(Signature).where(Signature.token == token))
            return None if row is None else _record(row)

    def expect(
        self, signature_id: int, *, iin: str | None, bin_: str | None, by: int, at: datetime
    ) -> SignatureRecord:
        """Says whose certificate is taken; what had been prepared is forgotten."""
        with writing(self._engine) as session:
            row = _lock(session, Signature.id == signature_id)
            row.expected_iin, row.expected_bin = iin, bin_
            _forget_preparation(row)
            session.flush()
            add_event(session, _event(session, row, at=at, kind="signer-named", by=by))
            return _record(row)

    def prepare(
        self, signature_id: int, *, update: bytes, follows: str, at: datetime
    ) -> SignatureRecord:
        """Keeps what the person is about to sign; a second time replaces the first."""
        with writing(self._engine) as session:
            row = _lock(session, Signature.id == signature_id)
            row.prepared_update, row.prepared_from, row.prepared_at = update, follows, at
            session.flush()
            return _record(row)

    def sign(self, judged: SignatureRecord, signed: Signed, file: NewFile) -> SignatureRecord:
        """``waiting`` → ``signed``: the document's next file and the signature, or neither.

        Refuses with ``signature-settled``, with ``signature-outdated`` where another signer is
        expected by now than when it was ``judged`` whose certificate it is, and as ``Files.add``.
        """
        with writing(self._engine) as session:
            row = _lock(session, Signature.id == judged.id)
            if (row.expected_iin, row.expected_bin) != (judged.expected_iin, judged.expected_bin):
                raise StorageError("signature-outdated")
            row.state = SignatureState.SIGNED
            for name in TOLD:
                setattr(row, name, getattr(signed, name))
            row.settled_at, row.settled_by = file.added_at, signed.by
            _forget_preparation(row)
            add_file(session, row.document_id, file)
            kind = "document-signed"
            add_event(session, _event(session, row, at=file.added_at, kind=kind, by=signed.by))
            return _record(row)

    def refuse(
        self, signature_id: int, *, reason: str, at: datetime, by: int | None = None
    ) -> SignatureRecord:
        """``waiting`` → ``refused``, with the reason that the person gives."""
        return self._settle(signature_id, SignatureState.REFUSED, reason=reason, at=at, by=by)

    def leave_to_hand(self, signature_id: int, *, at: datetime, by: int) -> SignatureRecord:
        """``waiting`` → ``by-hand``: the printed paper is signed instead."""
        return self._settle(signature_id, SignatureState.BY_HAND, reason=None, at=at, by=by)

    def _settle(
        self,
        signature_id: int,
        state: SignatureState,
        *,
        reason: str | None,
        at: datetime,
        by: int | None,
    ) -> SignatureRecord:
        with writing(self._engine) as session:
            row = _lock(session, Signature.id == signature_id)
            row.state, row.reason = state, reason
            row.settled_at, row.settled_by = at, by
            _forget_preparation(row)
            session.flush()
            add_event(session, _event(session, row, at=at, kind=f"signature-{state}", by=by))
            return _record(row)


def add_signatures(session: Session, document_id: int, news: Iterable[NewSignature]) -> None:
    """What a document waits for from the moment it is issued."""
    for new in news:
        given = {name: getattr(new, name) for name in GIVEN}
        session.add(Signature(document_id=document_id, state=SignatureState.WAITING, **given))
    session.flush()


def _lock(session: Session, condition: ColumnElement[bool]) -> Signature:
    """A signature that is still waited for, held until the transaction ends."""
    row = session.scalar(select(Signature).where(condition).with_for_update())
    if row is None:
        raise StorageError("signature-missing")
    if row.state is not SignatureState.WAITING:
        raise StorageError("signature-settled")
    return row


def _forget_preparation(row: Signature) -> None:
    row.prepared_from = row.prepared_update = row.prepared_at = None


def _event(
    session: Session, row: Signature, *, at: datetime, kind: str, by: int | None
) -> NewEvent:
    """Who signed stands in the row and in the file; the trail names no person."""
    number = session.scalar(select(Document.number).where(Document.id == row.document_id))
    detail = {"signature": row.signature_id, "position": row.position}
    if row.reason:
        detail["reason_sha256"] = sha256(row.reason.encode()).hexdigest()
    if row.serial_number:
        detail |= {"serial_number": row.serial_number, "is_checked": row.is_checked}
    return NewEvent(at=at, kind=kind, subject=number or "", account_id=by, detail=detail)


def _record(row: Signature) -> SignatureRecord:
    return SignatureRecord(**{name: getattr(row, name) for name in COLUMNS})
