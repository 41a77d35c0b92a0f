"""Reads ``form_specs/*.xml`` into frozen values; the only module that knows the file format.

A wrong file is refused with its path, its line and a sentence that says how to mend it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from itertools import pairwise
from pathlib import Path

from lxml import etree

from forms_server.errors import SpecificationError
from forms_server.languages import BilingualText, Language
from forms_server.specs.expressions import Expression, ExpressionError, parse
from forms_server.specs.files import (
    attribute_of,
    child_text,
    error_at,
    file_of,
    line_of,
    only,
    optional_date,
    optional_integer,
    optional_text,
    read_file,
    read_grammar,
    tag,
    text_of,
)
from forms_server.specs.model import (
    Edition,
    FieldSpec,
    FormSpec,
    Kind,
    Limits,
    Mark,
    Misprint,
    Numbering,
    Option,
    Original,
    Reference,
    Rows,
    RowSpec,
    Rule,
    SectionSpec,
    Severity,
    SignatureSpec,
    TableSpec,
    Way,
)
from forms_server.specs.shelf import KnownType, Shelf, check_unique, read_options, read_shelf

RESERVED = ("overrides", "today")
"""What stands beside the answers in JSON and in rules, and so can be no field."""
COUNTED_PER = ("office", "form", "year")


def read_forms(root: Path, types: Mapping[str, KnownType]) -> Mapping[str, FormSpec]:
    """All forms of ``root/form_specs`` by id; ``types`` are the field types that exist.

    Raises :class:`SpecificationError` at the first file that is wrong.
    """
    folder = root / "form_specs"
    grammar = read_grammar(folder / "specification.rng")
    shelf = read_shelf(root, grammar, types)
    forms: dict[str, FormSpec] = {}
    for path in sorted(folder.glob("*/[0-9]*.xml")):
        element = read_file(path, grammar)
        form = FormReader(path, shelf).read(element)
        if form.id in forms:
            raise error_at("spec-form-twice", path, element, id=form.id)
        _check_own_numbers(form, forms.values(), path)
        forms[form.id] = form
    return forms


class FormReader:
    """Reads one file; keeps its path for the errors."""

    def __init__(self, path: Path, shelf: Shelf) -> None:
        self.path = path
        self.shelf = shelf

    def read(self, root: etree._Element) -> FormSpec:
        title = child_text(root, "title")
        rules = root.get("rules", "")
        elements = root.findall(tag("edition"))
        check_unique(self.path, elements)
        editions = tuple(self._edition(element, root.get("id", ""), title) for element in elements)
        self._check_no_overlap(elements, editions)
        return FormSpec(
            id=root.get("id", ""),
            kind=Kind(root.get("kind", "")),
            rules=rules,
            rules_title=self.shelf.rules.get(rules, BilingualText(kk=rules, ru=rules)),
            appendix=root.get("appendix", ""),
            title=title,
            editions=editions,
        )

    def _check_no_overlap(
        self, elements: list[etree._Element], editions: tuple[Edition, ...]
    ) -> None:
        for element, (earlier, later) in zip(elements[1:], pairwise(editions), strict=True):
            until = earlier.in_force_until
            if until is None or until > later.in_force_from:
                raise self._error("spec-overlap", element, earlier=earlier.id, later=later.id)

    def _edition(self, element: etree._Element, form_id: str, title: BilingualText) -> Edition:
        edition = Edition(
            form_id=form_id,
            id=element.get("id", ""),
            order=element.get("order", ""),
            title=title if element.find(tag("title")) is None else child_text(element, "title"),
            in_force_from=date.fromisoformat(element.get("from", "")),
            in_force_until=optional_date(element.get("until")),
            original=Original(element.get("original", "")),
            translation=element.get("translation", ""),
            template=self._template(element),
            source=element.get("source", ""),
            sections=tuple(self._sections(element)),
            signatures=tuple(self._signature(item) for item in element.iterfind(tag("signature"))),
            rules=tuple(self._rule(item) for item in element.iterfind(tag("rule"))),
            numbering=self._numbering(only(element, "numbering")),
            layout=element.get("layout", "portrait"),
            copies=int(element.get("copies", "1")),
            stamp=element.get("stamp") == "yes",
            storage=element.get("storage"),
            enters_journal=attribute_of(element, "enters-journal", "form"),
            causes_message=attribute_of(element, "causes-message", "event"),
            misprints=tuple(_misprints(element)),
            line=line_of(element),
        )
        self._check_ids(element)
        self._check_names(element, edition)
        return edition

    def _numbering(self, element: etree._Element) -> Numbering:
        """The pattern must print, and tell apart whatever the count starts anew for."""
        pattern, per = element.get("pattern", ""), tuple(element.get("per", "").split())
        told = [name for name in per if name in COUNTED_PER and f"{{{name}}}" in pattern]
        unclear = set(per) - {"form", *told}
        if unclear or not _prints_numbers(pattern):
            raise self._error("spec-numbering", element, pattern=pattern)
        return Numbering(pattern=pattern, per=per)

    def _template(self, element: etree._Element) -> str:
        name = element.get("template", "")
        for language in Language:
            if not (self.shelf.templates / language.value / f"{name}.html").is_file():
                raise self._error(
                    "spec-template-missing", element, template=name, language=language.value
                )
        return name

    def _sections(self, element: etree._Element) -> Iterator[SectionSpec]:
        for section in element.iterfind(tag("section")):
            yield SectionSpec(
                id=section.get("id", ""),
                title=child_text(section, "title"),
                items=tuple(
                    self._table(item) if item.tag == tag("table") else self._field(item)
                    for item in self._items(section)
                ),
            )

    def _items(
        self, parent: etree._Element, used: tuple[str, ...] = ()
    ) -> Iterator[etree._Element]:
        for item in parent.iterchildren(tag("field"), tag("table"), tag("use")):
            if item.tag != tag("use"):
                yield item
                continue
            name = item.get("block", "")
            block = self.shelf.blocks.get(name)
            if block is None or name in used:
                raise self._error("spec-unknown-block", item, block=name)
            yield from self._items(block, (*used, name))

    def _field(self, element: etree._Element) -> FieldSpec:
        spec = self._described(element)
        wrong = self.shelf.types[spec.type].wrong_attribute(spec)
        if wrong is not None:
            raise self._error("spec-attribute", element, attribute=wrong, type=spec.type)
        return spec

    def _described(self, element: etree._Element) -> FieldSpec:
        return FieldSpec(
            id=element.get("id", ""),
            type=self._type(element),
            part_names=self.shelf.types[self._type(element)].rule_names,
            label=child_text(element, "label"),
            hint=optional_text(element, "hint"),
            required=element.get("required") == "yes",
            means=element.get("means"),
            default=element.get("default"),
            options=self._field_options(element),
            reference=self._field_reference(element),
            case=element.get("case"),
            mark=Mark(element.get("mark", "underline")),
            limits=Limits(
                minimum=element.get("minimum"),
                maximum=element.get("maximum"),
                length=optional_integer(element.get("length")),
            ),
            shown_if=self._expression(element, "shown-if"),
            required_if=self._expression(element, "required-if"),
            computed=self._expression(element, "computed"),
            printed=element.get("printed") != "no",
            source=element.get("source"),
            line=line_of(element),
        )

    def _type(self, element: etree._Element) -> str:
        name = element.get("type", "")
        if name not in self.shelf.types:
            known = ", ".join(sorted(self.shelf.types))
            raise self._error("spec-unknown-type", element, type=name, known=known)
        return name

    def _field_options(self, element: etree._Element) -> tuple[Option, ...]:
        shared = element.get("options")
        if shared is None:
            return read_options(element)
        if shared not in self.shelf.options:
            raise self._error("spec-unknown-options", element, options=shared)
        return self.shelf.options[shared]

    def _field_reference(self, element: etree._Element) -> Reference | None:
        name = element.get("reference")
        if name is None:
            return None
        if name not in self.shelf.references:
            raise self._error("spec-unknown-reference", element, reference=name)
        return self.shelf.references[name]

    def _table(self, element: etree._Element) -> TableSpec:
        return TableSpec(
            id=element.get("id", ""),
            label=child_text(element, "label"),
            rows_are=Rows(element.get("rows", "")),
            columns=tuple(self._field(item) for item in element.iterfind(tag("column"))),
            rows=tuple(_row(item) for item in element.iterfind(tag("row"))),
            row_label=optional_text(element, "row-label"),
            hint=optional_text(element, "hint"),
            minimum=int(element.get("minimum", "0")),
            maximum=int(element.get("maximum", "100")),
            blank_rows=int(element.get("blank-rows", "3")),
            shown_if=self._expression(element, "shown-if"),
            source=element.get("source"),
            line=line_of(element),
        )

    def _signature(self, element: etree._Element) -> SignatureSpec:
        return SignatureSpec(
            id=element.get("id", ""),
            label=child_text(element, "label"),
            way=Way(element.get("way", "")),
            name=element.get("name"),
            required=element.get("required") != "no",
            source=element.get("source"),
        )

    def _rule(self, element: etree._Element) -> Rule:
        test = self._expression(element, "test")
        assert test is not None  # noqa: S101  # the grammar demands the attribute
        return Rule(
            id=element.get("id", ""),
            field=element.get("field", ""),
            test=test,
            when=self._expression(element, "when"),
            each=element.get("each"),
            severity=Severity(element.get("severity", "error")),
            message=child_text(element, "message"),
            source=element.get("source"),
        )

    def _expression(self, element: etree._Element, attribute: str) -> Expression | None:
        text = element.get(attribute)
        if text is None:
            return None
        try:
            return parse(text)
        except ExpressionError as error:
            raise self._error(
                "spec-expression", element, attribute=attribute, part=str(error)
            ) from error

    def _check_ids(self, edition: etree._Element) -> None:
        items = [item for part in edition.iterfind(tag("section")) for item in self._items(part)]
        scopes: list[Iterable[etree._Element]] = [
            items, *(edition.iterchildren(tag(name)) for name in ("section", "rule", "signature"))
        ]  # fmt: skip
        for parent in items:
            for element in parent.iter(tag("table"), tag("field"), tag("column")):
                scopes.append(element.iterchildren(tag("column")))
                scopes.append(element.iterchildren(tag("row"), tag("option")))
        for scope in scopes:
            check_unique(self.path, scope, common=self.shelf.common)
        for item in items:
            self._check_not_reserved(item)

    def _check_not_reserved(self, item: etree._Element) -> None:
        if item.get("id") in RESERVED:
            raise self._error("spec-id-reserved", item, id=item.get("id"))
        for column in item.iterchildren(tag("column")):
            if item.get("rows") == Rows.PICKED and column.get("id") == TableSpec.ROW:
                raise self._error("spec-id-reserved", column, id=TableSpec.ROW)

    def _check_names(self, element: etree._Element, edition: Edition) -> None:
        """Every field that an expression, a rule or a signature names must exist."""
        names = edition.names
        for section in element.iterfind(tag("section")):
            for item in self._items(section):
                self._check_item(item, edition.items[item.get("id", "")], names)
        for rule in element.iterfind(tag("rule")):
            self._check_rule(rule, edition)
        for signature in element.iterfind(tag("signature")):
            if signature.get("name") is not None:
                self._check_known({signature.get("name", "")}, edition.items, signature)

    def _check_item(
        self, element: etree._Element, item: FieldSpec | TableSpec, names: Collection[str]
    ) -> None:
        self._check_known(item.named, names, element)
        if isinstance(item, TableSpec):
            columns = element.iterchildren(tag("column"))
            for column, spec in zip(columns, item.columns, strict=True):
                self._check_known(spec.named, {*names, *item.names}, column)

    def _check_rule(self, element: etree._Element, edition: Edition) -> None:
        names, places = edition.names, {*edition.items}
        each = element.get("each")
        if each is not None:
            table = edition.items.get(each)
            if not isinstance(table, TableSpec):
                raise self._error("spec-unknown-field", element, name=each)
            names |= {*table.names}
            places = {*table.names}
        self._check_known({element.get("field", "")}, places, element)
        for attribute in ("test", "when"):
            expression = self._expression(element, attribute)
            self._check_known(expression.names if expression else (), names, element)

    def _check_known(
        self, used: Iterable[str], names: Collection[str], element: etree._Element
    ) -> None:
        for name in sorted(used):
            if name not in names:
                raise self._error("spec-unknown-field", element, name=name)

    def _error(self, code: str, element: etree._Element, **values: object) -> SpecificationError:
        path = file_of(element, self.path, self.shelf.common)
        return error_at(code, path, element, **values)


def _check_own_numbers(form: FormSpec, others: Iterable[FormSpec], path: Path) -> None:
    """Two forms count apart, so their numbers must look different."""
    patterns = {edition.numbering.pattern for other in others for edition in other.editions}
    for edition in form.editions:
        pattern = edition.numbering.pattern
        if "{form}" not in pattern and pattern in patterns:
            raise SpecificationError(
                "spec-numbering-twice", path=path, line=edition.line, pattern=pattern
            )


def _prints_numbers(pattern: str) -> bool:
    """Whether two numbers of one pattern can be told apart."""
    rest = dict.fromkeys(COUNTED_PER, "")
    try:
        return pattern.format(number=1, **rest) != pattern.format(number=2, **rest)
    except (LookupError, ValueError, AttributeError, TypeError):
        return False


def _row(element: etree._Element) -> RowSpec:
    return RowSpec(
        id=element.get("id", ""),
        number=element.get("number", ""),
        text=text_of(element),
        heading=element.get("heading") == "yes",
        source=element.get("source"),
    )


def _misprints(edition: etree._Element) -> Iterator[Misprint]:
    for element in edition.iterfind(tag("misprint")):
        yield Misprint(
            line=int(element.get("line", "0")),
            source=element.get("source", ""),
            printed=element.get("print", ""),
        )
