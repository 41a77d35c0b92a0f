"""The table of working days, compared with the library ``holidays`` day by day."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from holidays import country_holidays
from lxml import etree

from forms_server.errors import SpecificationError
from forms_server.fields.registry import TYPES
from forms_server.languages import Language
from forms_server.specs.calendars import read_working_days
from forms_server.specs.files import read_file, read_grammar
from forms_server.specs.reading import read_forms
from forms_server.specs.working_days import WorkingDays
from tests.judges import ROOT

PATH = ROOT / "form_specs" / "reference" / "holidays.xml"
GRAMMAR = read_grammar(ROOT / "form_specs" / "specification.rng")
TABLE = read_working_days(PATH, read_file(PATH, GRAMMAR))
DIFFERENCES: Mapping[date, str] = {}
"""Days on which the library is of another mind, and why the table is right; none today."""


def days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=step) for step in range((last - first).days + 1))


def test_the_library_agrees_day_by_day() -> None:
    known = country_holidays("KZ", years=range(2021, 2027))
    span = list(days(date(2021, 1, 1), date(2026, 12, 31)))
    unlike = {day for day in span if TABLE.is_working(day) is not known.is_working_day(day)}
    assert unlike == {*DIFFERENCES}
    assert len(span) == 2191


def test_the_table_is_what_the_forms_reckon_with() -> None:
    assert read_forms(ROOT, TYPES)["mse-01"].latest.working_days == TABLE
    assert (TABLE.first, TABLE.last) == (date(2021, 1, 1), date(2027, 12, 31))


@pytest.mark.parametrize(
    ("accepted", "count", "due"),
    [
        (date(2021, 7, 1), 3, date(2021, 7, 7)),
        (date(2022, 5, 5), 1, date(2022, 5, 6)),
        (date(2022, 5, 6), 1, date(2022, 5, 11)),
        (date(2024, 5, 3), 2, date(2024, 5, 6)),
        (date(2025, 1, 2), 1, date(2025, 1, 5)),
        (date(2026, 3, 6), 10, date(2026, 3, 26)),
        (date(2026, 8, 28), 1, date(2026, 8, 31)),
        (date(2026, 12, 30), 3, date(2027, 1, 6)),
        (date(2027, 3, 12), 1, date(2027, 3, 16)),
    ],
)
def test_terms_of_real_days(accepted: date, count: int, due: date) -> None:
    assert TABLE.after(accepted, count) == due


def test_months_have_the_days_of_the_ministrys_balance() -> None:
    """The balance of working time for 2024, published in December 2023 for the five-day week.

    It expected Kurban Ait on a weekday of June; it was announced for Sunday the 16th.
    """
    published = [21, 21, 17, 22, 20, 19, 22, 21, 21, 22, 21, 21]
    firsts = [date(2024, month, 1) for month in range(1, 13)] + [date(2025, 1, 1)]
    counted = [
        TABLE.count(first, following - timedelta(days=1)) for first, following in pairwise(firsts)
    ]
    assert counted == [*published[:5], published[5] + 1, *published[6:]]


def test_beyond_the_table_nothing_is_said() -> None:
    assert TABLE.count(date(2020, 12, 31), date(2021, 1, 11)) is None
    assert TABLE.after(date(2027, 12, 30), 5) is None


def test_every_transfer_is_a_pair() -> None:
    """A day off that was transferred has its worked day, of the same act, in the same weeks."""
    root = etree.parse(PATH).getroot()
    acts = {date.fromisoformat(day.get("date")): day.get("act") for day in root.iter("{*}day")}
    for worked in TABLE.worked:
        near = days(worked - timedelta(days=7), worked + timedelta(days=7))
        assert [day for day in near if day in TABLE.off and acts[day] == acts[worked]], worked


Made = Callable[[str], WorkingDays]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    def make(days_of_calendar: str) -> WorkingDays:
        path = tmp_path / "calendar.xml"
        words = "".join(f"<{language}>а</{language}>" for language in Language)
        path.write_text(
            '<calendar xmlns="urn:forms-server:specification" id="c" from="2026-01-01" '
            f'until="2027-01-01">\n<title>{words}</title>\n<act id="law">{words}</act>\n'
            + days_of_calendar.replace("/>", f">{words}</day>")
            + "</calendar>",
            "utf-8",
        )
        return read_working_days(path, read_file(path, GRAMMAR))

    return make


def test_a_calendar_is_read(made: Made) -> None:
    table = made(
        '<day date="2026-05-01" work="no" act="law"/><day date="2026-05-02" work="yes" act="law"/>'
    )
    assert (table.first, table.last) == (date(2026, 1, 1), date(2026, 12, 31))
    assert (table.off, table.worked) == ({date(2026, 5, 1)}, {date(2026, 5, 2)})


@pytest.mark.parametrize(
    "wrong",
    [
        '<day date="2026-05-01" work="no" act="law"/>\n'
        '<day date="2026-05-01" work="no" act="law"/>',
        '\n<day date="2025-12-31" work="no" act="law"/>',
        '\n<day date="2027-01-01" work="no" act="law"/>',
        '\n<day date="2026-05-01" work="no" act="order"/>',
        '\n<day date="2026-05-01" work="yes" act="law"/>',
    ],
    ids=["twice", "before", "after", "no-such-act", "worked-friday"],
)
def test_a_day_that_contradicts_is_refused(made: Made, wrong: str) -> None:
    with pytest.raises(SpecificationError) as caught:
        made(wrong)
    assert (caught.value.code, caught.value.line) == ("spec-calendar-day", 5)
