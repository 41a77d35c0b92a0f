"""Types whose answer is a day, a month, a year, a period or a time of day."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import ClassVar

from babel.dates import get_month_names

from forms_server.errors import InvalidAnswerError
from forms_server.fields.base import (
    Composite,
    FieldType,
    Input,
    Raw,
    Value,
    XsdType,
    part_label,
)
from forms_server.languages import Language
from forms_server.specs.model import FieldSpec

EARLIEST = date(1880, 1, 1)
LATEST = date(2200, 1, 1)
LAST_HOUR = 23
LAST_MINUTE = 59


@cache
def month_name(month: int, language: Language) -> str:
    """The month as it stands in a date: «мая», «мамыр»."""
    name: str = get_month_names("wide", "format", language.value)[month]
    return name


def show_day(day: date) -> str:
    return f"{day:%d.%m.%Y}"


class Date(FieldType):
    """A day; takes ``02.05.2025``, ``2/5/2025``, ``02052025`` and ``2025-05-02``."""

    name = "date"
    input = Input("text", 12, {"inputmode": "numeric", "autocomplete": "off"})
    parts = ("day", "month", "year", "short_year")
    patterns: ClassVar[tuple[re.Pattern[str], ...]] = (
        re.compile(r"(?P<day>\d{1,2})[\s./,-]+(?P<month>\d{1,2})[\s./,-]+(?P<year>\d{4})"),
        re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"),
        re.compile(r"(?P<day>\d{2})(?P<month>\d{2})(?P<year>\d{4})"),
    )

    def wrong_attribute(self, spec: FieldSpec) -> str | None:
        for name in ("minimum", "maximum"):
            try:
                _limit(getattr(spec.limits, name), LATEST)
            except ValueError:
                return name
        return None

    def read_text(self, text: str, spec: FieldSpec, today: date) -> Value:
        day = self._day(text)
        self._check_limits(day, spec, today)
        return day

    def _day(self, text: str) -> date:
        match = next(filter(None, (pattern.fullmatch(text) for pattern in self.patterns)), None)
        if match is None:
            raise InvalidAnswerError("date-wrong")
        try:
            return date(*(int(match[part]) for part in ("year", "month", "day")))
        except ValueError as error:
            raise InvalidAnswerError("date-no-such-day", typed=text) from error

    def _check_limits(self, day: date, spec: FieldSpec, today: date) -> None:
        least = _limit(spec.limits.minimum, today) or EARLIEST
        most = _limit(spec.limits.maximum, today) or LATEST
        if day < least:
            raise InvalidAnswerError("date-too-early", least=show_day(least))
        if day > most:
            raise InvalidAnswerError("date-too-late", most=show_day(most))

    def write(self, value: Value) -> Raw:
        return str(value.isoformat())

    def show(self, value: Value, spec: FieldSpec, language: Language) -> str:
        return show_day(value)

    def show_part(self, value: Value, part: str, spec: FieldSpec, language: Language) -> str:
        return self.part_of(value, part, language)

    @staticmethod
    def part_of(day: date, part: str, language: Language) -> str:
        """The day, the month's name, the year or its last two digits, as dates are printed."""
        shown = {
            "day": f"{day:%d}",
            "month": month_name(day.month, language),
            "year": f"{day.year:04d}",
            "short_year": f"{day:%y}",
        }
        return shown[part]

    def xsd(self, spec: FieldSpec) -> XsdType:
        return XsdType("xs:date")

    def sample_as(self, text: str, today: date) -> Raw:
        return show_day(today) if text == "today" else text

    def sample(self, spec: FieldSpec, language: Language) -> Raw:
        past = spec.limits.minimum or "1980-01-02"
        return past if spec.limits.maximum == "today" else "2026-01-02"


def _limit(text: str | None, today: date) -> date | None:
    if text is None:
        return None
    return today if text == "today" else date.fromisoformat(text)


class Year(FieldType):
    """A year of four digits."""

    name = "year"
    input = Input("text", 6, {"inputmode": "numeric", "autocomplete": "off"})

    def read_text(self, text: str, spec: FieldSpec, today: date) -> Value:
        if not re.fullmatch(r"[0-9]{4}", text) or not EARLIEST.year <= int(text) <= LATEST.year:
            raise InvalidAnswerError("year-wrong")
        if spec.limits.maximum == "today" and int(text) > today.year:
            raise InvalidAnswerError("date-too-late", most=str(today.year))
        return int(text)

    def xsd(self, spec: FieldSpec) -> XsdType:
        return XsdType("xs:gYear")

    def sample_as(self, text: str, today: date) -> Raw:
        return str(today.year) if text == "today" else text

    def sample(self, spec: FieldSpec, language: Language) -> Raw:
        return "1980"


class Month(FieldType):
    """A month of a year; takes ``05.2025``, ``052025``, ``2025-05``; its value is its first day."""

    name = "month"
    input = Input("text", 10, {"inputmode": "numeric", "autocomplete": "off"})
    parts = ("month", "year", "short_year")
    patterns = (
        re.compile(r"(?P<month>\d{1,2})[\s./-]+(?P<year>\d{4})"),
        re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})"),
        re.compile(r"(?P<month>\d{2})(?P<year>\d{4})"),
    )

    def read_text(self, text: str, spec: FieldSpec, today: date) -> Value:
        match = next(filter(None, (pattern.fullmatch(text) for pattern in self.patterns)), None)
        if match is None or not 1 <= int(match["month"]) <= 12:
            raise InvalidAnswerError("month-wrong")
        if not EARLIEST.year <= int(match["year"]) <= LATEST.year:
            raise InvalidAnswerError("month-wrong")
        return date(int(match["year"]), int(match["month"]), 1)

    def write(self, value: Value) -> Raw:
        return f"{value:%Y-%m}"

    def show(self, value: Value, spec: FieldSpec, language: Language) -> str:
        return f"{value:%m.%Y}"

    def show_part(self, value: Value, part: str, spec: FieldSpec, language: Language) -> str:
        return Date.part_of(value, part, language)

    def xsd(self, spec: FieldSpec) -> XsdType:
        return XsdType("xs:gYearMonth")

    def sample_as(self, text: str, today: date) -> Raw:
        return f"{today:%m.%Y}" if text == "today" else text

    def sample(self, spec: FieldSpec, language: Language) -> Raw:
        return "2026-01"


class Period(Composite):
    """From one day to another, both counted; the first is not after the last."""

    name = "period"
    rule_names = ("first", "last")
    parts = (
        "first_day", "first_month", "first_short_year", "first",
        "last_day", "last_month", "last_short_year", "last",
    )  # fmt: skip

    def wrong_attribute(self, spec: FieldSpec) -> str | None:
        return "sample" if spec.sample and len(spec.sample.split()) != 2 else None

    def part_specs(self, spec: FieldSpec) -> Sequence[FieldSpec]:
        return tuple(
            FieldSpec(
                id=part, type="date", label=part_label(f"period-{part}"), required=True,
                limits=spec.limits,
            )
            for part in ("first", "last")
        )  # fmt: skip

    def check(self, value: Value) -> None:
        if value["first"] and value["last"] and value["last"] < value["first"]:
            raise InvalidAnswerError("period-backwards")

    def show(self, value: Value, spec: FieldSpec, language: Language) -> str:
        return f"{show_day(value['first'])} – {show_day(value['last'])}"

    def show_part(self, value: Value, part: str, spec: FieldSpec, language: Language) -> str:
        end, _, piece = part.partition("_")
        day = value[end]
        return Date.part_of(day, piece, language) if piece else show_day(day)

    def sample_as(self, text: str, today: date) -> Raw:
        days = (show_day(today) if word == "today" else word for word in text.split())
        return dict(zip(("first", "last"), days, strict=True))

    def sample(self, spec: FieldSpec, language: Language) -> Raw:
        return {"first": "2026-01-01", "last": "2026-01-31"}


class Time(FieldType):
    """A time of day; takes ``15:30``, ``15.30``, ``9-05`` and ``1530``; its value is ``15:30``."""

    name = "time"
    input = Input("text", 6, {"inputmode": "numeric", "autocomplete": "off"})
    parts = ("hour", "minute")
    pattern = re.compile(
        r"(?P<hour>\d{1,2})[\s:.,-](?P<minute>\d{2})|(?P<h>\d{2})(?P<m>\d{2})", re.A
    )

    def wrong_attribute(self, spec: FieldSpec) -> str | None:
        limits = {"minimum": spec.limits.minimum, "maximum": spec.limits.maximum}
        return next((name for name, limit in limits.items() if limit is not None), None)

    def read_text(self, text: str, spec: FieldSpec, today: date) -> Value:
        match = self.pattern.fullmatch(text)
        if match is None:
            raise InvalidAnswerError("time-wrong")
        hour, minute = int(match["hour"] or match["h"]), int(match["minute"] or match["m"])
        if hour > LAST_HOUR or minute > LAST_MINUTE:
            raise InvalidAnswerError("time-wrong")
        return f"{hour:02}:{minute:02}"

    def show_part(self, value: Value, part: str, spec: FieldSpec, language: Language) -> str:
        hour, _, minute = str(value).partition(":")
        return {"hour": hour, "minute": minute}[part]

    def xsd(self, spec: FieldSpec) -> XsdType:
        return XsdType("xs:string", (("pattern", "([01][0-9]|2[0-3]):[0-5][0-9]"),))

    def sample(self, spec: FieldSpec, language: Language) -> Raw:
        return "10:30"
