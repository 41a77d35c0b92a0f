"""The register of documents: gives out numbers and keeps every document's state, for ever.

Each change of state is one short transaction that also adds the event which tells of it; nothing
is printed, sealed or sent in one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, func, or_, select, update
from sqlalchemy.orm import Session

from forms_server.errors import StorageError
from forms_server.storage.counters import count_numbers, next_value
from forms_server.storage.database import reading, writing
from forms_server.storage.events import add_event
from forms_server.storage.files import add_first_file
from forms_server.storage.ledger import digest_of_fixed
from forms_server.storage.persons import are_about, check_seen, hold_persons, note_persons
from forms_server.storage.signatures import add_signatures
from forms_server.storage.tables import Document, DocumentFile, DocumentPerson, Draft
from forms_server.storage.values import (
    Annulment,
    AnnulmentCategory,
    DocumentRecord,
    DocumentState,
    Issuance,
    NewDocument,
    NewEvent,
    NumberPattern,
    Seen,
)
from forms_server.storage.withdrawals import (
    annul,
    annul_replaced,
    check_replacement,
    hold_replaceable,
)

COLUMNS = tuple(field.name for field in fields(DocumentRecord))
GIVEN = tuple(
    field.name
    for field in fields(NewDocument)
    if field.name not in {"scope", "number_pattern", "answers", "iins"}
)
"""What goes into the row as it was given."""
OF_THE_DRAFT = ("based_on", "replaces", "replacement_reason", "replacement_by")
"""What goes into the row as the draft has it."""
STANDINGS: Mapping[str, tuple[ColumnElement[bool], ...]] = {
    "issuing": (Document.state == DocumentState.ISSUING,),
    "issued": (Document.state == DocumentState.ISSUED,),
    "annulled": (Document.state == DocumentState.ANNULLED, Document.replaced_by.is_(None)),
    "replaced": (Document.state == DocumentState.ANNULLED, Document.replaced_by.is_not(None)),
}
"""How a document stands, to search by: its state, and of the annulled which have a replacement."""
REFUSALS = {
    DocumentState.ISSUING: "document-not-issuing",
    DocumentState.ISSUED: "document-not-issued",
}
"""The code that says a document is not in the state which a change starts from."""


@dataclass(frozen=True, slots=True)
class Documents:
    """The documents of this database: ``issuing`` → ``issued`` → ``annulled``, never back."""

    _engine: Engine

    def reserve(self, new: NewDocument, *, seen: Seen | None = None) -> DocumentRecord:
        """Enters a document with the next number of its scope, in state ``issuing``.

        A draft becomes one document: a second call with its ``draft_id`` gives the first one's
        record again (its ``token`` then differs from ``new.token``). Refuses with
        ``document-code-taken`` (draw another token and short code), ``document-number-taken``
        (the pattern printed a number that another scope has given out),
        ``person-documents-changed`` (what was ``seen`` of the person's documents is no longer so:
        judge again) or ``document-already-replaced`` (another document was quicker in taking the
        place of the one that the draft replaces).
        """
        try:
            with writing(self._engine) as session:
                hold_persons(session, {*new.iins, *(seen.iins if seen else ())})
                return _of_draft(session, new.draft_id) or _enter(session, new, seen)
        except StorageError as refusal:
            if refusal.code != "record-conflict":
                raise
            return self._after_conflict(new, refusal)

    def finish(self, document_id: int, issuance: Issuance) -> DocumentRecord:
        """``issuing`` → ``issued``: the sealed file is stored and its hashes are known.

        What the document replaces is annulled at the same moment; if that was annulled meanwhile,
        it only learns what replaces it.
        """
        with writing(self._engine) as session:
            row = _lock(session, Document.id == document_id, state=DocumentState.ISSUING)
            row.state = DocumentState.ISSUED
            row.issued_at, row.time_stamp = issuance.issued_at, issuance.time_stamp
            row.pdf_sha256 = row.blob_key = issuance.pdf_sha256
            row.data_sha256 = issuance.data_sha256
            row.is_development = issuance.is_development
            add_first_file(session, row, issuance.issued_at)
            add_signatures(session, row.id, issuance.signatures)
            _annul_replaced(session, row, at=issuance.issued_at)
            add_event(session, _event_of_issue(row, issuance.issued_at))
            return _record(row)

    def annul(self, number: str, annulment: Annulment) -> DocumentRecord:
        """``issued`` → ``annulled``; the number, the file and the record stay."""
        return self._withdraw(number, annulment, start=DocumentState.ISSUED)

    def void(self, number: str, annulment: Annulment) -> DocumentRecord:
        """``issuing`` → ``annulled``: what can never be printed; its number is accounted for."""
        return self._withdraw(number, annulment, start=DocumentState.ISSUING)

    def by_id(self, document_id: int) -> DocumentRecord | None:
        return self._one(Document.id == document_id)

    def by_token(self, token: str) -> DocumentRecord | None:
        return self._one(Document.token == token)

    def by_short_code(self, short_code: str) -> DocumentRecord | None:
        return self._one(Document.short_code == short_code)

    def by_number(self, number: str) -> DocumentRecord | None:
        return self._one(Document.number == number)

    def by_draft(self, draft_id: str) -> DocumentRecord | None:
        return self._one(Document.draft_id == draft_id)

    def by_pdf_sha256(self, pdf_sha256: str) -> DocumentRecord | None:
        """The document that a file is or, before something was added to it, once was."""
        query = select(DocumentFile.document_id).where(DocumentFile.sha256 == pdf_sha256)
        return self._one(Document.id == query.scalar_subquery())

    def unfinished(self, *, reserved_before: datetime | None = None) -> tuple[DocumentRecord, ...]:
        """What a crash left in ``issuing``, oldest first; a moment spares what is under way."""
        query = select(Document).where(Document.state == DocumentState.ISSUING)
        if reserved_before is not None:
            query = query.where(Document.reserved_at < reserved_before)
        return self._several(query.order_by(Document.id))

    def recent(
        self, office_id: int, *, limit: int = 50, offset: int = 0
    ) -> tuple[DocumentRecord, ...]:
        """An office's documents, newest first."""
        return self.search(office_id, "", limit=limit, offset=offset)

    def search(
        self,
        office_id: int,
        text: str,
        *,
        standing: str = "",
        limit: int = 50,
        offset: int = 0,
    ) -> tuple[DocumentRecord, ...]:
        """An office's documents whose number contains ``text`` or whose form it names.

        ``standing`` is a key of ``STANDINGS``; empty for all of them.
        """
        query = select(Document).where(*_matches(office_id, text, standing))
        return self._several(query.order_by(Document.id.desc()).limit(limit).offset(offset))

    def count(self, office_id: int, text: str = "", *, standing: str = "") -> int:
        """How many documents ``search`` would find in all."""
        conditions = _matches(office_id, text, standing)
        query = select(func.count()).select_from(Document).where(*conditions)
        with reading(self._engine) as session:
            return session.scalar(query) or 0

    def of_persons(
        self, iins: Collection[str], form_ids: Collection[str]
    ) -> Mapping[str, tuple[DocumentRecord, ...]]:
        """By person, the oldest first: documents of these forms, of any office, not annulled.

        What is still in print counts: it has its number, and will be finished.
        """
        query = (
            select(DocumentPerson.iin, Document.id)
            .join(Document, Document.id == DocumentPerson.document_id)
            .where(*are_about(iins, form_ids))
            .order_by(Document.id)
        )
        found: dict[str, list[DocumentRecord]] = {iin: [] for iin in iins}
        with reading(self._engine) as session:
            pairs = session.execute(query).all()
            # A journal is about thousands of persons: its answers are read once, not for each.
            ids = {document_id for _, document_id in pairs}
            rows = session.scalars(select(Document).where(Document.id.in_(ids))) if ids else ()
            records = {row.id: _record(row) for row in rows}
        for iin, document_id in pairs:
            found[iin].append(records[document_id])
        return {iin: tuple(documents) for iin, documents in found.items()}

    def begun_from(self, number: str) -> tuple[DocumentRecord, ...]:
        """The documents whose drafts were begun from this one, the oldest first."""
        return self._several(
            select(Document).where(Document.based_on == number).order_by(Document.id)
        )

    def without_persons_noted(self, *, limit: int) -> tuple[DocumentRecord, ...]:
        """What an older release entered: nobody has noted whom these documents are about."""
        query = select(Document).where(Document.persons_noted.is_(False)).order_by(Document.id)
        return self._several(query.limit(limit))

    def note_persons(self, document_id: int, iins: Iterable[str]) -> None:
        """Notes whom such a document is about; a second time changes nothing."""
        with writing(self._engine) as session:
            row = session.get(Document, document_id, with_for_update=True)
            if row is not None and not row.persons_noted:
                note_persons(session, document_id, iins)

    def numbers_given(self) -> int:
        """How many numbers the counters have given out; each has its document, or one is lost."""
        with reading(self._engine) as session:
            return count_numbers(session)

    def after(self, document_id: int, *, limit: int) -> tuple[DocumentRecord, ...]:
        """The next documents of all offices by row, to walk through all of them."""
        query = select(Document).where(Document.id > document_id).order_by(Document.id)
        return self._several(query.limit(limit))

    def _one(self, condition: ColumnElement[bool]) -> DocumentRecord | None:
        with reading(self._engine) as session:
            row = session.scalar(select(Document).where(condition))
            return None if row is None else _record(row)

    def _several(self, query: Select[Document]) -> tuple[DocumentRecord, ...]:
        with reading(self._engine) as session:
            return tuple(_record(row) for row in session.scalars(query))

    def _withdraw(
        self, number: str, annulment: Annulment, *, start: DocumentState
    ) -> DocumentRecord:
        with writing(self._engine) as session:
            row = _lock(session, Document.number == number, state=start)
            check_replacement(session, number, replaced_by=annulment.replaced_by)
            kind = "document-annulled" if start is DocumentState.ISSUED else "document-voided"
            annul(session, row, annulment, kind=kind)
            return _record(row)

    def _after_conflict(self, new: NewDocument, refusal: StorageError) -> DocumentRecord:
        """On PostgreSQL two clicks may both find no document; the slower one learns of it here."""
        with reading(self._engine) as session:
            quicker = _of_draft(session, new.draft_id)
        if quicker is None:
            raise refusal
        return quicker


def _of_draft(session: Session, draft_id: str | None) -> DocumentRecord | None:
    if draft_id is None:
        return None
    row = session.scalar(select(Document).where(Document.draft_id == draft_id))
    return None if row is None else _record(row)


def _enter(session: Session, new: NewDocument, seen: Seen | None) -> DocumentRecord:
    told = _told_of(session, new.draft_id)
    if told["replaces"] is not None:
        hold_replaceable(session, told["replaces"])
    if seen is not None:
        check_seen(session, seen)
    number = _print_number(new.number_pattern, next_value(session, new.scope))
    _check_unique(session, new, number)
    row = Document(
        number=number,
        state=DocumentState.ISSUING,
        answers=dict(new.answers),
        **told,
        **{name: getattr(new, name) for name in GIVEN},
    )
    session.add(row)
    session.flush()
    note_persons(session, row.id, new.iins)
    session.execute(update(Draft).where(Draft.id == new.draft_id).values(document_id=row.id))
    add_event(session, _event_of_reservation(row))
    return _record(row)


def _told_of(session: Session, draft_id: str | None) -> Mapping[str, Any]:
    """What the draft says of the documents that it was begun from and is to replace."""
    draft = session.get(Draft, draft_id) if draft_id else None
    return {name: getattr(draft, name, None) for name in OF_THE_DRAFT}


def _annul_replaced(session: Session, row: Document, *, at: datetime) -> None:
    """The document that this one is issued in place of, in the name of who decided so."""
    session.flush()
    if row.replaces is None:
        return
    annulment = Annulment(
        by=row.replacement_by or row.issued_by,
        at=at,
        reason=row.replacement_reason or "",
        replaced_by=row.number,
        category=AnnulmentCategory.REPLACED,
    )
    annul_replaced(session, row, annulment=annulment)


def _print_number(pattern: NumberPattern, number: int) -> str:
    return pattern.format(number=number) if isinstance(pattern, str) else pattern(number)


def _check_unique(session: Session, new: NewDocument, number: str) -> None:
    codes = or_(Document.token == new.token, Document.short_code == new.short_code)
    if session.scalar(select(Document.id).where(codes)) is not None:
        raise StorageError("document-code-taken")
    if session.scalar(select(Document.id).where(Document.number == number)) is not None:
        raise StorageError("document-number-taken", number=number, scope=new.scope)


def _lock(session: Session, condition: ColumnElement[bool], *, state: DocumentState) -> Document:
    """The document, held until the transaction ends, so that its state is changed once only."""
    row = session.scalar(select(Document).where(condition).with_for_update())
    if row is None:
        raise StorageError("document-missing")
    if row.state is not state:
        raise StorageError(REFUSALS[state], number=row.number, state=row.state.value)
    return row


def _event_of_reservation(row: Document) -> NewEvent:
    return NewEvent(
        at=row.reserved_at,
        kind="document-reserved",
        subject=row.number,
        account_id=row.issued_by,
        detail={
            "form": row.form_id,
            "edition": row.edition_id,
            "output": row.output,
            "fixed_sha256": digest_of_fixed(row),
        },
    )


def _event_of_issue(row: Document, issued_at: datetime) -> NewEvent:
    return NewEvent(
        at=issued_at,
        kind="document-issued",
        subject=row.number,
        account_id=row.issued_by,
        detail={"pdf_sha256": row.pdf_sha256, "data_sha256": row.data_sha256},
    )


def _matches(office_id: int, text: str, standing: str = "") -> tuple[ColumnElement[bool], ...]:
    conditions = [Document.office_id == office_id]
    if standing:
        conditions += STANDINGS[standing]
    if text:
        number = Document.number.icontains(text, autoescape=True)
        conditions.append(or_(number, Document.form_id == text))
    return tuple(conditions)


def _record(row: Document) -> DocumentRecord:
    return DocumentRecord(**{name: getattr(row, name) for name in COLUMNS})
