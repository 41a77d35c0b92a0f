"""Opening and upgrading: several starts at once, a fork, a crash half-way, private modes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import TextClause, inspect, text

from forms_server.errors import StorageError
from forms_server.languages import BilingualText
from forms_server.storage.database import open_engine, reading, upgrade, writing
from forms_server.storage.records import Records, open_records
from forms_server.storage.tables import Base

UPGRADE = "import sys; from forms_server.storage.database import upgrade; upgrade(sys.argv[1])"
SQLITE_ONLY = pytest.mark.skipif("TEST_DATABASE_URL" in os.environ, reason="about SQLite's file")


def test_migrations_and_tables_say_the_same(records: Records) -> None:
    with records.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_migrations_and_tables_have_the_same_rules(records: Records) -> None:
    inspector = inspect(records.engine)
    for table in Base.metadata.sorted_tables:
        named = {
            constraint.name
            for constraint in table.constraints
            if constraint.name and str(constraint.name).startswith("ck_")
        }
        assert {rule["name"] for rule in inspector.get_check_constraints(table.name)} == named


def test_several_processes_may_upgrade_at_once(url: str) -> None:
    running = [subprocess.Popen([sys.executable, "-c", UPGRADE, url]) for _ in range(3)]
    assert [process.wait(timeout=60) for process in running] == [0] * 3
    upgrade(url)
    opened = open_records(url)
    assert opened.offices.list() == ()
    opened.close()


@SQLITE_ONLY
def test_a_migration_that_fails_leaves_nothing(url: str, tmp_path: Path) -> None:
    path = tmp_path / "forms.db"
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE events (id INTEGER)"))
    with pytest.raises(StorageError, match="database-failed"):
        upgrade(url)
    assert set(inspect(engine).get_table_names()) <= {"events", "alembic_version"}
    engine.dispose()
    assert path.exists()


@SQLITE_ONLY
def test_sqlite_runs_with_our_settings(records: Records) -> None:
    with reading(records.engine) as session:
        pragmas = {
            name: session.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        }
    assert pragmas == {
        "journal_mode": "wal",
        "foreign_keys": 1,
        "synchronous": 2,
        "busy_timeout": 30_000,
    }


@SQLITE_ONLY
def test_the_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "new" / "forms.db"
    upgrade(f"sqlite:///{path}")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


@SQLITE_ONLY
def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="database-folder"):
        upgrade(f"sqlite:///{tmp_path / 'file' / 'forms.db'}")


@pytest.mark.parametrize("url", ["forms.db", "nosuch://", "mysql+nosuch://x/y"])
def test_an_address_without_a_database_is_refused(url: str) -> None:
    with pytest.raises(StorageError, match="database-url"):
        upgrade(url)


def test_a_refused_transaction_leaves_nothing(records: Records) -> None:
    insert = text("INSERT INTO offices (code, name_kk, name_ru) VALUES ('1', 'a', 'b')")
    with pytest.raises(StorageError, match="record-conflict"):
        _execute_twice(records, insert)
    assert records.offices.list() == ()


def test_an_error_of_the_database_shows_no_values(records: Records) -> None:
    with (
        pytest.raises(StorageError, match="database-failed") as caught,
        reading(records.engine) as session,
    ):
        session.execute(text("SELECT * FROM nowhere WHERE iin = :iin"), {"iin": "990101000012"})
    assert "990101000012" not in str(caught.value) + str(caught.value.__cause__)


def test_a_forked_process_opens_its_own_connection(records: Records) -> None:
    records.offices.ensure("1", BilingualText(kk="Бір", ru="Один"))
    child = os.fork()
    if child == 0:
        _add_an_office_and_leave(records)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    assert len(records.offices.list()) == 2


def _execute_twice(records: Records, statement: TextClause) -> None:
    with writing(records.engine) as session:
        session.execute(statement)
        session.execute(statement)


def _add_an_office_and_leave(records: Records) -> None:
    """Leaves without a word to pytest, which goes on in the parent; 1 says it found one office."""
    found = -1
    try:
        found = len(records.offices.list())
        records.offices.ensure("2", BilingualText(kk="Екі", ru="Два"))
    finally:
        os._exit(found)
