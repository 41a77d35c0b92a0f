"""What anybody may know of a document, read with one query and without its answers.

The page behind a QR is asked far oftener than any other; a journal's answers alone would take it
longer to read than all the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Engine, Select, bindparam, case, select

from forms_server.languages import BilingualText
from forms_server.storage.database import glancing
from forms_server.storage.tables import Document, DocumentFile, Office
from forms_server.storage.values import AnnulmentCategory, DocumentState, TimeStampState

DOCUMENT, OFFICE, FILE = (table.__table__.c for table in (Document, Office, DocumentFile))
REPLACEMENTS = Document.__table__.alias()
REPLACEMENT = REPLACEMENTS.c
IS_OF_ONE_PERSON = REPLACEMENT.iin_last4.is_not_distinct_from(DOCUMENT.iin_last4)
"""A document replaced because it was another person's tells no way to that person's."""
ASKED: BindParameter[str] = bindparam("asked")
QUERY = (
    select(
        DOCUMENT.id,
        DOCUMENT.form_id,
        DOCUMENT.edition_id,
        DOCUMENT.number,
        DOCUMENT.state,
        DOCUMENT.issued_at,
        DOCUMENT.masked_name,
        DOCUMENT.token,
        DOCUMENT.short_code,
        DOCUMENT.pdf_sha256,
        DOCUMENT.data_sha256,
        DOCUMENT.time_stamp,
        DOCUMENT.time_stamped_at,
        DOCUMENT.annulled_at,
        DOCUMENT.annulment_category,
        DOCUMENT.replaces,
        DOCUMENT.replaced_by,
        DOCUMENT.is_development,
        case((IS_OF_ONE_PERSON, REPLACEMENT.token)).label("replaced_by_token"),
        DOCUMENT.iin_last4.is_not(None).label("has_iin"),
        OFFICE.code.label("office_code"),
        OFFICE.name_kk,
        OFFICE.name_ru,
    )
    .select_from(
        Document.__table__.join(Office.__table__, OFFICE.id == DOCUMENT.office_id).outerjoin(
            REPLACEMENTS, REPLACEMENT.number == DOCUMENT.replaced_by
        )
    )
    .where(DOCUMENT.issued_at.is_not(None))
)
FILES = select(FILE.document_id).where(FILE.sha256 == ASKED).scalar_subquery()
BY_TOKEN = QUERY.where(DOCUMENT.token == ASKED)
BY_SHORT_CODE = QUERY.where(DOCUMENT.short_code == ASKED)
BY_FILE = QUERY.where(DOCUMENT.id == FILES)
"""Built once: SQLAlchemy takes longer to build and compare a statement than SQLite to answer it."""


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
    is_development: bool
    has_iin: bool
    office_code: str
    office: BilingualText


@dataclass(frozen=True, slots=True)
class Cards:
    """The documents of this database, issued once, as anybody may see them."""

    _engine: Engine

    def by_token(self, token: str) -> CardRecord | None:
        return self._one(BY_TOKEN, token)

    def by_short_code(self, short_code: str) -> CardRecord | None:
        return self._one(BY_SHORT_CODE, short_code)

    def by_pdf_sha256(self, pdf_sha256: str) -> CardRecord | None:
        """The document that a file is or, before something was added to it, once was."""
        return self._one(BY_FILE, pdf_sha256)

    def _one(self, query: Select[Any], asked: str) -> CardRecord | None:
        with glancing(self._engine) as connection:
            row = connection.execute(query, {"asked": asked}).mappings().first()
        if row is None:
            return None
        told = dict(row)
        office = BilingualText(kk=told.pop("name_kk"), ru=told.pop("name_ru"))
        return CardRecord(**told, office=office)
