"""Versions of a document's file, persons' signatures, replacements, checkpoints of the trail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Columns are added one by one: SQLite then leaves the tables and what refers to them alone."""
    _create_document_files()
    _create_signatures()
    _create_checkpoints()
    _add_columns()


def _create_document_files() -> None:
    """What is issued already has one file, the sealed one."""
    op.create_table(
        "document_files",
        sa.Column("document_id", sa.Integer, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name="fk_document_files_document_id_documents"
        ),
        sa.PrimaryKeyConstraint("document_id", "sequence", name="pk_document_files"),
        sa.UniqueConstraint("sha256", name="uq_document_files_sha256"),
    )
    op.execute(
        "INSERT INTO document_files (document_id, sequence, kind, sha256, added_at)"
        " SELECT id, 1, 'sealed', pdf_sha256, issued_at FROM documents"
        " WHERE pdf_sha256 IS NOT NULL"
    )


def _create_signatures() -> None:
    op.create_table(
        "signatures",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("document_id", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("signature_id", sa.String(80), nullable=False),
        sa.Column("required", sa.Boolean, nullable=False),
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("expected_iin", sa.String(12)),
        sa.Column("expected_bin", sa.String(12)),
        sa.Column("prepared_from", sa.String(64)),
        sa.Column("prepared_update", sa.LargeBinary),
        sa.Column("prepared_at", sa.DateTime(timezone=True)),
        sa.Column("way", sa.String(16)),
        sa.Column("is_checked", sa.Boolean),
        sa.Column("signer", sa.Text),
        sa.Column("serial_number", sa.String(80)),
        sa.Column("algorithm", sa.String(80)),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.Column("settled_by", sa.Integer),
        sa.Column("reason", sa.Text),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name="fk_signatures_document_id_documents"
        ),
        sa.ForeignKeyConstraint(
            ["settled_by"], ["accounts.id"], name="fk_signatures_settled_by_accounts"
        ),
        sa.UniqueConstraint("document_id", "position", name="uq_signatures_document_id_position"),
        sa.UniqueConstraint("token", name="uq_signatures_token"),
        sa.CheckConstraint(
            "state IN ('waiting', 'signed', 'refused', 'by-hand')",
            name=op.f("ck_signatures_known_state"),
        ),
    )


def _create_checkpoints() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("events", sa.Integer, nullable=False),
        sa.Column("head", sa.String(64), nullable=False),
        sa.Column("jws", sa.Text, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_checkpoints"),
    )


def _add_columns() -> None:
    op.add_column("accounts", sa.Column("iin", sa.String(12)))
    op.add_column("accounts", sa.Column("key_label", sa.String(80)))
    op.add_column(
        "documents",
        sa.Column("time_stamp", sa.String(16), nullable=False, server_default="none"),
    )
    op.create_index("ix_documents_time_stamp", "documents", ["time_stamp"])
    for table in ("documents", "drafts"):
        op.add_column(table, sa.Column("replaces", sa.String(120)))
        op.add_column(table, sa.Column("replacement_reason", sa.Text))
        op.add_column(table, sa.Column("replacement_by", sa.Integer))
    op.create_index("ix_documents_replaces", "documents", ["replaces"])
