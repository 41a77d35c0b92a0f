"""When a document was time-stamped, and until when that time stamp can be trusted by itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("documents", sa.Column("time_stamped_at", sa.DateTime(timezone=True)))
    op.add_column("documents", sa.Column("time_stamp_until", sa.DateTime(timezone=True)))
    op.create_index("ix_documents_time_stamp_until", "documents", ["time_stamp_until"])
