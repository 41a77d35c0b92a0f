"""The functions of the language of rules; ``static/js/functions.js`` has the same.

What is empty, or no number or day where one is wanted, gives nothing.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeAlias

from forms_server.specs.working_days import WorkingDays

Scalar: TypeAlias = str | int | bool | Decimal | date | None
Value: TypeAlias = "Scalar | tuple[Value, ...] | object"

MONTHS = 12
FARTHEST = 100_000
"""Days, months or years that one may go from a day: more leaves the calendar anyway."""
CODE = r"[A-Z][0-9]{2}(?:\.[0-9]{1,2})?"
CODES = re.compile(rf"{CODE}(-{CODE})?( {CODE}(-{CODE})?)*")
"""What :func:`_within` compares with: ``Q71.0-Q71.3 S48``."""


def sequence(values: Value) -> Sequence[Value]:
    """A list of values; what is none has no values."""
    return values if isinstance(values, tuple) else ()


def _filled(value: Value) -> bool:
    return value is not None and value is not False and value not in ("", ())


def _total(values: Value) -> Value:
    numbers = [value for value in sequence(values) if isinstance(value, (int, Decimal))]
    return sum(numbers, Decimal(0)) if numbers else None


def _total_if(values: Value, keys: Value, key: Value) -> Value:
    """The sum of the numbers of those rows whose key is this one."""
    pairs = zip(sequence(values), sequence(keys), strict=False)
    return _total(tuple(value for value, own in pairs if key is not None and own == key))


def _days(first: Value, last: Value) -> Value:
    """Calendar days from one date to another, both counted."""
    if isinstance(first, date) and isinstance(last, date):
        return (last - first).days + 1
    return None


def _month_end(day: Value) -> Value:
    if not isinstance(day, date):
        return None
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def _plus_days(day: Value, count: Value) -> Value:
    steps = _whole(count)
    if not isinstance(day, date) or steps is None:
        return None
    try:
        return day + timedelta(days=steps)
    except OverflowError:
        return None


def _plus_months(day: Value, count: Value) -> Value:
    """The same day of a later month, or the last day of that month where it has no such day."""
    steps = _whole(count)
    if not isinstance(day, date) or steps is None:
        return None
    year, month = divmod(day.year * MONTHS + day.month - 1 + steps, MONTHS)
    if not date.min.year <= year <= date.max.year:
        return None
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def _plus_years(day: Value, count: Value) -> Value:
    steps = _whole(count)
    return None if steps is None else _plus_months(day, steps * MONTHS)


def _whole(count: Value) -> int | None:
    if not isinstance(count, (int, Decimal)):
        return None
    whole = int(count)
    return whole if whole == count and -FARTHEST <= whole <= FARTHEST else None


def _within(code: Value, codes: Value) -> bool:
    """Whether a code of ICD-10 is one of these: ``Q71.0-Q71.3 S48``.

    A single code is itself alone; a range takes in what is divided further under its last code.
    """
    if not isinstance(code, str) or not isinstance(codes, str):
        return False
    return any(_is_of(code, *part.partition("-")) for part in codes.split())


def _is_of(code: str, first: str, dash: str, last: str) -> bool:
    return code == first if not dash else first <= code and (code <= last or code.startswith(last))


def _working_days(table: WorkingDays, first: Value, last: Value) -> Value:
    if isinstance(first, date) and isinstance(last, date):
        return table.count(first, last)
    return None


def _plus_working_days(table: WorkingDays, day: Value, count: Value) -> Value:
    steps = _whole(count)
    return table.after(day, steps) if isinstance(day, date) and steps is not None else None


PLAIN: Mapping[str, Callable[..., Value]] = {
    "filled": _filled,
    "sum": _total,
    "sum_if": _total_if,
    "count": lambda values: len([value for value in sequence(values) if value is not None]),
    "days": _days,
    "day": lambda day: day.day if isinstance(day, date) else None,
    "month": lambda day: day.month if isinstance(day, date) else None,
    "year": lambda day: day.year if isinstance(day, date) else None,
    "month_end": _month_end,
    "plus_days": _plus_days,
    "plus_months": _plus_months,
    "plus_years": _plus_years,
    "within": _within,
}
OF_WORKING_DAYS: Mapping[str, Callable[..., Value]] = {
    "working_days": _working_days,
    "plus_working_days": _plus_working_days,
}
"""Those that are also given the table of :class:`WorkingDays`."""
FUNCTIONS: Mapping[str, Callable[..., Value]] = {**PLAIN, **OF_WORKING_DAYS}
