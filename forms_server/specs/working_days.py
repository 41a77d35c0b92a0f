"""Which days Kazakhstan works on: a frozen table of days, without the years that it cannot know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

SATURDAY = 5
NAME = "working-days"
"""Where evaluation finds the table among the names; no field can be called so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingDays:
    """Days off that are no Saturday or Sunday, and the Saturdays and Sundays that are worked.

    Known from ``first`` to ``last``, both included; of any other day it says nothing.
    """

    first: date = date.max
    last: date = date.min
    off: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()

    def is_working(self, day: date) -> bool:
        """Whether a day of the table is worked by the five-day week."""
        if day.weekday() >= SATURDAY:
            return day in self.worked
        return day not in self.off

    def count(self, first: date, last: date) -> int | None:
        """The working days from one day to another, both counted; ``None`` outside the table."""
        if first > last:
            return 0
        if not self.first <= first <= last <= self.last:
            return None
        span = (first + timedelta(days=step) for step in range((last - first).days + 1))
        return sum(map(self.is_working, span))

    def after(self, day: date, count: int) -> date | None:
        """The ``count``-th working day after a day; ``None`` outside the table."""
        if not self.first <= day <= self.last or count < 0:
            return None
        while count:
            if day >= self.last:
                return None
            day += timedelta(days=1)
            count -= self.is_working(day)
        return day


UNKNOWN = WorkingDays()
"""A table that says nothing of any day."""
