"""The first tables: offices, accounts, counters, documents, drafts, events."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
SHA256 = sa.String(64)


def upgrade() -> None:
    """Each table after those it refers to."""
    _create_offices()
    _create_accounts()
    _create_counters()
    _create_documents()
    _create_drafts()
    _create_events()


def _create_offices() -> None:
    op.create_table(
        "offices",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("name_kk", sa.Text, nullable=False),
        sa.Column("name_ru", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_offices"),
        sa.UniqueConstraint("code", name="uq_offices_code"),
    )


def _create_accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("office_id", sa.Integer, nullable=False),
        sa.Column("login", sa.String(80), nullable=False),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("session_epoch", sa.Integer, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "role IN ('clerk', 'head', 'administrator')", name=op.f("ck_accounts_known_role")
        ),
        _foreign_key("accounts", "office_id", "offices"),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("login", name="uq_accounts_login"),
    )
    op.create_index("ix_accounts_office_id", "accounts", ["office_id"])


def _create_counters() -> None:
    op.create_table(
        "counters",
        sa.Column("scope", sa.String(200), nullable=False),
        sa.Column("value", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("scope", name="pk_counters"),
    )


def _create_documents() -> None:
    op.create_table(
        "documents",
        *_document_columns(),
        *_document_rules(),
        _foreign_key("documents", "office_id", "offices"),
        _foreign_key("documents", "issued_by", "accounts"),
        _foreign_key("documents", "annulled_by", "accounts"),
        _foreign_key("documents", "replaced_by", "documents", target="number"),
        sa.PrimaryKeyConstraint("id", name="pk_documents"),
        *(
            sa.UniqueConstraint(column, name=f"uq_documents_{column}")
            for column in ("draft_id", "token", "short_code", "number", "pdf_sha256")
        ),
    )
    op.create_index("ix_documents_office_id_id", "documents", ["office_id", "id"])
    op.create_index("ix_documents_state", "documents", ["state"])


def _document_columns() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("draft_id", sa.String(64)),
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("short_code", sa.String(40), nullable=False),
        sa.Column("form_id", sa.String(80), nullable=False),
        sa.Column("edition_id", sa.String(80), nullable=False),
        sa.Column("number", sa.String(120), nullable=False),
        sa.Column("output", sa.String(8), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("answers", sa.JSON, nullable=False),
        sa.Column("masked_name", sa.Text, nullable=False),
        sa.Column("iin_last4", sa.String(4)),
        sa.Column("data_sha256", SHA256),
        sa.Column("pdf_sha256", SHA256),
        sa.Column("blob_key", SHA256),
        sa.Column("office_id", sa.Integer, nullable=False),
        sa.Column("issued_by", sa.Integer, nullable=False),
        sa.Column("reserved_at", MOMENT, nullable=False),
        sa.Column("issued_at", MOMENT),
        sa.Column("annulled_at", MOMENT),
        sa.Column("annulled_by", sa.Integer),
        sa.Column("annulment_reason", sa.Text),
        sa.Column("replaced_by", sa.String(120)),
    )


def _document_rules() -> tuple[sa.CheckConstraint, ...]:
    rules = {
        "known_output": "output IN ('kk', 'ru', 'kk-ru')",
        "known_state": "state IN ('issuing', 'issued', 'annulled')",
        "issued_is_whole": "state <> 'issued' OR (data_sha256 IS NOT NULL"
        " AND pdf_sha256 IS NOT NULL AND blob_key IS NOT NULL AND issued_at IS NOT NULL)",
        "annulled_says_why": "state <> 'annulled' OR (annulled_at IS NOT NULL"
        " AND annulled_by IS NOT NULL AND annulment_reason IS NOT NULL)",
    }
    return tuple(
        sa.CheckConstraint(rule, name=op.f(f"ck_documents_{name}")) for name, rule in rules.items()
    )


def _create_drafts() -> None:
    op.create_table(
        "drafts",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("owner", sa.Integer, nullable=False),
        sa.Column("form_id", sa.String(80), nullable=False),
        sa.Column("edition_id", sa.String(80), nullable=False),
        sa.Column("language", sa.String(16), nullable=False),
        sa.Column("raw", sa.JSON, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("document_id", sa.Integer),
        _foreign_key("drafts", "owner", "accounts"),
        _foreign_key("drafts", "document_id", "documents"),
        sa.PrimaryKeyConstraint("id", name="pk_drafts"),
    )
    op.create_index("ix_drafts_owner", "drafts", ["owner"])


def _create_events() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("account_id", sa.Integer),
        sa.Column("kind", sa.String(80), nullable=False),
        sa.Column("subject", sa.String(120), nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
        sa.Column("previous_hash", SHA256, nullable=False),
        sa.Column("hash", SHA256, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.UniqueConstraint("hash", name="uq_events_hash"),
    )
    op.create_index("ix_events_subject", "events", ["subject"])


def _foreign_key(
    table: str, column: str, /, other: str, *, target: str = "id"
) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_{other}"
    return sa.ForeignKeyConstraint([column], [f"{other}.{target}"], name=name)
