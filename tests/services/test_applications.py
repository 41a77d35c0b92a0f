"""Applications of order 61 find what the person was given before, by whatever paper says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from forms_server.fields.base import Raw
from forms_server.languages import Language
from forms_server.services.earlier import judge
from forms_server.services.samples import sample_answers
from forms_server.services.workshop import Workshop
from tests.workshop import NOW, issue_sample, opened, settings_in

GIVEN = (
    "prosthetics-02", "prosthetics-05", "prosthetics-08", "prosthetics-13", "prosthetics-14",
    "sanatorium-05", "wheelchairs-05",
)  # fmt: skip
"""Each is issued to the sample's person: an active grip, a leg, a hearing aid, wheelchairs …"""

SOON_AFTER = {"application_date": "20.11.2026", "accepted_on": "20.11.2026"}
"""Some months after the days that samples name, whatever today is."""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    with opened(settings_in(tmp_path_factory.mktemp("home"))) as workshop:
        for form_id in GIVEN:
            issue_sample(workshop, form_id)
        yield workshop


def spoken(office: Workshop, form_id: str, answers: Mapping[str, Raw]) -> set[str]:
    """The rules that speak of the sample with these answers, without its reasons."""
    edition, today = office.forms[form_id].latest, NOW.astimezone(office.zone).date()
    raw = {**sample_answers(edition, Language.KK, today), **answers, "overrides": {}}
    reading = judge(office, edition, raw, today=today).reading
    return {found.code for found in (*reading.refusals, *reading.warnings)}


@pytest.mark.parametrize(
    ("form_id", "device", "rule"),
    [
        ("prosthetics-02", "1.13", "replacement_term"),
        ("prosthetics-02", "modern_leg_prosthesis", "replacement_term"),
        ("prosthetics-02", "2.1", "replacement_term"),
        ("prosthetics-02", "2.6", "replacement_term"),
        ("prosthetics-02", "4.2", None),
        ("prosthetics-02", "1.14", None),
        ("wheelchairs-01", "1_indoor", "replacement_term"),
        ("wheelchairs-01", "2", "replacement_term"),
        ("wheelchairs-01", "3", "pair_or_universal"),
    ],
)
def test_a_device_is_asked_for_before_its_term(
    office: Workshop, form_id: str, device: str, rule: str | None
) -> None:
    found = spoken(office, form_id, {"measures": [{"device": device}], **SOON_AFTER})
    assert found == ({f"rule-{rule}"} if rule else set())


def test_the_quantities_of_the_year_add_up(office: Workshop) -> None:
    first = [{"device": "4.3", "quantity": "700"}]
    measured = {"weight": "70", "hips": "100", "waist": "90"}
    issue_sample(office, "prosthetics-02", measures=first, **measured)
    for quantity, expected in (("30", set()), ("31", {"rule-yearly_with_earlier"})):
        rest = {"measures": [{"device": "4.3", "quantity": quantity}], **measured}
        assert spoken(office, "prosthetics-02", rest) == expected


def test_a_notification_of_this_year_is_found(office: Workshop) -> None:
    assert spoken(office, "sanatorium-02", {}) == {"rule-once_a_year"}
    assert spoken(office, "sanatorium-02", {"iin": "990101000024"}) == set()
