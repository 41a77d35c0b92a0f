"""Reads the questions of an edition: sections, fields, tables, blocks put where they are used.

Used by :mod:`forms_server.specs.reading` and :mod:`forms_server.specs.names` alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from lxml import etree

from forms_server.errors import SpecificationError
from forms_server.specs.expressions import Expression, ExpressionError, parse
from forms_server.specs.files import (
    child_text,
    error_at,
    file_of,
    line_of,
    optional_integer,
    optional_text,
    tag,
    text_of,
)
from forms_server.specs.model import (
    FieldSpec,
    Limits,
    Mark,
    Option,
    Reference,
    Rows,
    RowSpec,
    SectionSpec,
    TableSpec,
)
from forms_server.specs.shelf import Shelf, read_options

ITEMS = ("field", "table")
COLUMNS = ("column",)


class ItemReader:
    """Reads what is asked; keeps the path of the form for the errors."""

    def __init__(self, path: Path, shelf: Shelf) -> None:
        self.path = path
        self.shelf = shelf

    def sections(self, element: etree._Element) -> Iterator[SectionSpec]:
        """The sections of an edition."""
        for section in element.iterfind(tag("section")):
            yield SectionSpec(
                id=section.get("id", ""),
                title=child_text(section, "title"),
                items=tuple(
                    self._table(item) if item.tag == tag("table") else self._field(item)
                    for item in self.items(section)
                ),
            )

    def items(self, section: etree._Element) -> Iterator[etree._Element]:
        """The fields and tables of a section, with those of the blocks that it uses."""
        return self._inside(section, ITEMS)

    def columns(self, table: etree._Element) -> Iterator[etree._Element]:
        """The columns of a table, with those of the blocks that it uses."""
        return self._inside(table, COLUMNS)

    def _inside(
        self, parent: etree._Element, names: Sequence[str], used: tuple[str, ...] = ()
    ) -> Iterator[etree._Element]:
        tags = [tag(name) for name in names]
        for item in parent.iterchildren(*(tag(name) for name in (*ITEMS, *COLUMNS, "use"))):
            if item.tag == tag("use"):
                yield from self._used(item, names, used)
            elif item.tag in tags:
                yield item
            else:
                raise self.error("spec-block-kind", item, wanted=", ".join(names))

    def _used(
        self, use: etree._Element, names: Sequence[str], used: tuple[str, ...]
    ) -> Iterator[etree._Element]:
        name = use.get("block", "")
        block = self.shelf.blocks.get(name)
        if block is None or name in used:
            raise self.error("spec-unknown-block", use, block=name)
        return self._inside(block, names, (*used, name))

    def _field(self, element: etree._Element) -> FieldSpec:
        spec = self._described(element)
        wrong = self.shelf.types[spec.type].wrong_attribute(spec)
        if wrong is not None:
            raise self.error("spec-attribute", element, attribute=wrong, type=spec.type)
        return spec

    def _described(self, element: etree._Element) -> FieldSpec:
        type_name = self._type(element)
        type_, reference = self.shelf.types[type_name], self._field_reference(element)
        figures = reference.figure_names if reference and type_.has_figures else ()
        return FieldSpec(
            id=element.get("id", ""),
            type=type_name,
            part_names=(*type_.rule_names, *figures),
            label=child_text(element, "label"),
            hint=optional_text(element, "hint"),
            required=element.get("required") == "yes",
            means=element.get("means"),
            default=element.get("default"),
            sample=element.get("sample"),
            options=self._field_options(element),
            reference=reference,
            case=element.get("case"),
            mark=Mark(element.get("mark", "underline")),
            limits=Limits(
                minimum=element.get("minimum"),
                maximum=element.get("maximum"),
                length=optional_integer(element.get("length")),
            ),
            shown_if=self.expression(element, "shown-if"),
            required_if=self.expression(element, "required-if"),
            computed=self.expression(element, "computed"),
            printed=element.get("printed") != "no",
            source=element.get("source"),
            line=line_of(element),
        )

    def _type(self, element: etree._Element) -> str:
        name = element.get("type", "")
        if name not in self.shelf.types:
            known = ", ".join(sorted(self.shelf.types))
            raise self.error("spec-unknown-type", element, type=name, known=known)
        return name

    def _field_options(self, element: etree._Element) -> tuple[Option, ...]:
        """The options of a shared list, then the field's own."""
        shared = element.get("options")
        if shared is None:
            return read_options(element)
        if shared not in self.shelf.options:
            raise self.error("spec-unknown-options", element, options=shared)
        return (*self.shelf.options[shared], *read_options(element))

    def _field_reference(self, element: etree._Element) -> Reference | None:
        name = element.get("reference")
        if name is None:
            return None
        if name not in self.shelf.references:
            raise self.error("spec-unknown-reference", element, reference=name)
        return self.shelf.references[name]

    def _table(self, element: etree._Element) -> TableSpec:
        return TableSpec(
            id=element.get("id", ""),
            label=child_text(element, "label"),
            rows_are=Rows(element.get("rows", "")),
            columns=tuple(self._field(item) for item in self.columns(element)),
            rows=tuple(_row(item) for item in element.iterfind(tag("row"))),
            row_label=optional_text(element, "row-label"),
            hint=optional_text(element, "hint"),
            minimum=int(element.get("minimum", "0")),
            maximum=int(element.get("maximum", "100")),
            blank_rows=int(element.get("blank-rows", "3")),
            shown_if=self.expression(element, "shown-if"),
            means=element.get("means"),
            source=element.get("source"),
            line=line_of(element),
        )

    def expression(self, element: etree._Element, attribute: str) -> Expression | None:
        """The expression in an attribute, if the attribute is there."""
        text = element.get(attribute)
        if text is None:
            return None
        try:
            return parse(text)
        except ExpressionError as error:
            raise self.error(
                "spec-expression", element, attribute=attribute, part=str(error)
            ) from error

    def error(self, code: str, element: etree._Element, **values: object) -> SpecificationError:
        """A refusal that names the file and the line of an element."""
        path = file_of(element, self.path, self.shelf.common)
        return error_at(code, path, element, **values)


def _row(element: etree._Element) -> RowSpec:
    return RowSpec(
        id=element.get("id", ""),
        number=element.get("number", ""),
        text=text_of(element),
        heading=element.get("heading") == "yes",
        source=element.get("source"),
    )
