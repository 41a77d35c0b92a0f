"""Every rule of every form, on both sides of its limit; each is named by its lines in the order."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from forms_server.fields.answers import read_answers
from forms_server.fields.registry import TYPES
from forms_server.fields.values import Reading
from forms_server.specs.model import Edition, Rule
from forms_server.specs.reading import read_forms
from tests.fields.rule_samples import RuleSample, files, read_samples, sample_file
from tests.judges import ROOT

EDITIONS = [edition for form in read_forms(ROOT, TYPES).values() for edition in form.editions]
RULES = [
    pytest.param(edition, rule, id=f"{edition.key}-{rule.id}-lines-{rule.source}")
    for edition in EDITIONS
    for rule in edition.rules
]
SAMPLES = {edition.key: read_samples(edition) for edition in EDITIONS}

every_rule = pytest.mark.parametrize(("edition", "rule"), RULES)


@every_rule
def test_it_names_its_source(edition: Edition, rule: Rule) -> None:
    assert rule.source, f"{edition.key}: rule {rule.id} does not say where the order has it"


@every_rule
def test_it_is_quiet_inside_its_limit(edition: Edition, rule: Rule) -> None:
    assert not any(spoken(edition, rule, "holds"))


@every_rule
def test_it_speaks_outside_its_limit(edition: Edition, rule: Rule) -> None:
    for paths in spoken(edition, rule, "breaks"):
        assert paths
        assert all(rule.field in path.split("-") for path in paths), paths


def test_every_sample_has_its_rule() -> None:
    known = {sample_file(edition).name: edition for edition in EDITIONS}
    for path in files():
        assert path.name in known, f"{path.name} belongs to no edition"
        rules = {rule.id for rule in known[path.name].rules}
        assert {*SAMPLES[known[path.name].key]} <= rules, path.name


def spoken(edition: Edition, rule: Rule, side: str) -> list[list[str]]:
    """Where the rule speaks on this side of each of its samples."""
    samples = SAMPLES[edition.key].get(rule.id)
    assert samples, f"{sample_file(edition).name} has no sample of {rule.id}"
    return [paths_of(rule, read(edition, sample, side)) for sample in samples]


def paths_of(rule: Rule, reading: Reading) -> list[str]:
    code = f"rule-{rule.id}"
    return [item.path for item in (*reading.refusals, *reading.warnings) if item.code == code]


def read(edition: Edition, sample: RuleSample, side: str) -> Reading:
    return read_answers(
        edition, sample.raw(edition, side), sample.today, earlier=look_up(edition, sample, side)
    )


def look_up(edition: Edition, sample: RuleSample, side: str) -> Callable[..., Any]:
    """Gives what the sample says was found, read as the rule's own kind of value."""
    found = sample.earlier.get(side, {})
    return lambda spec, scope: found_value(found.get(spec.id))


def found_value(raw: Any) -> Any:
    """TOML has numbers and days of its own; decimals are given as text."""
    return Decimal(raw) if isinstance(raw, str) else raw
