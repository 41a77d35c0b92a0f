"""Editions: which one a document of a day is written on, and how each stands on a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise

from forms_server.specs.model import Edition, FormSpec


class Status(StrEnum):
    """How an edition stands on a day."""

    COMING = "coming"
    IN_FORCE = "in-force"
    REPLACED = "replaced"
    """A later edition of the form took its place."""
    REPEALED = "repealed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An edition's status; ``last`` is the last day in force, ``order`` what ended it, if known."""

    status: Status
    first: date
    last: date | None
    until: date | None
    order: str | None

    @property
    def is_over(self) -> bool:
        return self.status in {Status.REPLACED, Status.REPEALED}


def standing_of(form: FormSpec, edition: Edition, day: date) -> Standing:
    """How an edition stands on a day."""
    until = edition.in_force_until
    successor = _successor(form, edition)
    return Standing(
        status=_status(edition, day, is_replaced=successor is not None),
        first=edition.in_force_from,
        last=until - timedelta(days=1) if until else None,
        until=until,
        order=successor.order if successor else edition.repealed_by,
    )


def edition_in_force(form: FormSpec, day: date) -> Edition | None:
    """The edition on which a document of that day is written."""
    return next((edition for edition in form.editions if edition.in_force_on(day)), None)


def nearest_edition(form: FormSpec, day: date) -> Edition:
    """The edition whose days in force are the fewest days away."""
    return min(form.editions, key=lambda edition: _days_away(edition, day))


def edition_to_fill(form: FormSpec, day: date) -> Edition:
    """What is offered first: the edition of that day, else the latest."""
    return edition_in_force(form, day) or form.latest


def _status(edition: Edition, day: date, *, is_replaced: bool) -> Status:
    if day < edition.in_force_from:
        return Status.COMING
    if edition.in_force_on(day):
        return Status.IN_FORCE
    return Status.REPLACED if is_replaced else Status.REPEALED


def _successor(form: FormSpec, edition: Edition) -> Edition | None:
    """The edition that begins on the day on which this one ends."""
    following = (
        later
        for earlier, later in pairwise(form.editions)
        if earlier.id == edition.id and later.in_force_from == earlier.in_force_until
    )
    return next(following, None)


def _days_away(edition: Edition, day: date) -> int:
    if day < edition.in_force_from:
        return (edition.in_force_from - day).days
    until = edition.in_force_until
    return max(0, (day - until).days + 1) if until else 0
