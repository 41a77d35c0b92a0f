"""The forms that a clerk filled lately are found without reading his drafts."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The index holds all that the question needs: a draft itself may be as long as a journal."""
    op.create_index(
        "ix_drafts_owner_form_id_updated_at", "drafts", ["owner", "form_id", "updated_at"]
    )
