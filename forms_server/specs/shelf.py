"""The shelf that forms draw on: shared blocks and options, references, known field types.

Used by :mod:`forms_server.specs.reading` alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import ClassVar, Protocol

from lxml import etree

from forms_server.languages import BilingualText
from forms_server.specs.calendars import CALENDAR, read_working_days
from forms_server.specs.files import child_text, error_at, file_of, line_of, read_file, tag, text_of
from forms_server.specs.model import FieldSpec, Option, Reference, ReferenceItem
from forms_server.specs.working_days import UNKNOWN, WorkingDays


class KnownType(Protocol):
    """What reading must know of a field type."""

    rule_names: ClassVar[tuple[str, ...]]
    has_figures: ClassVar[bool]

    def wrong_attribute(self, spec: FieldSpec) -> str | None:
        """The attribute of the field that the type cannot work with."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the forms draw on: shared blocks, shared options, references, known field types."""

    common: Path
    blocks: Mapping[str, etree._Element]
    options: Mapping[str, tuple[Option, ...]]
    rules: Mapping[str, BilingualText]
    references: Mapping[str, Reference]
    working_days: WorkingDays
    types: Mapping[str, KnownType]
    templates: Path


def read_shelf(root: Path, grammar: etree.RelaxNG, types: Mapping[str, KnownType]) -> Shelf:
    """What stands in ``common.xml`` and ``reference/``."""
    folder = root / "form_specs"
    path = folder / "common.xml"
    common = read_file(path, grammar)
    for name in ("block", "options", "rules"):
        check_unique(path, common.iterchildren(tag(name)))
    for options in common.iterchildren(tag("options")):
        check_unique(path, options.iterchildren(tag("option")))
    listed = {found: read_file(found, grammar) for found in sorted(folder.glob("reference/*.xml"))}
    return Shelf(
        common=path,
        blocks={block.get("id", ""): block for block in common.iterfind(tag("block"))},
        options={
            options.get("id", ""): read_options(options)
            for options in common.iterfind(tag("options"))
        },
        rules={rules.get("id", ""): text_of(rules) for rules in common.iterfind(tag("rules"))},
        references=_references(listed),
        working_days=_working_days(listed),
        types=types,
        templates=root / "templates",
    )


def _working_days(listed: Mapping[Path, etree._Element]) -> WorkingDays:
    """The table of working days, which says nothing where there is no calendar."""
    calendars = [(path, root) for path, root in listed.items() if root.tag == CALENDAR]
    for path, root in calendars[1:]:
        raise error_at("spec-reference-twice", path, root, id=root.get("id"))
    return read_working_days(*calendars[0]) if calendars else UNKNOWN


def _references(listed: Mapping[Path, etree._Element]) -> Mapping[str, Reference]:
    references: dict[str, Reference] = {}
    for path, root in listed.items():
        if root.tag == CALENDAR:
            continue
        reference = _reference(path, root)
        if reference.id in references:
            raise error_at("spec-reference-twice", path, root, id=reference.id)
        references[reference.id] = reference
    return references


def _reference(path: Path, root: etree._Element) -> Reference:
    check_unique(path, root.iterchildren(tag("item")))
    items = tuple(
        ReferenceItem(
            id=item.get("id", ""),
            text=text_of(item),
            cases={case.get("name", ""): text_of(case) for case in item.iterfind(tag("case"))},
            figures=_figures(path, item),
        )
        for item in root.iterfind(tag("item"))
    )
    return Reference(id=root.get("id", ""), title=child_text(root, "title"), items=items)


def _figures(path: Path, item: etree._Element) -> Mapping[str, Decimal]:
    figures: dict[str, Decimal] = {}
    for figure in item.iterfind(tag("figure")):
        name = figure.get("name", "")
        if name in figures:
            first = line_of(item)
            raise error_at("spec-id-twice", path, figure, id=name, first=first)
        figures[name] = Decimal((figure.text or "").strip())
    return figures


def read_options(parent: etree._Element) -> tuple[Option, ...]:
    return tuple(
        Option(id=option.get("id", ""), text=text_of(option))
        for option in parent.iterfind(tag("option"))
    )


def check_unique(
    path: Path, elements: Iterable[etree._Element], *, common: Path | None = None
) -> None:
    lines: dict[str, int] = {}
    for element in elements:
        name = element.get("id", "")
        if name in lines:
            where = file_of(element, path, common or path)
            raise error_at("spec-id-twice", where, element, id=name, first=lines[name])
        lines[name] = line_of(element)
