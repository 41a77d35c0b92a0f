"""``docs/rules.md`` names every rule of every form, and nothing that does not exist."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from lxml import etree

from forms_server.fields.registry import TYPES
from forms_server.specs.model import Edition, TableSpec
from forms_server.specs.reading import read_forms
from tests.judges import ROOT

PAGE = (ROOT / "docs" / "rules.md").read_text("utf-8")
NAMED = re.findall(r"`([a-z0-9-]+\.[a-z0-9_]+)`", PAGE)
EDITIONS = [edition for form in read_forms(ROOT, TYPES).values() for edition in form.editions]
RULES = sorted({f"{edition.form_id}.{rule.id}" for edition in EDITIONS for rule in edition.rules})


def names(edition: Edition) -> Iterator[str]:
    """Rules, fields, tables and columns of an edition."""
    yield from (rule.id for rule in edition.rules)
    yield from edition.items
    for item in edition.items.values():
        if isinstance(item, TableSpec):
            yield from (column.id for column in item.columns)


def figures() -> Iterator[str]:
    """Figures of the lists: ``devices.years``."""
    for path in (ROOT / "form_specs" / "reference").glob("*.xml"):
        for figure in etree.parse(path).iter("{*}figure"):
            yield f"{path.stem}.{figure.get('name')}"


KNOWN = {*(f"{edition.form_id}.{name}" for edition in EDITIONS for name in names(edition))}
KNOWN |= {*figures()}


@pytest.mark.parametrize("name", sorted(set(NAMED)))
def test_what_the_page_names_exists(name: str) -> None:
    assert name in KNOWN


@pytest.mark.parametrize("name", RULES)
def test_every_rule_is_on_the_page(name: str) -> None:
    assert name in NAMED, "name it beside its rule of the order, or under “Plain sense”"


def test_every_row_says_where_it_stands() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert len(cells) == 3, row
        assert all(cells), row
