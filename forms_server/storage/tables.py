"""The tables, and nothing but the tables; a change here needs a migration that says the same."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    DateTime,
    Dialect,
    Enum,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

from forms_server.languages import Language
from forms_server.storage.values import (
    AnnulmentCategory,
    DocumentState,
    FileKind,
    SignatureState,
    TimeStampState,
)

SHA256_DIGITS = 64
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""Every constraint has a name of ours, so that a later migration can name it on any database."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC; SQLite keeps no time zone, so it is taken off there and put on again."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def words(kind: type[StrEnum]) -> Enum:
    """A column that holds the words of an enumeration, readable in the database as they stand."""
    return Enum(kind, native_enum=False, length=16, values_callable=list)


class Base(DeclarativeBase):
    """All tables; a Python type means the same column type everywhere."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it as a plain dict
        datetime: UtcDateTime,
        dict[str, Any]: JSON,
        AnnulmentCategory: words(AnnulmentCategory),
        DocumentState: words(DocumentState),
        FileKind: words(FileKind),
        SignatureState: words(SignatureState),
        TimeStampState: words(TimeStampState),
        Language: words(Language),
    }


class Office(Base):
    __tablename__ = "offices"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name_kk: Mapped[str] = mapped_column(Text)
    name_ru: Mapped[str] = mapped_column(Text)


class Account(Base):
    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint("role IN ('clerk', 'head', 'administrator')", name="known_role"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"), index=True)
    office: Mapped[Office] = relationship(lazy="joined", innerjoin=True)
    login: Mapped[str] = mapped_column(String(80), unique=True)
    display_name: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str] = mapped_column(Text)
    active: Mapped[bool]
    session_epoch: Mapped[int]
    created_at: Mapped[datetime]
    iin: Mapped[str | None] = mapped_column(String(12))
    key_label: Mapped[str | None] = mapped_column(String(80))


class Counter(Base):
    """The last value given out in a scope: document numbers, and the length of the audit trail."""

    __tablename__ = "counters"

    scope: Mapped[str] = mapped_column(String(200), primary_key=True)
    value: Mapped[int]


class Document(Base):
    """A document; ``draft_id`` is no foreign key, because it outlives the draft.

    ``based_on`` is the number of the document that the draft was begun from: none either, because
    SQLite could add it only by building the whole register anew. ``persons_noted`` says whether
    ``document_persons`` knows whom the document is about; false only for what an older release
    entered.
    """

    __tablename__ = "documents"
    __table_args__ = (
        CheckConstraint("output IN ('kk', 'ru', 'kk-ru')", name="known_output"),
        CheckConstraint("state IN ('issuing', 'issued', 'annulled')", name="known_state"),
        CheckConstraint(
            "state <> 'issued' OR (data_sha256 IS NOT NULL AND pdf_sha256 IS NOT NULL"
            " AND blob_key IS NOT NULL AND issued_at IS NOT NULL)",
            name="issued_is_whole",
        ),
        CheckConstraint(
            "state <> 'annulled' OR (annulled_at IS NOT NULL AND annulled_by IS NOT NULL"
            " AND annulment_reason IS NOT NULL)",
            name="annulled_says_why",
        ),
        Index("ix_documents_office_id_id", "office_id", "id"),
        Index(
            "ix_documents_withdrawn",
            "annulled_at",
            "data_sha256",
            "replaced_by",
            sqlite_where=text("annulled_at IS NOT NULL"),
            postgresql_where=text("annulled_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    draft_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    token: Mapped[str] = mapped_column(String(64), unique=True)
    short_code: Mapped[str] = mapped_column(String(40), unique=True)
    form_id: Mapped[str] = mapped_column(String(80))
    edition_id: Mapped[str] = mapped_column(String(80))
    number: Mapped[str] = mapped_column(String(120), unique=True)
    output: Mapped[str] = mapped_column(String(8))
    state: Mapped[DocumentState] = mapped_column(index=True)
    answers: Mapped[dict[str, Any]]
    masked_name: Mapped[str] = mapped_column(Text)
    iin_last4: Mapped[str | None] = mapped_column(String(4))
    data_sha256: Mapped[str | None] = mapped_column(String(SHA256_DIGITS))
    pdf_sha256: Mapped[str | None] = mapped_column(String(SHA256_DIGITS), unique=True)
    blob_key: Mapped[str | None] = mapped_column(String(SHA256_DIGITS))
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    issued_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    reserved_at: Mapped[datetime]
    issued_at: Mapped[datetime | None]
    annulled_at: Mapped[datetime | None]
    annulled_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    annulment_reason: Mapped[str | None] = mapped_column(Text)
    annulment_category: Mapped[AnnulmentCategory | None]
    replaced_by: Mapped[str | None] = mapped_column(ForeignKey("documents.number"))
    based_on: Mapped[str | None] = mapped_column(String(120), index=True)
    persons_noted: Mapped[bool] = mapped_column(index=True, server_default=false())
    time_stamp: Mapped[TimeStampState] = mapped_column(index=True, server_default="none")
    time_stamped_at: Mapped[datetime | None]
    time_stamp_until: Mapped[datetime | None] = mapped_column(index=True)
    replaces: Mapped[str | None] = mapped_column(String(120), index=True)
    replacement_reason: Mapped[str | None] = mapped_column(Text)
    replacement_by: Mapped[int | None]
    is_development: Mapped[bool] = mapped_column(server_default=false())


class DocumentFile(Base):
    """Every file that a document has been, by its SHA-256, which is also its key on the disk.

    The first is the sealed one; each further one is the one before with an incremental update.
    """

    __tablename__ = "document_files"

    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id"), primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[FileKind]
    sha256: Mapped[str] = mapped_column(String(SHA256_DIGITS), unique=True)
    added_at: Mapped[datetime]


class Signature(Base):
    """A person's signature that a document waits for or has; ``position`` is the order of signing.

    ``prepared_update`` is what is to follow the file ``prepared_from`` once the person has signed:
    the signature's field with an empty place for the CMS.
    """

    __tablename__ = "signatures"
    __table_args__ = (
        UniqueConstraint("document_id", "position"),
        CheckConstraint("state IN ('waiting', 'signed', 'refused', 'by-hand')", name="known_state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id"))
    position: Mapped[int]
    signature_id: Mapped[str] = mapped_column(String(80))
    required: Mapped[bool]
    token: Mapped[str] = mapped_column(String(64), unique=True)
    state: Mapped[SignatureState]
    expected_iin: Mapped[str | None] = mapped_column(String(12))
    expected_bin: Mapped[str | None] = mapped_column(String(12))
    prepared_from: Mapped[str | None] = mapped_column(String(SHA256_DIGITS))
    prepared_update: Mapped[bytes | None] = mapped_column(LargeBinary)
    prepared_at: Mapped[datetime | None]
    way: Mapped[str | None] = mapped_column(String(16))
    is_checked: Mapped[bool | None]
    signer: Mapped[str | None] = mapped_column(Text)
    serial_number: Mapped[str | None] = mapped_column(String(80))
    algorithm: Mapped[str | None] = mapped_column(String(80))
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    reason: Mapped[str | None] = mapped_column(Text)


class DocumentPerson(Base):
    """A person whom a document is about; one document of a journal may be about many."""

    __tablename__ = "document_persons"

    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id"), primary_key=True)
    iin: Mapped[str] = mapped_column(String(12), primary_key=True, index=True)


class Draft(Base):
    __tablename__ = "drafts"
    __table_args__ = (
        Index("ix_drafts_owner_form_id_updated_at", "owner", "form_id", "updated_at"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    owner: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    form_id: Mapped[str] = mapped_column(String(80))
    edition_id: Mapped[str] = mapped_column(String(80))
    language: Mapped[Language]
    raw: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    document_id: Mapped[int | None] = mapped_column(ForeignKey("documents.id"))
    based_on: Mapped[str | None] = mapped_column(String(120))
    replaces: Mapped[str | None] = mapped_column(String(120))
    replacement_reason: Mapped[str | None] = mapped_column(Text)
    replacement_by: Mapped[int | None]


class Event(Base):
    """The audit trail: rows are added, never changed; ``id`` counts 1, 2, 3 … without a gap.

    ``account_id`` is no foreign key: the trail stands by itself, whatever becomes of an account.
    """

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    account_id: Mapped[int | None]
    kind: Mapped[str] = mapped_column(String(80))
    subject: Mapped[str] = mapped_column(String(120), index=True)
    detail: Mapped[dict[str, Any]]
    previous_hash: Mapped[str] = mapped_column(String(SHA256_DIGITS))
    hash: Mapped[str] = mapped_column(String(SHA256_DIGITS), unique=True)


class Checkpoint(Base):
    """How the audit trail stood at a moment of a day, signed: ``jws`` says the same as the row."""

    __tablename__ = "checkpoints"

    day: Mapped[date] = mapped_column(primary_key=True)
    events: Mapped[int]
    head: Mapped[str] = mapped_column(String(SHA256_DIGITS))
    jws: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime]
