"""The list of withdrawn documents is read from an index that holds them alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Answers with thousands of rows stand in the table itself; the list needs none of them."""
    withdrawn = sa.text("annulled_at IS NOT NULL")
    op.create_index(
        "ix_documents_withdrawn",
        "documents",
        ["annulled_at", "data_sha256", "replaced_by"],
        sqlite_where=withdrawn,
        postgresql_where=withdrawn,
    )
