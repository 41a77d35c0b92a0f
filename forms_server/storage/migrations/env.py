"""Alembic runs this file: the migrations go over the connection that ``database.upgrade`` opened.

To write a new migration: ``forms_server/storage/migrations/README.md``.
"""

from __future__ import annotations

from alembic import context

from forms_server.storage.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
context.run_migrations()
