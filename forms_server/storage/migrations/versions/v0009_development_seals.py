"""Which documents were sealed with a development key, and so have no legal force, for ever.

Of documents that were issued before, nobody noted it: the full check reads it from their files.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "documents",
        sa.Column("is_development", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
