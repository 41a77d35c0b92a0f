"""What anybody may know of a document, read with one query and without its answers.

The page behind a QR is asked far oftener than any other; a journal's answers alone would take it
longer to read than all the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Engine, case, select
from sqlalchemy.orm import aliased

from forms_server.languages import BilingualText
from forms_server.storage.database import reading
from forms_server.storage.tables import Document, DocumentFile, Office
from forms_server.storage.values import AnnulmentCategory, DocumentState, TimeStampState

Replacement = aliased(Document)
IS_OF_ONE_PERSON = Replacement.iin_last4.is_not_distinct_from(Document.iin_last4)
"""A document replaced because it was another person's tells no way to that person's."""
QUERY = (
    select(
        Document.id,
        Document.form_id,
        Document.edition_id,
        Document.number,
        Document.state,
        Document.issued_at,
        Document.masked_name,
        Document.token,
        Document.short_code,
        Document.pdf_sha256,
        Document.data_sha256,
        Document.time_stamp,
        Document.time_stamped_at,
        Document.annulled_at,
        Document.annulment_category,
        Document.replaces,
        Document.replaced_by,
        case((IS_OF_ONE_PERSON, Replacement.token)).label("replaced_by_token"),
        Document.iin_last4.is_not(None).label("has_iin"),
        Office.code.label("office_code"),
        Office.name_kk,
        Office.name_ru,
    )
    .join(Office, Office.id == Document.office_id)
    .outerjoin(Replacement, Replacement.number == Document.replaced_by)
    .where(Document.issued_at.is_not(None))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardRecord:
    """An issued document without answers and reason; ``replaced_by_token`` only of one person's."""

    id: int
    form_id: str
    edition_id: str
    number: str
    state: DocumentState
    issued_at: datetime
    masked_name: str
    token: str
    short_code: str
    pdf_sha256: str
    data_sha256: str
    time_stamp: TimeStampState
    time_stamped_at: datetime | None
    annulled_at: datetime | None
    annulment_category: AnnulmentCategory | None
    replaces: str | None
    replaced_by: str | None
    replaced_by_token: str | None
    has_iin: bool
    office_code: str
    office: BilingualText


@dataclass(frozen=True, slots=True)
class Cards:
    """The documents of this database, issued once, as anybody may see them."""

    _engine: Engine

    def by_token(self, token: str) -> CardRecord | None:
        return self._one(Document.token == token)

    def by_short_code(self, short_code: str) -> CardRecord | None:
        return self._one(Document.short_code == short_code)

    def by_number(self, number: str) -> CardRecord | None:
        return self._one(Document.number == number)

    def by_pdf_sha256(self, pdf_sha256: str) -> CardRecord | None:
        """The document that a file is or, before something was added to it, once was."""
        file = select(DocumentFile.document_id).where(DocumentFile.sha256 == pdf_sha256)
        return self._one(Document.id == file.scalar_subquery())

    def _one(self, condition: ColumnElement[bool]) -> CardRecord | None:
        with reading(self._engine) as session:
            row = session.execute(QUERY.where(condition)).mappings().first()
        if row is None:
            return None
        told = dict(row)
        office = BilingualText(kk=told.pop("name_kk"), ru=told.pop("name_ru"))
        return CardRecord(**told, office=office)
