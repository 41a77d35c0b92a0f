"""The audit trail: whatever is done to a row of it, the walk says where."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from forms_server.storage.chain import HASH_BEFORE_THE_FIRST
from forms_server.storage.records import CheckpointRecord, NewEvent, Records
from tests.tampering import tamper

from .documents import NOW


def append(records: Records, count: int) -> None:
    for turn in range(count):
        records.events.append(
            NewEvent(at=NOW, kind="test", subject=f"№ {turn}", detail={"turn": turn, "a": ["ә"]})
        )


def test_an_empty_trail_is_intact(records: Records) -> None:
    report = records.events.verify_chain()
    assert (report.is_intact, report.length, report.head) == (True, 0, HASH_BEFORE_THE_FIRST)


def test_each_event_names_the_one_before(records: Records) -> None:
    append(records, 3)
    third, second, first = records.events.recent()
    assert first.previous_hash == HASH_BEFORE_THE_FIRST
    assert (second.previous_hash, third.previous_hash) == (first.hash, second.hash)
    report = records.events.verify_chain()
    assert (report.is_intact, report.length, report.head) == (True, 3, third.hash)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET subject = 'other' WHERE id = 3",
        "UPDATE events SET detail = '{}' WHERE id = 3",
        "UPDATE events SET account_id = 7 WHERE id = 3",
        "UPDATE events SET at = '2025-05-02 09:30:16' WHERE id = 3",
        "DELETE FROM events WHERE id = 3",
        "DELETE FROM events WHERE id >= 3",
    ],
)
def test_a_changed_trail_is_found_out(records: Records, statement: str) -> None:
    append(records, 5)
    tamper(records.engine, statement)
    report = records.events.verify_chain()
    assert (report.is_intact, report.length, report.broken_at) == (False, 2, 3)


def test_a_trail_cut_short_stays_broken_when_it_goes_on(records: Records) -> None:
    append(records, 3)
    tamper(records.engine, "DELETE FROM events WHERE id = 3")
    append(records, 1)
    assert records.events.verify_chain().broken_at == 3


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET subject = 'other' WHERE id = 2",
        "UPDATE events SET id = 9 WHERE id = 2",
        "DELETE FROM events",
        "DELETE FROM checkpoints",
        "UPDATE checkpoints SET events = 1",
    ],
)
def test_the_database_itself_refuses_to_change_the_trail(records: Records, statement: str) -> None:
    append(records, 3)
    records.checkpoints.add(
        CheckpointRecord(day=NOW.date(), events=3, head="0" * 64, jws="x", made_at=NOW)
    )
    with pytest.raises(DBAPIError, match="append-only"), records.engine.begin() as connection:
        connection.execute(text(statement))
    assert records.events.verify_chain().is_intact
    assert len(records.checkpoints.all()) == 1


@pytest.mark.skipif("TEST_DATABASE_URL" in os.environ, reason="REPLACE is SQLite's")
@pytest.mark.parametrize("taken", ["id", "hash"])
def test_an_event_is_not_replaced_either(records: Records, taken: str) -> None:
    """SQLite deletes what REPLACE puts something in place of without asking a delete trigger."""
    append(records, 2)
    columns = "id, at, kind, subject, detail, previous_hash, hash"
    other = {"id": "id, at, kind, 'x', detail, previous_hash, 'x'", "hash": columns}[taken]
    other = other if taken == "id" else other.replace("id,", "9,", 1)
    copy = f"INSERT OR REPLACE INTO events ({columns}) SELECT {other} FROM events WHERE id = 1"  # noqa: S608
    with pytest.raises(DBAPIError, match="append-only"), records.engine.begin() as connection:
        connection.execute(text(copy))
    assert records.events.verify_chain().is_intact


@pytest.mark.skipif("TEST_DATABASE_URL" not in os.environ, reason="TRUNCATE is PostgreSQL's")
def test_the_trail_is_not_truncated(records: Records) -> None:
    append(records, 2)
    with pytest.raises(DBAPIError, match="append-only"), records.engine.begin() as connection:
        connection.execute(text("TRUNCATE events"))


def test_threads_make_one_chain(records: Records) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: append(records, 10), range(4)))
    report = records.events.verify_chain()
    assert (report.is_intact, report.length) == (True, 40)


def test_a_subject_is_told_oldest_first(records: Records) -> None:
    append(records, 2)
    append(records, 2)
    assert [event.id for event in records.events.of_subject("№ 1")] == [2, 4]
    assert [event.id for event in records.events.recent(limit=2, offset=1)] == [3, 2]
