"""The rules of the refusal slip (mse-04) and of the social part (mse-12), with real answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import pytest

from forms_server.fields.answers import read_answers
from forms_server.fields.registry import TYPES
from forms_server.fields.values import Reading, Refusal
from forms_server.languages import Language
from forms_server.services.samples import sample_answers
from forms_server.specs.reading import read_forms
from tests.judges import ROOT

TODAY = date(2026, 11, 21)
MEASURE = {"row": "m3_1", "ends_on": "2027-02-01", "responsible": "Отдел"}

Ask = Callable[..., Reading]


@pytest.fixture(scope="module")
def ask() -> Ask:
    """Reads the sample answers of a form with some of them changed."""
    forms = read_forms(ROOT, TYPES)

    def _ask(form_id: str, **changes: Any) -> Reading:
        edition = forms[form_id].latest
        return read_answers(
            edition, {**sample_answers(edition, Language.RU, TODAY), **changes}, TODAY
        )

    return _ask


def named(refusals: Sequence[Refusal]) -> set[str]:
    return {f"{refusal.path} {refusal.code}" for refusal in refusals}


def measure(**changes: str) -> Sequence[Mapping[str, str]]:
    return [{**MEASURE, **changes}]


@pytest.mark.parametrize("form_id", ["mse-04", "mse-12"])
def test_sample_answers_are_right(ask: Ask, form_id: str) -> None:
    assert ask(form_id).is_right


def test_a_slip_names_its_reason(ask: Ask) -> None:
    assert named(ask("mse-04", reasons=[]).refusals) == {"reasons choice-missing"}


@pytest.mark.parametrize("reason", ["expired", "incomplete"])
def test_a_slip_for_want_of_documents_names_one(ask: Ask, reason: str) -> None:
    reading = ask("mse-04", reasons=[reason], missing=[])
    assert named(reading.refusals) == {"missing rule-document_named"}


def test_a_slip_for_the_wrong_place_names_no_document(ask: Ask) -> None:
    reading = ask("mse-04", reasons=["place"], missing=[{"document": "паспорт"}])
    assert reading.is_right
    assert reading.answers.value("missing") == ()


def test_disability_without_term_has_no_last_day(ask: Ask) -> None:
    reading = ask("mse-12", term="unlimited", term_ground="irreversible", until="2027-01-01")
    assert reading.is_right
    assert reading.answers.value("until") is None


def test_a_term_before_the_act_is_refused(ask: Ask) -> None:
    reading = ask("mse-12", act_date="2026-03-01", until="2026-02-01", programme_date="2026-03-02")
    assert "until rule-until_after_act" in named(reading.refusals)


def test_a_programme_before_its_act_is_a_warning(ask: Ask) -> None:
    reading = ask("mse-12", act_date="2026-03-01", until="2027-03-01", programme_date="2026-02-01")
    assert not reading.refusals
    assert "programme_date rule-programme_after_act" in named(reading.warnings)


def test_a_measure_ends_after_it_begins(ask: Ask) -> None:
    reading = ask("mse-12", measures=measure(begins_on="2027-02-02"))
    assert named(reading.refusals) == {"measures-0-ends_on rule-term_order"}


def test_a_done_measure_names_who_did_it(ask: Ask) -> None:
    reading = ask("mse-12", measures=measure(done_on="2026-05-05"))
    assert named(reading.refusals) == {"measures-0-executor answer-missing"}


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ("m4_3", {"hygiene_weight rule-hygiene_sizes"}),
        ("m5_2", {"chair_weight rule-chair_sizes"}),
        ("m4_5", set()),
    ],
)
def test_sizes_are_wanted_by_the_row_picked(ask: Ask, row: str, wanted: set[str]) -> None:
    reading = ask("mse-12", measures=measure(row=row), hygiene_hips="", chair_hips="")
    assert named(reading.warnings) == wanted


def test_no_result_stands_alone(ask: Ask) -> None:
    reading = ask("mse-12", result=["recovery", "none"])
    assert named(reading.refusals) == {"result rule-no_result_alone"}


def test_the_extract_takes_number_and_date_together(ask: Ask) -> None:
    assert ask("mse-12", extract_number="", extract_date="").is_right
    reading = ask("mse-12", extract_number="77", extract_date="")
    assert named(reading.refusals) == {"extract_date rule-extract_whole"}
