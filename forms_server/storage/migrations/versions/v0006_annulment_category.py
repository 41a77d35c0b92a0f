"""What everybody is told of why a document was annulled, beside the reason, which is the office's.

What was annulled before has a reason only: it is shown to citizens no more, and its category is
``replaced`` where another document took its place and ``other`` elsewhere.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("documents", sa.Column("annulment_category", sa.String(16)))
    op.execute(
        "UPDATE documents SET annulment_category ="
        " CASE WHEN replaced_by IS NULL THEN 'other' ELSE 'replaced' END"
        " WHERE state = 'annulled'"
    )
