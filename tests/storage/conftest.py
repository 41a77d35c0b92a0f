"""A migrated database in a file, an office and an account in it, and documents to reserve."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forms_server.languages import BilingualText
from forms_server.storage.database import open_engine
from forms_server.storage.records import (
    AccountRecord,
    Change,
    NewAccount,
    OfficeRecord,
    Records,
    open_records,
)
from forms_server.storage.tables import Base
from tests.databases import migrate

NOW = datetime(2025, 5, 2, 9, 30, 15, 123456, tzinfo=UTC)


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """SQLite; with TEST_DATABASE_URL an empty PostgreSQL database, cleared after."""
    other = os.environ.get("TEST_DATABASE_URL")
    yield other or f"sqlite:///{tmp_path / 'forms.db'}"
    if other:
        engine = open_engine(other)
        with engine.begin() as connection:
            Base.metadata.drop_all(connection)
            connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")
        engine.dispose()


@pytest.fixture
def records(url: str) -> Iterator[Records]:
    migrate(url)
    opened = open_records(url)
    yield opened
    opened.close()


@pytest.fixture
def office(records: Records) -> OfficeRecord:
    return records.offices.ensure("0101", BilingualText(kk="Үлгі бөлім", ru="Образцовый отдел"))


@pytest.fixture
def account(records: Records, office: OfficeRecord) -> AccountRecord:
    return records.accounts.add(new_account(office, "clerk"), Change(at=NOW))


def new_account(office: OfficeRecord, login: str, *, role: str = "clerk") -> NewAccount:
    return NewAccount(
        office_id=office.id,
        login=login,
        display_name=login,
        role=role,
        password_hash="not a hash",  # noqa: S106
    )
