"""The database itself refuses to change or delete an event or a checkpoint.

Whoever may change the schema can drop the triggers; then the hashes and the checkpoints tell.
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = {"events": ("id", "hash"), "checkpoints": ("day",)}
"""What is only added to, and its unique columns: SQLite's REPLACE deletes without a trigger."""


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if not is_sqlite:
        _create_function()
    for table, unique in TABLES.items():
        if is_sqlite:
            _guard_on_sqlite(table, unique)
        else:
            _guard_on_postgresql(table)


def _guard_on_sqlite(table: str, unique: tuple[str, ...]) -> None:
    refusal = f"SELECT RAISE(ABORT, '{table} is append-only');"
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table}"
            f" BEGIN {refusal} END"
        )
    taken = " OR ".join(f"{column} = NEW.{column}" for column in unique)
    exists = f"EXISTS (SELECT 1 FROM {table} WHERE {taken})"  # noqa: S608  # names of ours
    op.execute(
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}"
        f" WHEN {exists} BEGIN {refusal} END"
    )


def _create_function() -> None:
    op.execute(
        "CREATE OR REPLACE FUNCTION forms_server_append_only() RETURNS trigger AS $$"
        " BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END"
        " $$ LANGUAGE plpgsql"
    )


def _guard_on_postgresql(table: str) -> None:
    op.execute(
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION forms_server_append_only()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION forms_server_append_only()"
    )
