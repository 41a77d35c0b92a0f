"""Which persons a document is about, and which document a draft or a document was begun from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Columns are added one by one: SQLite then leaves the tables and what refers to them alone.

    Which answer is the person's IIN is said by the specifications, which a migration does not read:
    ``services.persons`` fills the new table at the next start, led by ``persons_noted``.
    """
    _create_document_persons()
    _add_to_documents()
    op.add_column("drafts", sa.Column("based_on", sa.String(120)))


def _create_document_persons() -> None:
    op.create_table(
        "document_persons",
        sa.Column("document_id", sa.Integer, nullable=False),
        sa.Column("iin", sa.String(12), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name="fk_document_persons_document_id_documents"
        ),
        sa.PrimaryKeyConstraint("document_id", "iin", name="pk_document_persons"),
    )
    op.create_index("ix_document_persons_iin", "document_persons", ["iin"])


def _add_to_documents() -> None:
    """An older release that still runs beside this one leaves its documents to be noted."""
    op.add_column("documents", sa.Column("based_on", sa.String(120)))
    op.add_column(
        "documents",
        sa.Column("persons_noted", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    op.create_index("ix_documents_based_on", "documents", ["based_on"])
    op.create_index("ix_documents_persons_noted", "documents", ["persons_noted"])
