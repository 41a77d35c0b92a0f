"""Counts: gives out the next value of a scope, inside the caller's transaction."""

from __future__ import annotations

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from forms_server.storage.tables import Counter

NEXT_VALUE = text(
    "INSERT INTO counters (scope, value) VALUES (:scope, 1)"
    " ON CONFLICT (scope) DO UPDATE SET value = counters.value + 1"
    " RETURNING value"
)
"""One statement, so that two callers never read the same value; SQLite and PostgreSQL know it."""

CHAIN = "events"
"""The scope that counts events: whoever takes its next value holds the end of the chain."""
FIRST_ACCOUNTS = "first-accounts"
"""A counter taken only for its lock: of several first starts at once, one makes the accounts."""
OWN_SCOPES = (CHAIN, FIRST_ACCOUNTS)
"""Scopes of this room; every other one counts the numbers of documents."""


def next_value(session: Session, scope: str) -> int:
    """1, 2, 3 …; the scope is locked until the transaction ends, and a rollback gives it back."""
    return int(session.execute(NEXT_VALUE, {"scope": scope}).scalar_one())


def count_numbers(session: Session) -> int:
    """How many numbers of documents the counters have given out."""
    query = select(func.coalesce(func.sum(Counter.value), 0))
    return int(session.scalar(query.where(Counter.scope.not_in(OWN_SCOPES))) or 0)
