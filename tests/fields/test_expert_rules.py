"""The sheet of expert decisions (mse-16) and the checklist of the pilot, with real answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from forms_server.fields.answers import read_answers
from forms_server.fields.registry import TYPES
from forms_server.fields.values import Reading
from forms_server.languages import Language
from forms_server.services.samples import sample_answers
from forms_server.specs.model import FormSpec
from forms_server.specs.reading import read_forms
from tests.judges import ROOT

TODAY = date(2026, 11, 20)
DOCUMENT = {"issued_on": "02.03.2026", "issued_by": "Үлгі"}


@pytest.fixture(scope="module")
def forms() -> Mapping[str, FormSpec]:
    return read_forms(ROOT, TYPES)


def ask(form: FormSpec, **changes: Any) -> Reading:
    """Reads the sample answers of a form with some of them changed."""
    sample = sample_answers(form.latest, Language.RU, TODAY)
    return read_answers(form.latest, {**sample, **changes}, TODAY)


def codes(reading: Reading) -> set[str]:
    return {refusal.code for refusal in reading.refusals}


@pytest.mark.parametrize(
    ("sent", "more", "due"),
    [
        (("02.03.2026", "15:59"), {}, date(2026, 3, 4)),
        (("02.03.2026", "16:00"), {}, date(2026, 3, 4)),
        (("02.03.2026", "16:01"), {}, date(2026, 3, 5)),
        (("06.03.2026", "16:30"), {}, date(2026, 3, 12)),
        (("07.03.2026", "10:00"), {}, date(2026, 3, 12)),
        (("02.03.2026", "10:00"), {"conclusion": "in_person"}, date(2026, 3, 17)),
        (("02.03.2026", "17:00"), {"redistributed": "true"}, date(2026, 3, 17)),
    ],
)
def test_a_conclusion_has_its_last_day(
    forms: Mapping[str, FormSpec], sent: tuple[str, str], more: Mapping[str, str], due: date
) -> None:
    """8 March 2026 is a Sunday, so that Monday the 9th is free."""
    row = sample_answers(forms["mse-16"].latest, Language.RU, TODAY)["entries"][0]
    asked = {**row, "sent_on": sent[0], "sent_at": sent[1], **more}
    reading = ask(forms["mse-16"], entries=[asked])
    assert reading.answers.value("entries")[0]["due_on"] == due


def test_the_sheet_of_decisions_asks_nothing_about_the_person(
    forms: Mapping[str, FormSpec],
) -> None:
    table = forms["mse-16"].latest.items["entries"]
    meanings = {column.means or "" for column in table.columns}  # type: ignore[union-attr]
    kinds = {column.type for column in table.columns}  # type: ignore[union-attr]
    assert not [meaning for meaning in meanings if meaning.startswith("person.")]
    assert not kinds & {"iin", "person", "address", "phone", "e-mail", "identity-document"}


@pytest.mark.parametrize(
    ("code", "nosology"),
    [
        ("Q71.0", "limb"), ("Q71.3", "limb"), ("Q71.4", "none"), ("Q71", "none"), ("Q72.3", "limb"),
        ("Q73.0", "none"), ("S48", "limb"), ("S48.2", "none"), ("S68", "limb"), ("S68.4", "limb"),
        ("S98.3", "limb"), ("S98.4", "none"), ("Т05.9", "limb"), ("T06", "none"), ("Q90", "down"),
        ("Q90.9", "down"), ("Q90.3", "none"), ("E76", "storage"), ("E76.8", "storage"),
        ("E76.4", "none"), ("Z00.0", "none"),
    ],
)  # fmt: skip
def test_the_code_alone_decides_the_nosology(
    forms: Mapping[str, FormSpec], code: str, nosology: str
) -> None:
    reading = ask(forms["pilot-031e"], icd=code)
    assert reading.answers.value("nosology") == nosology
    assert ("rule-in_the_list" in codes(reading)) == (nosology == "none")


def test_everything_that_is_missing_is_named_at_once(forms: Mapping[str, FormSpec]) -> None:
    reading = ask(
        forms["pilot-031e"], icd="S88.1", subform="s20", surgical="false",
        limb_documents={"xray": DOCUMENT}, stump_state="", local_status="",
    )  # fmt: skip
    assert codes(reading) == {
        "rule-discharge_there", "rule-surgeon_there", "rule-radiologist_there",
        "rule-stump_described", "rule-status_described",
    }  # fmt: skip


def test_a_known_diagnosis_needs_no_karyotype(forms: Mapping[str, FormSpec]) -> None:
    there = dict.fromkeys(("neurologist", "psychiatrist", "consultation"), DOCUMENT)
    changes = {"icd": "Q90.0", "down_documents": there}
    assert ask(forms["pilot-031e"], diagnosing="false", **changes).is_right
    assert codes(ask(forms["pilot-031e"], diagnosing="true", **changes)) == {
        "rule-karyotype_there",
        "rule-geneticist_there",
    }


def test_extracts_are_never_missing(forms: Mapping[str, FormSpec]) -> None:
    assert ask(forms["pilot-031e"], storage_documents={"dna": DOCUMENT}).is_right
