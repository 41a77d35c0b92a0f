"""Checks the ids of an edition and every name that its expressions, rules and looks use.

Used by :mod:`forms_server.specs.reading` alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from lxml import etree

from forms_server.specs.earlier import EarlierSource, EarlierSpec
from forms_server.specs.expressions import PRESENT
from forms_server.specs.files import tag
from forms_server.specs.items import ItemReader
from forms_server.specs.model import (
    Edition,
    FieldSpec,
    FormSpec,
    Rows,
    TableSpec,
)
from forms_server.specs.shelf import check_unique
from forms_server.specs.signatures import SignatureSpec

RESERVED = ("overrides", "today", PRESENT)
"""What stands beside the answers in JSON and in rules, and so can be no field."""
IIN = "iin"
PERSON = "person.iin"


class EditionChecker:
    """Checks one edition as it stands in its file."""

    def __init__(self, reader: ItemReader, element: etree._Element, edition: Edition) -> None:
        self.reader = reader
        self.element = element
        self.edition = edition

    def check(self) -> None:
        """Every id once, and every name that is used known."""
        self._check_ids()
        self._check_names()

    def check_looks(self, forms: Mapping[str, FormSpec]) -> None:
        """What ``<earlier>`` names of other forms exists; asked when all forms are read."""
        looks = self.element.iterfind(tag("earlier"))
        for element, look in zip(looks, self.edition.earlier, strict=True):
            sources = element.iterfind(tag("from"))
            for source_element, source in zip(sources, look.sources, strict=True):
                self._check_source(source_element, source, forms)

    def _items(self) -> Iterator[etree._Element]:
        for section in self.element.iterfind(tag("section")):
            yield from self.reader.items(section)

    def _check_ids(self) -> None:
        items = [*self._items()]
        named = ("section", "rule", "signature")
        scopes: list[Iterable[etree._Element]] = [
            [*items, *self.element.iterchildren(tag("earlier"))],
            *(self.element.iterchildren(tag(name)) for name in named),
        ]
        for item in items:
            columns = [*self._columns(item)]
            options = (part.iterchildren(tag("option")) for part in (item, *columns))
            scopes += [columns, item.iterchildren(tag("row")), *options]
        for scope in scopes:
            check_unique(self.reader.path, scope, common=self.reader.shelf.common)
        for item in (*items, *self.element.iterchildren(tag("earlier"))):
            self._check_not_reserved(item)

    def _columns(self, item: etree._Element) -> Iterator[etree._Element]:
        return self.reader.columns(item) if item.tag == tag("table") else iter(())

    def _check_not_reserved(self, item: etree._Element) -> None:
        if item.get("id") in RESERVED:
            raise self.reader.error("spec-id-reserved", item, id=item.get("id"))
        for column in self._columns(item):
            if item.get("rows") != Rows.FREE and column.get("id") == TableSpec.ROW:
                raise self.reader.error("spec-id-reserved", column, id=TableSpec.ROW)

    def _check_names(self) -> None:
        """Every field that an expression, a rule or a signature names must exist."""
        names = self.edition.names
        for item in self._items():
            self._check_item(item, self.edition.items[item.get("id", "")], names)
        for rule in self.element.iterfind(tag("rule")):
            self._check_rule(rule)
        signatures = self.element.iterfind(tag("signature"))
        for element, signature in zip(signatures, self.edition.signatures, strict=True):
            self._check_signature(element, signature)
        looks = self.element.iterfind(tag("earlier"))
        for element, look in zip(looks, self.edition.earlier, strict=True):
            self._check_look(element, look)

    def _check_item(
        self, element: etree._Element, item: FieldSpec | TableSpec, names: Collection[str]
    ) -> None:
        self._check_known(item.named, names, element)
        if isinstance(item, TableSpec):
            for column, spec in zip(self._columns(element), item.columns, strict=True):
                self._check_known(spec.named, {*names, *item.row_names}, column)

    def _check_rule(self, element: etree._Element) -> None:
        names, places = self.edition.names, {*self.edition.items}
        each = element.get("each")
        if each is not None:
            table = self._table(each, element)
            names |= table.row_names
            places = {*table.names}
        self._check_known({element.get("field", "")}, places, element)
        looks = {look.id for look in self.edition.earlier if look.each in {None, each}}
        for attribute in ("test", "when"):
            expression = self.reader.expression(element, attribute)
            self._check_known(expression.names if expression else (), names | looks, element)

    def _check_signature(self, element: etree._Element, signature: SignatureSpec) -> None:
        """The fields that tell of the signer exist, and hold what is read from them."""
        self._check_known(filter(None, [signature.name]), self.edition.items, element)
        for type_, name in (("iin", signature.iin), ("bin", signature.bin)):
            field = self.edition.items.get(name) if name else None
            if name and not (isinstance(field, FieldSpec) and field.type == type_):
                raise self.reader.error("spec-signature-number", element, name=name, type=type_)
        if signature.is_electronic and element.get("by") is None:
            raise self.reader.error("spec-signature-by", element, id=signature.id)

    def _check_look(self, element: etree._Element, look: EarlierSpec) -> None:
        names = self.edition.names
        person = self.edition.items.get(look.person)
        if look.each is not None:
            table = self._table(look.each, element)
            names |= table.row_names
            person = table.column(look.person) or person
        if not isinstance(person, FieldSpec) or person.type != IIN:
            raise self.reader.error("spec-earlier-person", element, name=look.person)
        for source_element, source in zip(element.iterfind(tag("from")), look.sources, strict=True):
            self._check_known(source.present_names, names, source_element)

    def _check_source(
        self, element: etree._Element, source: EarlierSource, forms: Mapping[str, FormSpec]
    ) -> None:
        form = forms.get(source.form)
        if form is None:
            raise self.reader.error("spec-unknown-form", element, form=source.form)
        if not any(_tells_person(edition) for edition in form.editions):
            raise self.reader.error("spec-earlier-nobody", element, form=source.form)
        names = {name for edition in form.editions for name in edition.names}
        if source.rows is not None:
            tables = [edition.items.get(source.rows) for edition in form.editions]
            rows = [table.row_names for table in tables if isinstance(table, TableSpec)]
            if not rows:
                raise self.reader.error("spec-unknown-field", element, name=source.rows)
            names |= {name for found in rows for name in found}
        self._check_known(source.names, names, element)

    def _table(self, name: str, element: etree._Element) -> TableSpec:
        table = self.edition.items.get(name)
        if not isinstance(table, TableSpec):
            raise self.reader.error("spec-unknown-field", element, name=name)
        return table

    def _check_known(
        self, used: Iterable[str], names: Collection[str], element: etree._Element
    ) -> None:
        for name in sorted(used):
            if name not in names:
                raise self.reader.error("spec-unknown-field", element, name=name)


def _tells_person(edition: Edition) -> bool:
    """Whether a document of the edition can be found by a person's IIN."""
    columns = (column for table in edition.tables() for column in table.columns)
    return any(spec.means == PERSON for spec in (*edition.fields(), *columns))
