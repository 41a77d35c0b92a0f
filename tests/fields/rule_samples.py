"""Samples of rules, from tests/samples/rules: answers just inside and just outside each limit.

A file is named ``FORM.EDITION.toml`` and has a table for each rule of that edition; its changes are
made to the answers of ``forms-server sample``: ``"visits.0.hours" = "8"`` names a field, a part, or
the cell of a row by place or id; ``""`` empties an answer. A rule of several limits has several
tables of its name: ``[[two_trips_a_year]]``.
"""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from forms_server.fields.base import Raw
from forms_server.fields.values import OVERRIDES
from forms_server.languages import Language
from forms_server.services.samples import sample_answers
from forms_server.specs.model import Edition
from tests.judges import ROOT

FOLDER = ROOT / "tests" / "samples" / "rules"
TODAY = date(2026, 11, 20)
"""A Friday; a sample may say another day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSample:
    """One limit of a rule on both sides: changes of the answers, what look-ups give, the day."""

    holds: Mapping[str, Raw]
    breaks: Mapping[str, Raw]
    answers: Mapping[str, Raw] = field(default_factory=dict)
    earlier: Mapping[str, Mapping[str, Raw]] = field(default_factory=dict)
    today: date = TODAY

    def raw(self, edition: Edition, side: str) -> dict[str, Raw]:
        """The sample's answers with the changes of one side, ``holds`` or ``breaks``."""
        raw = copy.deepcopy(sample_answers(edition, Language.RU, self.today))
        raw.pop(OVERRIDES, None)
        for path, value in {**self.answers, **getattr(self, side)}.items():
            _put(raw, path.split("."), copy.deepcopy(value))
        return raw


def sample_file(edition: Edition) -> Path:
    return FOLDER / f"{edition.form_id}.{edition.id}.toml"


def read_samples(edition: Edition) -> Mapping[str, Sequence[RuleSample]]:
    """The samples of an edition by rule; none if it has no file."""
    path = sample_file(edition)
    if not path.is_file():
        return {}
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return {
        rule_id: [_sample(table) for table in (found if isinstance(found, list) else [found])]
        for rule_id, found in tables.items()
    }


def _sample(table: Mapping[str, Any]) -> RuleSample:
    known = dict(table)
    if "today" in known:
        known["today"] = date.fromisoformat(str(known["today"]))
    return RuleSample(**known)


def _put(raw: Any, path: list[str], value: Raw) -> None:
    """Put a value where the path leads; missing mappings are made, rows are not."""
    *way, last = path
    for name in way:
        raw = _step(raw, name)
    raw[int(last) if isinstance(raw, list) else last] = value


def _step(raw: Any, name: str) -> Any:
    if isinstance(raw, list):
        return raw[int(name)]
    if not raw.get(name):
        raw[name] = {}
    return raw[name]


def files() -> Iterator[Path]:
    return FOLDER.glob("*.toml")
