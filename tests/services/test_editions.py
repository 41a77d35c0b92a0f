"""Editions: the one of a day, the nearest where there is none, and how each stands."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from forms_server.services.editions import (
    Status,
    edition_in_force,
    edition_to_fill,
    nearest_edition,
    standing_of,
)
from forms_server.services.workshop import Workshop
from forms_server.specs.model import FormSpec

DAY = timedelta(days=1)


@pytest.fixture
def act(workshop: Workshop) -> FormSpec:
    """Two editions: order 61 from 03.03.2021, order 458 from 06.12.2021 until 01.07.2023."""
    return workshop.forms["assistance-08"]


@pytest.mark.parametrize(
    ("day", "order"),
    [
        ("2021-03-02", None),
        ("2021-03-03", "61"),
        ("2021-12-05", "61"),
        ("2021-12-06", "458"),
        ("2023-06-30", "458"),
        ("2023-07-01", None),
    ],
)
def test_the_day_decides(act: FormSpec, day: str, order: str | None) -> None:
    found = edition_in_force(act, date.fromisoformat(day))
    assert (found.order if found else None) == order


@pytest.mark.parametrize(
    ("day", "order"), [("1999-01-01", "61"), ("2021-05-01", "61"), ("2026-01-01", "458")]
)
def test_the_nearest_is_the_one_fewest_days_away(act: FormSpec, day: str, order: str) -> None:
    assert nearest_edition(act, date.fromisoformat(day)).order == order


def test_what_is_filled_is_the_edition_of_the_day_or_the_latest(act: FormSpec) -> None:
    first, last = act.editions
    assert edition_to_fill(act, first.in_force_from) is first
    assert edition_to_fill(act, date(2026, 1, 1)) is last


def test_an_edition_comes_is_in_force_and_goes(act: FormSpec) -> None:
    first, last = act.editions
    coming = standing_of(act, first, first.in_force_from - DAY)
    assert (coming.status, coming.first, coming.is_over) == (
        Status.COMING,
        first.in_force_from,
        False,
    )
    assert standing_of(act, first, first.in_force_from).status is Status.IN_FORCE
    replaced = standing_of(act, first, last.in_force_from)
    assert (replaced.status, replaced.order, replaced.is_over) == (Status.REPLACED, "458", True)
    assert replaced.last == date(2021, 12, 5)
    repealed = standing_of(act, last, date(2023, 7, 1))
    assert (repealed.status, repealed.order) == (Status.REPEALED, last.repealed_by)
    assert (repealed.last, repealed.until) == (date(2023, 6, 30), date(2023, 7, 1))


def test_an_edition_without_an_end_stays_in_force(workshop: Workshop) -> None:
    form = workshop.forms["mse-01"]
    found = standing_of(form, form.latest, date(2030, 1, 1))
    assert (found.status, found.last, found.until, found.order) == (
        Status.IN_FORCE,
        None,
        None,
        None,
    )
