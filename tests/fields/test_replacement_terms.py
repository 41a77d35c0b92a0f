"""The term after which a device of order 61 is replaced, by device and category of the person."""

from __future__ import annotations

import pytest

from forms_server.fields.answers import read_answers
from forms_server.fields.registry import TYPES
from forms_server.languages import Language
from forms_server.services.samples import sample_answers
from forms_server.specs.reading import read_forms
from tests.fields.rule_samples import TODAY
from tests.judges import ROOT

EDITION = read_forms(ROOT, TYPES)["prosthetics-02"].editions[0]


@pytest.mark.parametrize(
    ("device", "category", "two_before", "years"),
    [
        ("1.1", "first", None, 2),
        ("1.3a", "child", None, 1),
        ("modern_leg_prosthesis", "first", None, 3),
        ("modern_leg_prosthesis", "child", None, 2),
        ("modern_leg_prosthesis", "", None, 3),
        ("modern_arm_prosthesis", "child", "true", 4),
        ("splint_leather_prosthesis", "third", "true", 2),
        ("splint_leather_prosthesis", "third", "false", 1),
        ("electronic_knee", "veteran", None, 5),
        ("2.1", "second", None, 4),
        ("2.1", "veteran", None, 3),
        ("3.5", "first", None, 2),
        ("4.11", "first", None, 4),
        ("3.13", "first", None, None),
        ("4.3", "child", None, None),
    ],
)
def test_the_term_follows_device_and_category(
    device: str, category: str, two_before: str | None, years: int | None
) -> None:
    raw = sample_answers(EDITION, Language.KK, TODAY)
    row = {"device": device, "two_before": two_before}
    answers = read_answers(EDITION, {**raw, "category": category, "measures": [row]}, TODAY).answers
    assert answers.value("measures")[0].get("term") == years
