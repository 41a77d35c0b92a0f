"""Order 61, from the application to its answer: what is carried, what is looked back at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from forms_server.languages import Language
from forms_server.services.earlier import judge
from forms_server.services.issuing import issue
from forms_server.services.prefill import carry, open_source
from forms_server.services.samples import sample_answers
from forms_server.services.workshop import Workshop
from forms_server.storage.records import DocumentRecord
from tests.workshop import NOW, actor_in, opened, settings_in

IIN = "990101000024"
ANOTHER = "990101000212"
PERSON = {"surname": "Үлгіев", "given_name": "Үлгі", "patronymic": "Үлгіұлы"}
ANSWERED = [
    ("assistance-02", "assistance-05"),
    ("sanatorium-02", "sanatorium-05"),
    ("prosthetics-02", "prosthetics-05"),
    ("wheelchairs-01", "wheelchairs-05"),
]
REFUSED = [
    ("assistance-02", "assistance-04"),
    ("sanatorium-02", "sanatorium-04"),
    ("prosthetics-02", "prosthetics-04"),
    ("wheelchairs-01", "wheelchairs-03"),
]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    home: Path = tmp_path_factory.mktemp("home")
    with opened(settings_in(home)) as workshop:
        yield workshop


def today_of(office: Workshop) -> date:
    return NOW.astimezone(office.zone).date()


def filled(office: Workshop, form_id: str, **more: Any) -> dict[str, Any]:
    """The sample's raw answers with other ones."""
    edition = office.forms[form_id].latest
    return {**sample_answers(edition, Language.KK, today_of(office)), **more}


def issued(office: Workshop, form_id: str, **more: Any) -> DocumentRecord:
    """A document of the sample's answers, issued by the clerk."""
    edition = office.forms[form_id].latest
    raw = filled(office, form_id, **more)
    reading = judge(office, edition, raw, today=today_of(office)).reading
    assert reading.is_right, reading.refusals + reading.warnings
    clerk = actor_in(office, "clerk")
    return issue(office, edition, reading.answers, output="kk", actor=clerk, now=NOW)


def carried(office: Workshop, number: str, form_id: str) -> Mapping[str, Any]:
    clerk = actor_in(office, "clerk")
    source = open_source(office, number, actor=clerk)
    return carry(source, office.forms[form_id].latest, actor=clerk)


def spoken(office: Workshop, form_id: str, **more: Any) -> set[str]:
    """The rules that speak where no warning is let stand."""
    raw = filled(office, form_id, **more, overrides={})
    reading = judge(office, office.forms[form_id].latest, raw, today=today_of(office)).reading
    return {found.code for found in (*reading.refusals, *reading.warnings)}


@pytest.mark.parametrize(("application", "notification"), ANSWERED)
def test_an_application_becomes_its_notification(
    office: Workshop, application: str, notification: str
) -> None:
    record = issued(office, application, person=PERSON)
    found = carried(office, record.number, notification)
    assert found["person"] == PERSON
    assert found["application_number"] == record.number
    assert found["application_date"] == today_of(office).isoformat()
    same = {"iin", "identity", "address", "services", "category", "group"} & {*record.answers}
    assert {name: found.get(name) for name in same} == {name: record.answers[name] for name in same}


@pytest.mark.parametrize(("application", "notification"), ANSWERED[2:])
def test_what_is_asked_for_is_what_is_granted(
    office: Workshop, application: str, notification: str
) -> None:
    record = issued(office, application)
    asked: Any = record.answers["measures"]
    granted = carried(office, record.number, notification)["measures"]
    assert [row["device"] for row in granted] == [row["device"] for row in asked]


@pytest.mark.parametrize(("application", "receipt"), REFUSED)
def test_an_application_becomes_its_refusal(
    office: Workshop, application: str, receipt: str
) -> None:
    record = issued(office, application, person=PERSON)
    found = carried(office, record.number, receipt)
    assert (found["recipient"], found["iin"]) == (PERSON, record.answers["iin"])
    assert found["application_number"] == record.number
    assert "missing" not in found


def test_a_device_is_not_granted_again_before_its_term(office: Workshop) -> None:
    cane, player = [{"device": "3.1"}], [{"device": "3.8"}]
    assert spoken(office, "prosthetics-05", iin=IIN, measures=cane) == set()
    issued(office, "prosthetics-05", iin=IIN, measures=cane)
    again = spoken(office, "prosthetics-05", iin=IIN, measures=cane)
    assert again == {"rule-replacement_term"}
    assert spoken(office, "prosthetics-05", iin=IIN, measures=player) == set()


def test_a_year_has_its_quantity(office: Workshop) -> None:
    issued(office, "prosthetics-05", iin=IIN, measures=[{"device": "4.5", "quantity": "7"}])
    for quantity, rules in (("5", set()), ("6", {"rule-yearly_with_earlier"})):
        raw = {"iin": IIN, "measures": [{"device": "4.5", "quantity": quantity}]}
        assert spoken(office, "prosthetics-05", **raw) == rules


def test_a_wheelchair_of_the_same_kind_has_a_term(office: Workshop) -> None:
    issued(office, "wheelchairs-05", iin=IIN, measures=[{"device": "1_walking"}])
    for device, rules in (("2", {"rule-replacement_term"}), ("1_indoor", set())):
        raw = {"iin": IIN, "measures": [{"device": device}]}
        assert spoken(office, "wheelchairs-05", **raw) == rules


def test_a_universal_wheelchair_is_given_instead_of_a_pair(office: Workshop) -> None:
    issued(office, "wheelchairs-05", iin=ANOTHER, measures=[{"device": "3"}])
    for form_id in ("wheelchairs-01", "wheelchairs-05"):
        raw = {"iin": ANOTHER, "measures": [{"device": "1_indoor"}]}
        assert spoken(office, form_id, **raw) == {"rule-pair_or_universal"}
    same = {"iin": ANOTHER, "measures": [{"device": "4"}]}
    assert spoken(office, "wheelchairs-05", **same) == {"rule-replacement_term"}


def test_a_sanatorium_is_notified_of_once_a_year(office: Workshop) -> None:
    assert spoken(office, "sanatorium-05", iin=IIN) == set()
    issued(office, "sanatorium-05", iin=IIN)
    assert spoken(office, "sanatorium-05", iin=IIN) == {"rule-once_a_year"}
    last_year = today_of(office) - timedelta(days=366)
    dates = {"application_date": last_year.isoformat(), "notified_on": last_year.isoformat()}
    assert spoken(office, "sanatorium-05", iin=IIN, **dates) == set()
