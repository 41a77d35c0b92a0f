"""Days, months, years, periods."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given

from forms_server.fields.dates import EARLIEST, LATEST, month_name
from forms_server.fields.registry import TYPES, check_parts, part_specs
from forms_server.languages import Language
from forms_server.specs.model import Limits

from .specimens import DAYS, TODAY, read, refused, spec_of


@given(DAYS)
def test_a_day_is_taken_in_every_form_it_is_typed_in(day: date) -> None:
    typed = [
        f"{day:%d.%m.%Y}", f"{day:%d/%m/%Y}", f"{day:%d-%m-%Y}", f"{day:%d %m %Y}",
        f"{day:%d,%m,%Y}", f"{day:%d. %m. %Y}", f"{day:%d%m%Y}", f"{day:%Y-%m-%d}",
        f"{day.day}.{day.month}.{day.year}", f" {day:%d.%m.%Y}\u00a0",
    ]  # fmt: skip
    assert {read("date", text) for text in typed} == {day}


@pytest.mark.parametrize(
    "typed",
    ["x", "1.2", "020525", "2.5.25", "2025", "2025.05.02", "02-05", "02.05.2025 г.", "0205202",
     "020520255", "мамыр"],
)  # fmt: skip
def test_what_is_no_date_is_refused(typed: str) -> None:
    assert refused("date", typed) == "date-wrong"


@pytest.mark.parametrize(
    "typed",
    [
        "31.02.2025",
        "29.02.2025",
        "00.01.2025",
        "01.13.2025",
        "32012025",
        "01.01.0000",
        "2025-02-30",
    ],
)
def test_a_day_that_does_not_exist_is_named(typed: str) -> None:
    assert refused("date", typed) == "date-no-such-day"


def test_a_leap_day_exists() -> None:
    assert read("date", "29022024") == date(2024, 2, 29)


def test_days_have_limits() -> None:
    assert read("date", EARLIEST.isoformat()) == EARLIEST
    assert read("date", LATEST.isoformat()) == LATEST
    assert refused("date", "31.12.1879") == "date-too-early"
    assert refused("date", "02.01.2200") == "date-too-late"
    assert refused("date", "01.01.0001") == "date-too-early"
    since = Limits(minimum="2025-05-02", maximum="today")
    assert read("date", TODAY.isoformat(), limits=since) == TODAY
    assert refused("date", "01.05.2025", limits=since) == "date-too-early"
    assert refused("date", "03.11.2026", limits=since) == "date-too-late"
    assert refused("date", "01.11.2026", limits=Limits(minimum="today")) == "date-too-early"


@pytest.mark.parametrize(("language", "month"), [(Language.KK, "мамыр"), (Language.RU, "мая")])
def test_a_day_is_printed_in_parts(language: Language, month: str) -> None:
    day, spec = date(2025, 5, 2), spec_of("date")
    shown = {
        part: TYPES["date"].show_part(day, part, spec, language) for part in TYPES["date"].parts
    }
    assert shown == {"day": "02", "month": month, "year": "2025", "short_year": "25"}
    assert TYPES["date"].show(day, spec, language) == "02.05.2025"


def test_every_month_has_a_name_in_both_languages() -> None:
    for language in Language:
        names = {month_name(month, language) for month in range(1, 13)}
        assert len(names) == 12
        assert all(name.isalpha() for name in names)


@pytest.mark.parametrize("typed", ["05.2025", "5.2025", "05/2025", "05 2025", "2025-05", "052025"])
def test_a_month_is_taken_in_every_form_it_is_typed_in(typed: str) -> None:
    assert read("month", typed) == date(2025, 5, 1)


@pytest.mark.parametrize(
    "typed", ["13.2025", "0.2025", "2025", "x", "05.1879", "05.2201", "2025-13"]
)
def test_what_is_no_month_is_refused(typed: str) -> None:
    assert refused("month", typed) == "month-wrong"


@pytest.mark.parametrize("typed", ["1879", "2201", "80", "198O", "19800", "-1980", "0000"])
def test_what_is_no_year_is_refused(typed: str) -> None:
    assert refused("year", typed) == "year-wrong"


def test_a_year_may_not_be_to_come() -> None:
    assert read("year", "2026", limits=Limits(maximum="today")) == 2026
    assert refused("year", "2027", limits=Limits(maximum="today")) == "date-too-late"


def test_a_period_is_shown_whole_and_in_parts() -> None:
    spec = spec_of("period")
    value = {"first": date(2025, 5, 2), "last": date(2025, 6, 3)}
    assert TYPES["period"].show(value, spec, Language.RU) == "02.05.2025 – 03.06.2025"
    shown = [
        TYPES["period"].show_part(value, part, spec, Language.RU) for part in TYPES["period"].parts
    ]
    assert shown == ["02", "мая", "25", "02.05.2025", "03", "июня", "25", "03.06.2025"]
    assert [part.id for part in part_specs(spec)] == ["first", "last"]


@given(DAYS)
def test_a_period_may_be_one_day(day: date) -> None:
    check_parts(spec_of("period"), {"first": day, "last": day})


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("15:30", "15:30"), ("15.30", "15:30"), ("9-05", "09:05"), ("9 05", "09:05"),
        ("1530", "15:30"), ("00:00", "00:00"), ("23:59", "23:59"), (" 7:00 ", "07:00"),
    ],
)  # fmt: skip
def test_a_time_is_taken_in_every_form_it_is_typed_in(typed: str, meant: str) -> None:
    assert read("time", typed) == meant


@pytest.mark.parametrize(
    "typed", ["24:00", "12:60", "2560", "930", "9", "9:5", "noon", "9:30:00", "-1:30"]
)
def test_what_is_no_time_is_refused(typed: str) -> None:
    assert refused("time", typed) == "time-wrong"


def test_a_time_is_printed_in_parts() -> None:
    spec = spec_of("time")
    shown = {part: TYPES["time"].show_part("09:05", part, spec, Language.KK)
             for part in TYPES["time"].parts}  # fmt: skip
    assert shown == {"hour": "09", "minute": "05"}


def test_a_time_has_no_limits_of_its_own() -> None:
    assert TYPES["time"].wrong_attribute(spec_of("time")) is None
    limits = Limits(maximum="16:00")
    assert TYPES["time"].wrong_attribute(spec_of("time", limits=limits)) == "maximum"


@pytest.mark.parametrize(
    ("name", "text", "raw"),
    [
        ("date", "today", "02.11.2026"), ("date", "02.05.2021", "02.05.2021"),
        ("month", "today", "11.2026"), ("year", "today", "2026"), ("year", "2021", "2021"),
        ("period", "01.05.2021 today", {"first": "01.05.2021", "last": "02.11.2026"}),
    ],
)  # fmt: skip
def test_a_sample_may_be_today(name: str, text: str, raw: object) -> None:
    assert TYPES[name].sample_as(text, TODAY) == raw


def test_a_period_wants_two_days_as_its_sample() -> None:
    assert TYPES["period"].wrong_attribute(spec_of("period", sample="today")) == "sample"
    assert TYPES["period"].wrong_attribute(spec_of("period", sample="")) is None
    assert TYPES["person"].wrong_attribute(spec_of("person", sample="Үлгі")) == "sample"
