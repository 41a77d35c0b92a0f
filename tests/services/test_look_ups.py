"""What each form finds in earlier documents of a person: in issued ones, not in values of a sample.

The applications and notifications of order 61 have ``test_applications`` and ``test_order_61``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from forms_server.fields.identity import is_check_digit_right
from forms_server.languages import Language
from forms_server.services.earlier import judge
from forms_server.services.samples import sample_answers
from forms_server.services.workshop import Workshop
from forms_server.specs.model import Edition, TableSpec
from tests.workshop import NOW, issue_sample, opened, settings_in

Answers = Mapping[str, Any]

JANUARY = {"first_day": "02.01.2026", "last_day": "30.01.2026", "sheet_month": "01.2026"}
FEBRUARY = {"first_day": "02.02.2026", "last_day": "27.02.2026", "sheet_month": "02.2026"}
YEAR_BEFORE = {"first_day": "06.01.2025", "last_day": "31.01.2025", "sheet_month": "01.2025"}
LEG = "modern_leg_prosthesis"


def act(service: str, hours: str, period: Answers = JANUARY) -> Answers:
    row = {"service": service, "hours": hours, "price": "1000"}
    days = dict.fromkeys(("sheet_date", "submitted_on"), period["last_day"])
    return {**period, **days, "sheet": service, "services": [row]}


def escorted(day: str, *hours: str) -> Answers:
    """A sheet of one day, signed on it."""
    return sheet(day, hours, {"places": "Үлгі"})


def signed(day: str, *hours: str) -> Answers:
    """The same, of a specialist in sign language."""
    return sheet(day, hours, {"mode": "online"})


def sheet(day: str, hours: Sequence[str], more: Answers) -> Answers:
    rows = [{"date": day, "hours": time, **more} for time in hours]
    return {"month": day[3:], "visits": rows, "signed_on": day}


def trip(place: str, day: str, *whom: str) -> Answers:
    """One trip of an order form."""
    names = {"way": "one_way", "sum": "1000", "on": day, "for": list(whom)}
    return {f"{place}_trip_{name}": value for name, value in names.items()}


NO_TRIPS = {f"{place}_trip_{name}": "" for place in ("first", "second") for name in ("sum", "on")}
BOTH_TRIPS = {
    **trip("first", "02.02.2026", "recipient", "escort"),
    **trip("second", "03.02.2026", "recipient"),
}
BANDAGE = {"device": "1.7", "item_class": "bandage", "covers": ""}

CASES = {
    "assistant_hours_of_month": (
        "assistance-08", act("assistant", "100"), "assistance-08",
        act("assistant", "148"), act("assistant", "148,01"),
    ),
    "assistant_hours_of_month of another month": (
        "assistance-08", act("assistant", "150"), "assistance-08",
        act("assistant", "150", FEBRUARY), act("assistant", "150"),
    ),
    "sign_language_hours": (
        "assistance-08", act("sign_language", "50"), "assistance-08",
        act("sign_language", "10", FEBRUARY), act("sign_language", "10,01", FEBRUARY),
    ),
    "sign_language_hours of another year": (
        "assistance-08", act("sign_language", "50"), "assistance-08",
        act("sign_language", "11", YEAR_BEFORE), act("sign_language", "11"),
    ),
    "hours_of_issued_sheets": (
        "assistance-09", escorted("05.01.2026", "6"), "assistance-08",
        act("assistant", "6"), act("assistant", "6,01"),
    ),
    "hours_of_issued_sheets of sign language": (
        "assistance-10", signed("05.01.2026", "6"), "assistance-08",
        act("assistant", "6,01"), act("sign_language", "6,01"),
    ),
    "hours_of_issued_sheets of another month": (
        "assistance-09", escorted("05.01.2026", "6"), "assistance-08",
        act("assistant", "7", FEBRUARY), act("assistant", "7"),
    ),
    "hours_of_issued_sheets of another year": (
        "assistance-10", signed("05.01.2026", "6"), "assistance-08",
        act("sign_language", "7", YEAR_BEFORE), act("sign_language", "7"),
    ),
    "eight_hours_in_all_sheets": (
        "assistance-09", escorted("05.01.2026", "2", "3"), "assistance-09",
        escorted("05.01.2026", "3"), escorted("05.01.2026", "3,01"),
    ),
    "eight_hours_in_all_sheets of another day": (
        "assistance-09", escorted("05.01.2026", "8"), "assistance-09",
        escorted("06.01.2026", "8"), escorted("05.01.2026", "1"),
    ),
    "sixty_hours_a_year": (
        "assistance-10", signed("05.01.2026", *["8"] * 7), "assistance-10",
        signed("05.02.2026", "4"), signed("05.02.2026", "4,01"),
    ),
    "sixty_hours_a_year of another year": (
        "assistance-10", signed("05.01.2026", *["8"] * 7), "assistance-10",
        signed("06.01.2025", "8"), signed("06.01.2026", "8"),
    ),
    "examined_lately": (
        "mse-17", {"protocol_date": "05.03.2026", "entries": {}}, "mse-01",
        {"application_date": "06.05.2026"}, {"application_date": "05.05.2026"},
    ),
    "examined_lately in the next journal": (
        "mse-17", {"protocol_date": "05.03.2026", "entries": {}}, "mse-17",
        {"protocol_date": "06.05.2026"}, {"protocol_date": "05.05.2026"},
    ),
    "replacement_term_passed": (
        "prosthetics-08", {"device": LEG, "received_on": "05.01.2026"}, "prosthetics-08",
        {"device": LEG, "filled_on": "05.01.2029"}, {"device": LEG, "filled_on": "04.01.2029"},
    ),
    "replacement_term_passed of another device": (
        "prosthetics-08", {"device": LEG}, "prosthetics-08", {"device": "1.13"}, {"device": LEG},
    ),
    "covers_a_year": (
        "prosthetics-08", {"covers": "2"}, "prosthetics-08", {"covers": "1"}, {"covers": "2"},
    ),
    "footwear_a_year": (
        "prosthetics-08", {"footwear_pairs": "1"}, "prosthetics-08",
        {"footwear_pairs": "1", "filled_on": "02.01.2025"}, {"footwear_pairs": "1"},
    ),
    "first_trip_of_two": (
        "prosthetics-08", BOTH_TRIPS, "prosthetics-08",
        trip("first", "02.02.2025", "recipient"), trip("first", "05.03.2026", "recipient"),
    ),
    "second_trip_of_two": (
        "prosthetics-08", BOTH_TRIPS, "prosthetics-08",
        trip("second", "02.02.2027", "recipient"), trip("second", "05.03.2026", "recipient"),
    ),
    "first_escort_trip": (
        "prosthetics-08", BOTH_TRIPS, "prosthetics-08",
        trip("first", "02.02.2025", "escort"), trip("first", "05.03.2026", "escort"),
    ),
    "first_escort_trip after a second": (
        "prosthetics-08",
        {**trip("first", "02.02.2026", "recipient"), **trip("second", "03.02.2026", "escort")},
        "prosthetics-08", trip("first", "05.03.2025", "escort"),
        trip("first", "05.03.2026", "escort"),
    ),
    "second_trip_of_two of which one was earlier": (
        "prosthetics-08",
        {**trip("first", "02.02.2026", "escort"), **trip("second", "03.02.2026", "recipient")},
        "prosthetics-08",
        {**trip("first", "03.03.2026", "escort"), **trip("second", "05.03.2026", "recipient")},
        {**trip("first", "03.03.2026", "recipient"), **trip("second", "05.03.2026", "recipient")},
    ),
    "second_escort_trip": (
        "prosthetics-08", BOTH_TRIPS, "prosthetics-08",
        trip("second", "02.02.2027", "escort"), trip("second", "05.03.2026", "escort"),
    ),
    "one_trip_for_bandages": (
        "prosthetics-08", {**BANDAGE, **NO_TRIPS, **trip("first", "02.02.2026", "recipient")},
        "prosthetics-08", {**BANDAGE, **trip("first", "02.02.2025", "recipient")},
        {**BANDAGE, **trip("first", "05.03.2026", "recipient")},
    ),
    "travel_paid_once": (
        "prosthetics-08", BOTH_TRIPS, "prosthetics-08",
        {"filled_on": "05.01.2026"}, {"filled_on": "02.01.2026"},
    ),
    "issued_term_passed": (
        "prosthetics-08", {"device": LEG, "received_on": "05.01.2026"}, "prosthetics-09",
        {"items": {"made_on": "05.01.2029"}}, {"items": {"made_on": "04.01.2029"}},
    ),
    "previous_is_told": (
        "prosthetics-08", {"device": LEG}, "prosthetics-09",
        {"items": {"device": "1.13", "previous_made_on": ""}},
        {"items": {"device": LEG, "previous_made_on": ""}},
    ),
    "two_trips_a_year": (
        "prosthetics-10", {}, "prosthetics-10", {"last_day": "02.01.2027"}, {},
    ),
    "one_escort_trip": (
        "prosthetics-10", {"first_trip_for": ["escort"]}, "prosthetics-10",
        {"second_trip_for": ["recipient"]}, {"second_trip_for": ["escort"]},
    ),
    "first_is_first": (
        "prosthetics-08", {"issued_on": "05.01.2026", "received_on": "05.01.2026"},
        "prosthetics-11", {"prosthetics_kind": "primary", "admitted_on": "05.01.2026"},
        {"prosthetics_kind": "primary", "admitted_on": "06.01.2026"},
    ),
    "previous_is_known": (
        "prosthetics-08", {"issued_on": "05.01.2026", "received_on": "05.01.2026"},
        "prosthetics-11", {"admitted_on": "06.01.2026", "previous_on": "05.01.2026"},
        {"admitted_on": "06.01.2026", "previous_on": "04.01.2026"},
    ),
    "replacement_term_passed of a hearing aid": (
        "prosthetics-13", {"services": {"ear": "right"}}, "prosthetics-13",
        {"services": {"ear": "right", "served_on": "02.01.2030"}},
        {"services": {"ear": "right", "served_on": "01.01.2030"}},
    ),
    "replacement_term_passed of the other ear": (
        "prosthetics-13", {"services": {"ear": "right"}}, "prosthetics-13",
        {"services": {"ear": "left"}}, {"services": {"ear": "right"}},
    ),
    "replacement_term_passed of a processor": (
        "prosthetics-14", {"services": {}}, "prosthetics-14",
        {"services": {"served_on": "02.01.2031"}}, {"services": {"served_on": "01.01.2031"}},
    ),
    "once_a_year": (
        "sanatorium-07", {"arrival": "12.01.2026"}, "sanatorium-07",
        {"arrival": "12.01.2027"}, {"arrival": "12.12.2026"},
    ),
}  # fmt: skip
"""By rule: a form as issued, the form that is asked, what it is quiet of, what it speaks of."""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    with opened(settings_in(tmp_path_factory.mktemp("home"))) as workshop:
        yield workshop


@pytest.mark.parametrize("name", CASES)
def test_an_issued_document_is_found(office: Workshop, name: str) -> None:
    issued, answered, asked, holds, breaks = CASES[name]
    iin = person([*CASES].index(name))
    first = office.forms[issued].latest
    issue_sample(office, issued, **about(first, iin, answered))
    code = f"rule-{name.split(maxsplit=1)[0]}"
    assert code not in spoken(office, asked, iin, holds)
    assert code in spoken(office, asked, iin, breaks)
    assert code not in spoken(office, asked, person(len(CASES)), breaks)


def person(number: int) -> str:
    """A made-up person of this case alone."""
    some = (
        f"800101{place:05}{last}" for place in range(100 * number, 10_000) for last in range(10)
    )
    return next(filter(is_check_digit_right, some))


def about(edition: Edition, iin: str, changes: Answers) -> dict[str, Any]:
    """Changes about this person; a row of a journal is the sample's first with changes."""
    raw: dict[str, Any] = dict(changes)
    sample = sample_answers(edition, Language.KK, NOW.date())
    if "iin" in edition.items:
        raw["iin"] = iin
    for table in edition.items.values():
        if isinstance(table, TableSpec) and "iin" in table.names:
            raw[table.id] = [{**sample[table.id][0], "iin": iin, **raw.get(table.id, {})}]
    return raw


def spoken(office: Workshop, form_id: str, iin: str, changes: Answers) -> set[str]:
    """The rules that speak, with no warning let stand."""
    edition, today = office.forms[form_id].latest, NOW.astimezone(office.zone).date()
    raw = {**sample_answers(edition, Language.KK, today), **about(edition, iin, changes)}
    reading = judge(office, edition, {**raw, "overrides": {}}, today=today).reading
    return {found.code for found in (*reading.refusals, *reading.warnings)}
