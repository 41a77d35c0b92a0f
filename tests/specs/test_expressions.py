"""The language of rules: what it means, and that nothing outside it is let in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms_server.specs.expressions import (
    DEEPEST,
    LONGEST,
    ExpressionError,
    evaluate,
    holds,
    parse,
)
from forms_server.specs.functions import FUNCTIONS
from forms_server.specs.working_days import NAME, WorkingDays

NUMBERS = st.decimals(-10_000, 10_000, places=2)
DAYS = st.dates(date(1900, 1, 1), date(2199, 1, 1))


def value(text: str, **values: Any) -> Any:
    return evaluate(parse(text), values)


# -- what is computed -----------------------------------------------------------------------------


@given(NUMBERS, NUMBERS, NUMBERS)
def test_arithmetic_is_exact(a: Decimal, b: Decimal, c: Decimal) -> None:
    assert value("a + b * c - a", a=a, b=b, c=c) == a + b * c - a
    assert value("(a + b) * c", a=a, b=b, c=c) == (a + b) * c


@given(NUMBERS, NUMBERS)
def test_order_is_that_of_numbers(a: Decimal, b: Decimal) -> None:
    for sign, truth in (("<", a < b), ("<=", a <= b), (">", a > b), (">=", a >= b),
                        ("==", a == b), ("!=", a != b)):  # fmt: skip
        assert value(f"a {sign} b", a=a, b=b) is truth


@given(DAYS, DAYS)
def test_days_are_counted_with_both_ends(first: date, last: date) -> None:
    counted = value("days(first, last)", first=first, last=last)
    assert first + timedelta(days=counted - 1) == last
    assert value("first <= last", first=first, last=last) is (first <= last)


@given(DAYS)
def test_year_and_month_are_numbers(day: date) -> None:
    assert value("year(day)", day=day) == day.year
    assert value("month(day)", day=day) == day.month


@given(st.lists(st.none() | NUMBERS))
def test_a_sum_passes_over_what_is_empty(column: list[Decimal | None]) -> None:
    numbers = [number for number in column if number is not None]
    columns = {"rows.hours": tuple(column)}
    assert evaluate(parse("sum(rows.hours)"), columns) == (sum(numbers) if numbers else None)
    assert evaluate(parse("count(rows.hours)"), columns) == len(numbers)


@given(st.sampled_from("abc"), st.lists(st.sampled_from("abcd")))
def test_a_choice_is_looked_for_in_a_list(choice: str, chosen: list[str]) -> None:
    assert value(f"'{choice}' in chosen", chosen=tuple(chosen)) is (choice in chosen)
    assert value(f"'{choice}' not in chosen", chosen=tuple(chosen)) is (choice not in chosen)


@given(st.booleans(), st.booleans(), st.booleans())
def test_logic_is_logic(a: bool, b: bool, c: bool) -> None:
    text = "a and b or not c and not (a or b)"
    assert value(text, a=a, b=b, c=c) is ((a and b) or (not c and not (a or b)))


@pytest.mark.parametrize(
    ("constant", "meant"),
    [("8", 8), ("0.1", Decimal("0.1")), ("2.50", Decimal("2.5")), ("'үш'", "үш"), ("True", True)],
)
def test_a_constant_is_what_is_written(constant: str, meant: object) -> None:
    found = value(constant)
    assert found == meant
    assert type(found) is type(meant)


def test_a_decimal_constant_is_exact() -> None:
    assert value("price * 0.1", price=Decimal(3)) == Decimal("0.3")


# -- what an empty answer means -------------------------------------------------------------------


@pytest.mark.parametrize("sign", ["<", "<=", ">", ">="])
def test_an_empty_answer_breaks_no_limit(sign: str) -> None:
    assert value(f"hours {sign} 8") is True
    assert value(f"8 {sign} hours", hours=None) is True


@pytest.mark.parametrize("text", ["hours + 1", "1 - hours", "hours * hours", "days(a, today)",
                                  "year(day)", "month(day)", "sum(rows.hours)"])  # fmt: skip
def test_arithmetic_with_an_empty_answer_is_empty(text: str) -> None:
    assert value(text, today=date(2025, 5, 2)) is None


def test_an_empty_answer_equals_only_itself() -> None:
    assert value("kind == 'a'") is False
    assert value("kind != 'a'") is True
    assert value("kind == other") is True


def test_nothing_is_in_an_empty_list() -> None:
    assert value("'a' in chosen") is False
    assert value("'a' not in chosen") is True
    assert value("'a' in chosen", chosen="abc") is False, "a text is no list"


@pytest.mark.parametrize("nothing", [None, "", (), False])
def test_what_is_empty_is_not_filled(nothing: object) -> None:
    assert value("filled(a)", a=nothing) is False
    assert not holds(parse("a"), {"a": nothing})


@pytest.mark.parametrize(
    "something",
    ["x", ("a",), True, Decimal(1), Decimal(0), {"surname": "Үлгі"}, date(2025, 5, 2)],
)
def test_what_is_answered_is_filled(something: object) -> None:
    assert value("filled(a)", a=something) is True


# -- names ----------------------------------------------------------------------------------------


def test_every_name_is_told() -> None:
    expression = parse("sum(rows.hours) <= 8 * days(first, last) or 'a' in kinds and not other")
    assert expression.names == {"rows.hours", "first", "last", "kinds", "other"}
    assert parse("1 < 2").names == frozenset()


def test_the_text_is_kept_as_written() -> None:
    assert parse("  hours<=8 ").text == "  hours<=8 "


# -- what is outside the language -----------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "hours <=", "(hours", "a b", "a = 1", "a; b", "import os", "\0", "a\\", "'open",
        "a.b.c", "a.b.__class__", "'text'.upper", "(a).b()", "a.b()", "().__class__",
        "lambda: 1", "lambda a: a", "[x for x in rows]", "{x for x in rows}", "(x for x in rows)",
        "f'{a}'", "f'text'", "b'bytes'", "1j", "...", "None", "1e999", "-1", "+a", "~a",
        "9 ** 9 ** 9", "a / b", "a // b", "a % b", "a @ b", "a << 999999999", "a | b", "a ^ b",
        "(a := 1)", "a[0]", "a[0:1]", "[a]", "(a, b)", "{a}", "{a: b}", "*a",
        "await a", "yield a", "1 < a < 2", "a is b", "a is not None",
        "print(a)", "eval('1')", "__import__('os')", "open('x')", "len(a)", "sum(a)(b)",
        "sum()", "sum(a, b)", "sum(*a)", "sum(values=a)", "days(a)", "days(a, b, c)",
        "filled(**a)", "sum(print(a))", "filled(a.b.c)", "this.a.b.c", "a.this.b",
        "working_days(a)", "plus_days(a)", "working_days(a, b, c)", "sum_if(a, b)",
        "within(code, codes)", "within(code, '')", "within(code, 'q71')", "within(code, 'Q71,S48')",
        "within(code, 'Q7-Q8')", "within(code, 'Q71-')", "within(code, 'Q71  S48')",
    ],
)  # fmt: skip
def test_what_is_not_of_the_language_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "not " * 200 + "a",
        "not " * 50_000 + "a",
        "(" * 5_000,
        "+".join(["a"] * 400),
        "a" * (LONGEST + 1),
        "1" + "0" * 5_000,
    ],
)
def test_what_is_too_long_or_too_deep_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text)


def test_the_deepest_expression_is_evaluated() -> None:
    text = "not " * (DEEPEST - 2) + "a"
    assert value(text, a=True) is True


def test_the_part_that_does_not_belong_is_named() -> None:
    with pytest.raises(ExpressionError, match=r"^a / b$"):
        parse("hours <= a / b")


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse(text)
    except ExpressionError:
        return


# -- any expression of the language ---------------------------------------------------------------


@dataclass(frozen=True)
class Written:
    """An expression as a person writes it, and what it means of ``VALUES``."""

    text: str
    meant: Any


VALUES = {"a": Decimal("2.50"), "b": 3, "none": None}
LEAVES = st.sampled_from(
    [Written("a", Decimal("2.50")), Written("b", 3), Written("none", None), Written("7", 7)]
)


def _combine(parts: st.SearchStrategy[Written]) -> st.SearchStrategy[Written]:
    signs = {"+": lambda x, y: x + y, "-": lambda x, y: x - y, "*": lambda x, y: x * y}

    def join(left: Written, sign: str, right: Written) -> Written:
        empty = left.meant is None or right.meant is None
        meant = None if empty else signs[sign](left.meant, right.meant)
        return Written(f"({left.text} {sign} {right.text})", meant)

    return st.builds(join, parts, st.sampled_from(sorted(signs)), parts)


@given(st.recursive(LEAVES, _combine, max_leaves=12))
def test_any_arithmetic_means_what_it_says(written: Written) -> None:
    expression = parse(written.text)
    assert evaluate(expression, VALUES) == written.meant
    assert expression.names <= {*VALUES}


# -- days, terms, codes, choices ------------------------------------------------------------------

SHORT = st.integers(-1200, 1200)


@given(DAYS, SHORT)
def test_days_are_put_onto_a_day(day: date, count: int) -> None:
    assert value("plus_days(day, count)", day=day, count=count) == day + timedelta(days=count)
    assert value("plus_days(day, count)", day=day, count=Decimal(count)) == day + timedelta(count)


@given(DAYS, SHORT)
def test_months_are_put_onto_a_day(day: date, count: int) -> None:
    found = value("plus_months(day, count)", day=day, count=count)
    assert (found.year * 12 + found.month) - (day.year * 12 + day.month) == count
    end = value("month_end(day)", day=found)
    assert found.day == min(day.day, end.day), "the Civil Code, article 175: the last day then"
    assert (end + timedelta(days=1)).day == 1
    assert value("day(day)", day=end) == end.day


@given(DAYS, st.integers(-20, 20))
def test_a_year_is_twelve_months(day: date, count: int) -> None:
    values = {"day": day, "count": count}
    assert value("plus_years(day, count)", **values) == value(
        "plus_months(day, count * 12)", **values
    )


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("plus_months(day, 1)", date(2024, 2, 29)),
        ("plus_years(plus_months(day, 1), 1)", date(2025, 2, 28)),
        ("plus_months(day, 13)", date(2025, 2, 28)),
        ("plus_months(day, 0.5)", None),
        ("plus_days(day, 0 - 31)", date(2023, 12, 31)),
        ("plus_years(day, 9000)", None),
        ("plus_days(day, 99999999999)", None),
        ("month_end(day)", date(2024, 1, 31)),
    ],
)
def test_a_term_ends_where_the_calendar_says(text: str, meant: date | None) -> None:
    assert value(text, day=date(2024, 1, 31)) == meant


@pytest.mark.parametrize(
    "text",
    ["day(a)", "month_end(a)", "plus_days(a, 1)", "plus_days(day, a)", "plus_months(a, 1)",
     "plus_months(day, a)", "plus_years(a, 1)", "plus_years(day, a)", "sum_if(a, a, a)",
     "plus_days(day, 'x')", "plus_days('x', 1)",
     "working_days(a, day)", "working_days(day, a)", "plus_working_days(a, 1)",
     "plus_working_days(day, a)", "plus_working_days(day, 0.5)"],
)  # fmt: skip
def test_a_function_of_an_empty_answer_is_empty(text: str) -> None:
    values = {"day": MONDAY, NAME: WEEK}
    assert evaluate(parse(text), values) is None


KEYS = st.none() | st.sampled_from([date(2021, 5, 3), date(2021, 5, 4)])


@given(st.lists(st.tuples(st.none() | NUMBERS, KEYS)))
def test_only_the_rows_of_one_key_are_summed(
    rows: list[tuple[Decimal | None, date | None]],
) -> None:
    key = date(2021, 5, 3)
    values = {
        "visits.hours": tuple(hours for hours, _ in rows),
        "visits.day": tuple(day for _, day in rows),
        "key": key,
    }
    meant = [hours for hours, day in rows if hours is not None and day == key]
    expression = parse("sum_if(visits.hours, visits.day, key)")
    assert evaluate(expression, values) == (sum(meant) if meant else None)
    assert evaluate(parse("sum_if(visits.hours, visits.day, nothing)"), values) is None


@pytest.mark.parametrize(
    ("code", "truth"),
    [
        ("Q71.0", True), ("Q71.3", True), ("Q71.30", True), ("Q71.4", False), ("Q71", False),
        ("S48", True), ("S48.1", False), ("E76", True), ("T05", True), ("T05.9", True),
        ("T06", True), ("T06.3", True), ("T07", False), (None, False), (5, False), ("", False),
    ],
)  # fmt: skip
def test_a_code_is_looked_for_in_codes_and_ranges(code: object, truth: bool) -> None:
    assert value("within(code, 'Q71.0-Q71.3 S48 E76 T05-T06')", code=code) is truth


@given(st.booleans(), NUMBERS, NUMBERS)
def test_one_of_two_values_is_chosen(condition: bool, a: Decimal, b: Decimal) -> None:
    assert value("a if c else b", a=a, b=b, c=condition) == (a if condition else b)
    assert value("(a if c else b) * 2", a=a, b=b, c=None) == b * 2
    assert value("1 if c else 2 if a < b else 3", a=a, b=b, c=False) == (2 if a < b else 3)


MONDAY = date(2021, 5, 3)
WEEK = WorkingDays(
    first=date(2021, 5, 1),
    last=date(2021, 5, 31),
    off=frozenset({date(2021, 5, 7), date(2021, 5, 10)}),
    worked=frozenset({date(2021, 5, 15)}),
)
"""A month with two days off and one Saturday that is worked."""


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("working_days(day, day)", 1),
        ("working_days(day, plus_days(day, 6))", 4),
        ("working_days(day, plus_days(day, 7))", 4),
        ("working_days(day, month_end(day))", 20),
        ("working_days(plus_days(day, 1), day)", 0),
        ("working_days(day, plus_days(day, 99))", None),
        ("plus_working_days(day, 0)", MONDAY),
        ("plus_working_days(day, 3)", date(2021, 5, 6)),
        ("plus_working_days(day, 4)", date(2021, 5, 11)),
        ("plus_working_days(day, 8)", date(2021, 5, 15)),
        ("plus_working_days(day, 19)", date(2021, 5, 31)),
        ("plus_working_days(day, 20)", None),
        ("plus_working_days(day, 0 - 1)", None),
        ("plus_working_days(plus_days(day, 99), 1)", None),
    ],
)
def test_working_days_are_those_of_the_table(text: str, meant: object) -> None:
    assert evaluate(parse(text), {"day": MONDAY, NAME: WEEK}) == meant
    assert evaluate(parse(text), {"day": MONDAY}) is None, "nothing is known without a table"


@given(st.dates(WEEK.first, WEEK.last), st.integers(1, 20))
def test_a_term_of_working_days_has_so_many(day: date, count: int) -> None:
    last = WEEK.after(day, count)
    if last is not None:
        assert WEEK.is_working(last)
        assert WEEK.count(day + timedelta(days=1), last) == count


def test_every_function_is_tested_here() -> None:
    assert {*FUNCTIONS} == {
        "filled", "sum", "sum_if", "count", "days", "year", "month", "day", "month_end",
        "plus_days", "plus_months", "plus_years", "working_days", "plus_working_days", "within",
    }  # fmt: skip
