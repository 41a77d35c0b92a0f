"""The page's scripts work an expression out as the server does."""

from __future__ import annotations

import json
import random
import re
from datetime import date
from decimal import Decimal
from typing import Any

from playwright.sync_api import Page

from forms_server.specs.expressions import Value, evaluate, parse
from forms_server.specs.working_days import NAME as WORKING_DAYS
from forms_server.specs.working_days import WorkingDays
from forms_server.web.filling import working_days_json
from tests.browser.conftest import LiveServer

TABLE = WorkingDays(
    first=date(2023, 1, 1),
    last=date(2024, 12, 31),
    off=frozenset({date(2024, 3, 8), date(2024, 3, 21), date(2024, 3, 22), date(2024, 3, 25)}),
    worked=frozenset({date(2024, 3, 2), date(2024, 5, 4)}),
)
EVALUATE = """async cases => {
  const { evaluate } = await import('/static/js/expressions.js');
  const { Amount, Day, WorkingDays } = await import('/static/js/values.js');
  const read = value => {
    if (Array.isArray(value)) return value.map(read);
    if (value?.amount) return Amount.read(value.amount);
    if (value?.day) return new Day(value.day);
    if (value?.off) return new WorkingDays(value);
    return value;
  };
  const write = value => {
    if (value instanceof Amount) return {amount: value.toString()};
    return value instanceof Day ? {day: value.toString()} : value;
  };
  return cases.map(({node, values}) => write(evaluate(node,
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, read(value)])))));
}"""

VALUES: dict[str, tuple[Value, ...]] = {
    "number": (None, 0, 7, -3, Decimal("2.50"), Decimal("0.1"), Decimal("-1250.75"), True),
    "day": (None, date(2024, 2, 28), date(2024, 3, 1), date(1999, 12, 31)),
    "text": (None, "home", "үй", "hospital"),
    "time": (None, "09:05", "16:00", "23:59"),
    "code": (None, "Q71", "Q71.0", "Q71.35", "S48", "Z95.5"),
    "steps": (None, 0, 1, -13, 250, Decimal("2.5"), 100_001, True),
    "keys": ((), (None,), ("home", "үй", "home"), (date(2024, 3, 1),)),
    "flag": (None, True, False),
    "texts": (None, (), ("home",), ("үй", "hospital")),
    "numbers": ((), (None,), (1, None, Decimal("2.25")), (Decimal("0.1"), Decimal("0.20"))),
    "parts": (None, {"street": "үй", "house": None}),
}
LEAVES = {
    "number": ["number", "7", "2.5", "0", "sum(numbers)", "count(numbers)", "days(day, day2)",
               "year(day)", "month(day)", "day(day)", "number * number2", "number + 0.25",
               "number - number2", "sum_if(numbers, keys, text)", "sum_if(numbers, keys, day)",
               "working_days(day, day2)", "working_days({day}, {day})", "device.years",
               "({number} if {condition} else {number})"],
    "text": ["text", "'home'", "'үй'", "parts.street", "('үй' if {condition} else text)"],
    "time": ["time", "'16:00'"],
    "day": ["day", "day2", "month_end({day})", "plus_days({day}, steps)", "plus_months(day, steps)",
            "plus_years(day, steps)", "plus_months({day}, 1)", "plus_working_days({day}, steps)",
            "plus_working_days(day, 10)", "plus_years(day, device.years)"],
}  # fmt: skip
CONDITIONS = [
    "{number} < {number}", "{number} <= {number}", "{number} > {number}", "{number} >= {number}",
    "{number} == {number}", "{number} != {number}", "{text} == {text}", "{text} != {text}",
    "{day} < {day}", "{day} == {day}", "{time} <= {time}",
    "{text} in texts", "{text} not in texts", "flag",
    "filled({text})", "filled({number})", "filled(texts)", "filled(parts)", "filled(numbers)",
    "within(code, 'Q71.0-Q71.3 S48 Z94-Z95')", "filled({day})",
    "not ({condition})", "({condition}) and ({condition})", "({condition}) or ({condition})",
]  # fmt: skip


def make_text(chance: random.Random, kind: str = "condition") -> str:
    """An expression as a specification might write it."""
    text = chance.choice(CONDITIONS if kind == "condition" else LEAVES[kind])
    while slot := re.search(r"\{(\w+)\}", text):
        text = text[: slot.start()] + make_text(chance, slot[1]) + text[slot.end() :]
    return text


def make_values(chance: random.Random) -> dict[str, Value]:
    values = {name: chance.choice(several) for name, several in VALUES.items()}
    table = {WORKING_DAYS: TABLE, "device.years": chance.choice((None, 3, Decimal("0.5")))}
    twins = {f"{name}2": chance.choice(VALUES[name]) for name in ("number", "day")}
    parts = values["parts"] or {}
    return {**values, **twins, **table, **{f"parts.{name}": found for name, found in parts.items()}}


def in_json(value: Value) -> Any:
    """A value as the page's modules hold it."""
    if isinstance(value, tuple):
        return [in_json(item) for item in value]
    if isinstance(value, date):
        return {"day": value.isoformat()}
    if isinstance(value, WorkingDays):
        return json.loads(working_days_json(value))
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return {"amount": f"{Decimal(value) + 0:f}"}
    return value


def test_the_page_evaluates_as_the_server_does(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/sign-in")
    chance = random.Random(131)  # noqa: S311  # the same cases every time
    kinds = ("condition", "condition", "number", "text", "day")
    texts = [make_text(chance, kinds[index % 5]) for index in range(3000)]
    cases = [(parse(text), make_values(chance)) for text in texts]
    given = [
        {"node": tree.node, "values": {name: in_json(value) for name, value in values.items()}}
        for tree, values in cases
    ]
    for (tree, values), answer in zip(cases, page.evaluate(EVALUATE, given), strict=True):
        assert answer == in_json(evaluate(tree, values)), (tree.text, values)
