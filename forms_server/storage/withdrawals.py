"""How documents cease to be in force: annulled, or annulled because another one replaces them."""

from __future__ import annotations

from hashlib import sha256

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from forms_server.errors import StorageError
from forms_server.storage.events import add_event
from forms_server.storage.tables import Document
from forms_server.storage.values import Annulment, DocumentState, NewEvent


def annul(session: Session, row: Document, annulment: Annulment, *, kind: str) -> None:
    """Whatever its state: the row says from now on who annulled it, when and why."""
    row.state = DocumentState.ANNULLED
    row.annulled_at, row.annulled_by = annulment.at, annulment.by
    row.annulment_reason, row.annulment_category = annulment.reason, annulment.category
    row.replaced_by = annulment.replaced_by
    session.flush()
    add_event(session, _event(annulment, row.number, kind=kind))


def annul_replaced(session: Session, row: Document, *, annulment: Annulment) -> None:
    """Annuls the document that this one is issued in place of.

    One that was annulled meanwhile keeps who annulled it, when and why, and learns of its
    replacement. Refuses with ``document-already-replaced``.
    """
    replaced = hold_replaceable(session, row.replaces or "", replacement=row.number)
    if replaced.state is DocumentState.ISSUED:
        annul(session, replaced, annulment, kind="document-annulled")
        return
    replaced.replaced_by = row.number
    session.flush()
    add_event(session, _event(annulment, replaced.number, kind="document-replaced"))


def hold_replaceable(session: Session, number: str, *, replacement: str = "") -> Document:
    """The document to be replaced, held until the transaction ends so that it is replaced once.

    Refuses with ``document-missing``, with ``document-not-issued`` what is still in print, and with
    ``document-already-replaced`` where another document than ``replacement`` has been entered in
    its place.
    """
    row = session.scalar(select(Document).where(Document.number == number).with_for_update())
    if row is None:
        raise StorageError("document-missing")
    if row.state is DocumentState.ISSUING or row.issued_at is None:
        raise StorageError("document-not-issued", number=number, state=row.state.value)
    others = select(Document.number).where(_replaces(number), Document.number != replacement)
    quicker = row.replaced_by or session.scalar(others.limit(1))
    if quicker not in {None, replacement}:
        raise StorageError("document-already-replaced", number=number, replaced_by=quicker)
    return row


def check_replacement(session: Session, number: str, *, replaced_by: str | None) -> None:
    """Refuses with ``document-replaces-itself`` and ``document-replacement-missing``."""
    if replaced_by is None:
        return
    if replaced_by == number:
        raise StorageError("document-replaces-itself", number=number)
    if session.scalar(select(Document.id).where(Document.number == replaced_by)) is None:
        raise StorageError("document-replacement-missing", number=replaced_by)


def _replaces(number: str) -> ColumnElement[bool]:
    """Of documents: entered in place of this one, and not given up before they were issued."""
    was_given_up = and_(Document.state == DocumentState.ANNULLED, Document.issued_at.is_(None))
    return and_(Document.replaces == number, ~was_given_up)


def _event(annulment: Annulment, number: str, *, kind: str) -> NewEvent:
    """The reason itself may name a person, so the trail holds its hash."""
    return NewEvent(
        at=annulment.at,
        kind=kind,
        subject=number,
        account_id=annulment.by,
        detail={
            "category": annulment.category.value,
            "reason_sha256": sha256(annulment.reason.encode()).hexdigest(),
            "replaced_by": annulment.replaced_by,
        },
    )
