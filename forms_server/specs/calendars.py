"""Reads the table of holidays and transferred days off into :class:`WorkingDays`.

Used by :mod:`forms_server.specs.shelf` alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from lxml import etree

from forms_server.specs.files import error_at, tag
from forms_server.specs.working_days import SATURDAY, WorkingDays

CALENDAR = tag("calendar")


def read_working_days(path: Path, root: etree._Element) -> WorkingDays:
    """The table of a ``<calendar>``; a day that contradicts it is refused."""
    first = date.fromisoformat(root.get("from", ""))
    until = date.fromisoformat(root.get("until", ""))
    acts = {act.get("id") for act in root.iterfind(tag("act"))}
    days = dict[date, bool]()
    for element, day, is_worked in _days(root):
        is_weekend = day.weekday() >= SATURDAY
        is_known = element.get("act") in acts and first <= day < until
        if day in days or not is_known or (is_worked and not is_weekend):
            raise error_at("spec-calendar-day", path, element, day=day.isoformat())
        days[day] = is_worked
    return WorkingDays(
        first=first,
        last=until - timedelta(days=1),
        off=frozenset(day for day, is_worked in days.items() if not is_worked),
        worked=frozenset(day for day, is_worked in days.items() if is_worked),
    )


def _days(root: etree._Element) -> Iterator[tuple[etree._Element, date, bool]]:
    for element in root.iterfind(tag("day")):
        yield element, date.fromisoformat(element.get("date", "")), element.get("work") == "yes"
