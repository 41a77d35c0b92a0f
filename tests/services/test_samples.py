"""Samples: right answers of every form, edition and language."""

from __future__ import annotations

import json

import pytest

from forms_server.fields.answers import read_answers
from forms_server.fields.registry import TYPES
from forms_server.languages import Language
from forms_server.services.samples import sample_answers
from forms_server.specs.model import Edition
from forms_server.specs.reading import read_forms
from tests.judges import ROOT
from tests.workshop import NOW

EDITIONS = [edition for form in read_forms(ROOT, TYPES).values() for edition in form.editions]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("edition", EDITIONS, ids=lambda edition: edition.key)
def test_a_sample_is_right(edition: Edition, language: Language) -> None:
    sample = sample_answers(edition, language, NOW.date())
    reading = read_answers(edition, sample, NOW.date())
    assert reading.is_right, reading.refusals + reading.warnings
    assert json.loads(json.dumps(sample)) == sample, "it is JSON"
    assert sample == sample_answers(edition, language, NOW.date()), "the same every time"


@pytest.mark.parametrize("edition", EDITIONS, ids=lambda edition: edition.key)
def test_a_sample_answers_what_is_asked(edition: Edition) -> None:
    values = read_answers(
        edition, sample_answers(edition, Language.KK, NOW.date()), NOW.date()
    ).answers.values
    for item in edition.items.values():
        if item.shown_if is None and getattr(item, "sample", None) != "":
            assert values[item.id] not in (None, (), {}), item.id


@pytest.mark.parametrize("edition", EDITIONS, ids=lambda edition: edition.key)
def test_a_sample_names_nobody(edition: Edition) -> None:
    for spec in edition.fields():
        if spec.type == "person":
            surname = sample_answers(edition, Language.RU, NOW.date())[spec.id]["surname"]
            assert surname.startswith("Образц")
