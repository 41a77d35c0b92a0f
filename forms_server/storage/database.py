"""Opens the database, brings it up to date and runs short transactions; SQLite or PostgreSQL.

An exception of SQLAlchemy stops here: outside it is a ``StorageError`` without the values of rows.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, DisconnectionError, IntegrityError
from sqlalchemy.orm import Session

from forms_server.errors import StorageError

MIGRATIONS = Path(__file__).parent / "migrations"
WRITES = "forms_server_writes"
BUSY_MILLISECONDS = 30_000
"""How long a writer waits for another; transactions here last milliseconds."""
UPGRADE_LOCK = 7_106_117_381
"""A number of ours for PostgreSQL's advisory lock; it means nothing else."""


def open_engine(url: str) -> Engine:
    """The engine for ``DATABASE_URL``; its errors never show parameters: personal data.

    Refuses with ``database-url`` what no engine can be made of, for want of a driver perhaps.
    """
    try:
        engine = create_engine(
            url,
            hide_parameters=True,
            pool_pre_ping=not url.startswith("sqlite"),
            json_serializer=partial(json.dumps, ensure_ascii=False),
        )
    except (ArgumentError, ModuleNotFoundError) as error:
        raise StorageError("database-url", kind=type(error).__name__) from error
    _listen(engine)
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A short transaction that only reads."""
    with _named_refusals(), Session(engine) as session, session.begin():
        yield session


@contextmanager
def snapshot(engine: Engine) -> Iterator[Session]:
    """A transaction that reads much and sees one moment, whatever is written meanwhile."""
    with _named_refusals(), Session(engine) as session, session.begin():
        if engine.dialect.name == "postgresql":  # SQLite's readers always see one moment
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        yield session


@contextmanager
def glancing(engine: Engine) -> Iterator[Connection]:
    """For a single look-up of rows: a connection, without the session that objects need."""
    with _named_refusals(), engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """A short transaction that writes: on SQLite it takes the write lock at once.

    Started as a reader, two writers would each wait for the other and one would fail as "locked".
    """
    with _named_refusals(), Session(engine) as session, session.begin():
        session.connection(execution_options={WRITES: True})
        yield session


def upgrade(url: str) -> None:
    """Brings the database to the newest migration, creating it if need be.

    Several processes may call it at once: one migrates, the others wait and find nothing to do.
    """
    engine = open_engine(url)
    _create_private_file(url)
    try:
        with _named_refusals():
            if not _is_up_to_date(engine):
                _upgrade_alone(engine, _sqlite_file(url))
    finally:
        engine.dispose()


def _listen(engine: Engine) -> None:
    event.listen(engine, "connect", _note_process)
    event.listen(engine, "checkout", _refuse_inherited)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)


@contextmanager
def _named_refusals() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise StorageError("record-conflict") from error
    except DataError as error:
        # PostgreSQL takes no NUL in a text: an address that somebody made up is no failure of ours.
        raise StorageError("value-not-storable") from error
    except DBAPIError as error:
        raise StorageError("database-failed", kind=type(error).__name__) from error


def _set_up_sqlite(connection: Any, _record: object) -> None:
    """Transactions are begun by us; ``FULL``, as a number once given must outlive a power cut."""
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {BUSY_MILLISECONDS}",
        "foreign_keys = ON",
        "synchronous = FULL",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _note_process(_connection: object, record: Any) -> None:
    record.info["process"] = os.getpid()


def _refuse_inherited(_connection: object, record: Any, proxy: Any) -> None:
    """A forked worker opens connections of its own: two processes on one would corrupt the talk."""
    if record.info["process"] != os.getpid():
        record.dbapi_connection = proxy.dbapi_connection = None
        raise DisconnectionError("the connection belongs to another process")


def _sqlite_file(url: str) -> Path | None:
    parts = make_url(url)
    if parts.get_backend_name() != "sqlite" or parts.database in {None, "", ":memory:"}:
        return None
    return Path(str(parts.database))


def _create_private_file(url: str) -> None:
    """The file is made readable to its owner alone; SQLite gives its side files the same mode."""
    path = _sqlite_file(url)
    if path is None or path.exists():
        return
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StorageError("database-folder", path=path.parent) from error


def _is_up_to_date(engine: Engine) -> bool:
    head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == head


def _upgrade_alone(engine: Engine, path: Path | None) -> None:
    if path is None:
        _migrate(engine)
        return
    with path.with_name(path.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _remember_wal(engine)
        _migrate(engine)


def _remember_wal(engine: Engine) -> None:
    """Readers then never wait for a writer; the file remembers the mode, so once is enough."""
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()


def _migrate(engine: Engine) -> None:
    """All migrations in one transaction: a crash leaves the database as it was before."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": UPGRADE_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
