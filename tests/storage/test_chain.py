"""The walk along the trail: whatever is done to it is found, and the first bad row is named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from forms_server.storage.chain import LINK_BYTES, hash_of, walk
from forms_server.storage.database import open_engine
from forms_server.storage.records import ChainFault, ChainReport, EventRecord, Pin
from forms_server.storage.tables import Base
from tests.tampering import remade, write_trail

from .documents import NOW

LENGTH = 9
Trail = tuple[EventRecord, ...]


def _event(number: int) -> EventRecord:
    return EventRecord(
        id=number,
        at=NOW + timedelta(seconds=number),
        account_id=number % 3 or None,
        kind="test",
        subject=f"№ {number}",
        detail={"turn": number, "a": ["ә"]},
        previous_hash="",
        hash="",
    )


WHOLE: Trail = remade([_event(number) for number in range(1, LENGTH + 1)])
CHANGES: dict[str, Any] = {
    "id": 100,
    "at": NOW,
    "account_id": 7,
    "kind": "other",
    "subject": "other",
    "detail": {"turn": True},
    "previous_hash": "1" * 64,
    "hash": "2" * 64,
}


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    opened = open_engine("sqlite://")
    Base.metadata.create_all(opened)
    yield opened
    opened.dispose()


def _pin(after: int, events: int) -> Pin:
    hashes = [event.hash for event in WHOLE[after:events]]
    links = b"".join(bytes.fromhex(digest)[:LINK_BYTES] for digest in hashes)
    return Pin(after=after, events=events, head=hashes[-1], links=links)


def _walk(engine: Engine, trail: Trail, *, pins: Sequence[Pin], expected: int) -> ChainReport:
    write_trail(engine, trail)
    with Session(engine) as session:
        return walk(session, expected=expected, pins=pins)


# -- ways to tamper: each gives another trail ------------------------------------------------------

places = st.integers(0, LENGTH - 1)


@st.composite
def _changed(draw: st.DrawFn) -> Trail:
    place, column = draw(places), draw(st.sampled_from(sorted(CHANGES)))
    trail = list(WHOLE)
    trail[place] = replace(trail[place], **{column: CHANGES[column]})
    return tuple(sorted(trail, key=lambda event: event.id))


@st.composite
def _removed(draw: st.DrawFn) -> Trail:
    start = draw(places)
    end = draw(st.integers(start + 1, LENGTH))
    rest = WHOLE[end:]
    if draw(st.booleans()):
        rest = tuple(replace(event, id=event.id - (end - start)) for event in rest)
    return WHOLE[:start] + rest


@st.composite
def _inserted(draw: st.DrawFn) -> Trail:
    place = draw(st.integers(0, LENGTH))
    before = WHOLE[place - 1].hash if place else "0" * 64
    new = replace(_event(place + 1), subject="inserted", previous_hash=before)
    new = replace(new, hash=hash_of(new))
    rest = tuple(replace(event, id=event.id + 1) for event in WHOLE[place:])
    return (*WHOLE[:place], new, *rest)


@st.composite
def _swapped(draw: st.DrawFn) -> Trail:
    first, second = draw(st.tuples(places, places).filter(lambda both: both[0] != both[1]))
    trail = list(WHOLE)
    trail[first], trail[second] = (
        replace(WHOLE[second], id=first + 1),
        replace(WHOLE[first], id=second + 1),
    )
    return tuple(trail)


@st.composite
def _rehashed(draw: st.DrawFn) -> Trail:
    """One event told otherwise, with a hash that fits it; what follows still names the old one."""
    place = draw(places)
    trail = list(WHOLE)
    told = replace(trail[place], subject="other")
    trail[place] = replace(told, hash=hash_of(told))
    return tuple(trail)


@st.composite
def _remade(draw: st.DrawFn) -> Trail:
    """Any of these with all hashes computed anew: only what was signed tells."""
    kept = draw(st.one_of(_removed(), _inserted(), _rehashed()))
    return remade(kept)


def _first_bad(trail: Trail) -> int:
    """The number at which a trail stops being the whole one."""
    for number in range(1, LENGTH + 1):
        if number > len(trail) or trail[number - 1] != WHOLE[number - 1]:
            return number
    return LENGTH + 1


@given(trail=st.one_of(_changed(), _removed(), _inserted(), _swapped()))
def test_tampering_is_found_and_the_first_bad_row_named(engine: Engine, trail: Trail) -> None:
    report = _walk(engine, trail, pins=(), expected=LENGTH)
    assert report.broken_at == _first_bad(trail)


@given(trail=st.one_of(_changed(), _removed(), _inserted(), _swapped(), _rehashed(), _remade()))
def test_what_was_signed_names_the_row_of_a_remade_trail(engine: Engine, trail: Trail) -> None:
    pins = (_pin(0, 4), _pin(4, LENGTH))
    report = _walk(engine, trail, pins=pins, expected=LENGTH)
    assert report.broken_at == _first_bad(trail)


@given(cut=st.integers(0, LENGTH - 1))
def test_a_trail_cut_off_with_its_count_is_missed_by_what_was_signed(
    engine: Engine, cut: int
) -> None:
    report = _walk(engine, WHOLE[:cut], pins=(_pin(0, LENGTH),), expected=cut)
    assert (report.fault, report.broken_at, report.length) == (ChainFault.CUT_OFF, cut + 1, cut)


@given(trail=_rehashed())
def test_a_row_with_a_hash_of_its_own_is_named_and_not_the_one_after(
    engine: Engine, trail: Trail
) -> None:
    report = _walk(engine, trail, pins=(), expected=LENGTH)
    is_the_last = trail[-1] != WHOLE[-1]
    assert report.broken_at == (None if is_the_last else _first_bad(trail))


def test_a_whole_trail_holds(engine: Engine) -> None:
    pins = (_pin(0, 4), _pin(4, LENGTH))
    report = _walk(engine, WHOLE, pins=pins, expected=LENGTH)
    assert (report.is_intact, report.length, report.head) == (True, LENGTH, WHOLE[-1].hash)


def test_a_gap_between_pins_is_held_by_the_chain_alone(engine: Engine) -> None:
    report = _walk(engine, WHOLE, pins=(_pin(6, LENGTH),), expected=LENGTH)
    assert report.is_intact


@pytest.mark.parametrize("number", [0, -5])
def test_a_number_that_cannot_be_is_named(engine: Engine, number: int) -> None:
    report = _walk(
        engine, (replace(WHOLE[0], id=number, hash="3" * 64), *WHOLE), pins=(), expected=LENGTH
    )
    assert (report.fault, report.broken_at) == (ChainFault.INSERTED, number)
    assert report.row is not None


def test_the_row_that_stands_there_now_is_shown(engine: Engine) -> None:
    trail = (*WHOLE[:2], replace(WHOLE[2], subject="other"), *WHOLE[3:])
    report = _walk(engine, trail, pins=(), expected=LENGTH)
    assert report.fault is ChainFault.CHANGED
    assert report.row == trail[2]


@pytest.mark.parametrize(
    "change",
    ["at = 'yesterday'", "detail = '{'", "kind = x'ff'", "subject = CAST(x'ff' AS TEXT)"],
)
def test_a_row_that_cannot_be_read_stops_no_walk(engine: Engine, change: str) -> None:
    write_trail(engine, WHOLE)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE events SET {change} WHERE id = 5"))  # noqa: S608
    with Session(engine) as session:
        report = walk(session, expected=LENGTH, pins=())
    assert (report.fault, report.broken_at, report.length) == (ChainFault.CHANGED, 5, 4)
