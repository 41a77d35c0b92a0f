"""Reads ``form_specs/*.xml`` into frozen values; the only module that knows the file format.

A wrong file is refused with its path, its line and a sentence that says how to mend it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import ClassVar, Protocol

from lxml import etree

from forms_server.errors import SpecificationError
from forms_server.languages import BilingualText, Language
from forms_server.specs.expressions import Expression, ExpressionError, parse
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
    ReferenceItem,
    Rows,
    RowSpec,
    Rule,
    SectionSpec,
    Severity,
    SignatureSpec,
    TableSpec,
    Way,
)

NAMESPACE = "urn:forms-server:specification"
BILINGUAL = ("title", "label", "hint", "option", "row", "row-label", "message", "item", "case")
RESERVED = ("overrides", "today")
"""What stands beside the answers in JSON and in rules, and so can be no field."""
COUNTED_PER = ("office", "form", "year")
PARSER = etree.XMLParser(
    resolve_entities=False, no_network=True, remove_comments=True, remove_blank_text=False
)


class KnownType(Protocol):
    """What reading must know of a field type: the parts of its answer that rules may name."""

    rule_names: ClassVar[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the forms draw on: shared blocks, shared options, references, known field types."""

    common: Path
    blocks: Mapping[str, etree._Element]
    options: Mapping[str, tuple[Option, ...]]
    references: Mapping[str, Reference]
    types: Mapping[str, KnownType]
    templates: Path


def read_forms(root: Path, types: Mapping[str, KnownType]) -> Mapping[str, FormSpec]:
    """All forms of ``root/form_specs`` by id; ``types`` are the field types that exist.

    Raises :class:`SpecificationError` at the first file that is wrong.
    """
    folder = root / "form_specs"
    grammar = _read_grammar(folder / "specification.rng")
    path = folder / "common.xml"
    common = _parse(path, grammar)
    for elements in (common.iterchildren(_tag("block")), common.iterchildren(_tag("options"))):
        _check_unique(path, elements)
    for options in common.iterchildren(_tag("options")):
        _check_unique(path, options.iterchildren(_tag("option")))
    shelf = Shelf(
        common=path,
        blocks={block.get("id", ""): block for block in common.iterfind(_tag("block"))},
        options={
            options.get("id", ""): _options(options) for options in common.iterfind(_tag("options"))
        },
        references=_references(folder / "reference", grammar),
        types=types,
        templates=root / "templates",
    )
    forms: dict[str, FormSpec] = {}
    for path in sorted(folder.glob("*/[0-9]*.xml")):
        element = _parse(path, grammar)
        form = FormReader(path, shelf).read(element)
        if form.id in forms:
            raise _error("spec-form-twice", path, element, id=form.id)
        forms[form.id] = form
    return forms


def _read_grammar(path: Path) -> etree.RelaxNG:
    try:
        return etree.RelaxNG(_read_xml(path))
    except etree.RelaxNGParseError as error:
        raise SpecificationError("spec-not-xml", path=path, line=1, reason=str(error)) from error


def _read_xml(path: Path) -> etree._Element:
    """The root of a file; one that brings definitions of its own (XML 1.0, 2.8) is refused."""
    try:
        tree = etree.parse(path, PARSER)
    except etree.XMLSyntaxError as error:
        line = error.lineno or 1
        raise SpecificationError("spec-not-xml", path=path, line=line, reason=error.msg) from error
    except OSError as error:
        raise SpecificationError("spec-not-xml", path=path, line=1, reason=str(error)) from error
    if tree.docinfo.internalDTD is not None:
        raise SpecificationError("spec-doctype", path=path, line=1)
    return tree.getroot()


def _parse(path: Path, grammar: etree.RelaxNG) -> etree._Element:
    root = _read_xml(path)
    for element in root.iter("*"):
        for name, value in element.attrib.items():
            element.set(name, " ".join(str(value).split()))
    _check_languages(path, root)
    if not grammar.validate(root):
        first = grammar.error_log[0]
        raise SpecificationError(
            "spec-grammar", path=path, line=first.line, reason=first.message.rstrip(".")
        )
    return root


def _check_languages(path: Path, root: etree._Element) -> None:
    for element in root.iter(*(_tag(name) for name in BILINGUAL)):
        for language in Language:
            text = element.find(_tag(language.value))
            if text is None or not (text.text or "").strip():
                name = etree.QName(element).localname
                raise _error(
                    "spec-language-missing", path, element, name=name, language=language.value
                )


def _references(folder: Path, grammar: etree.RelaxNG) -> Mapping[str, Reference]:
    references: dict[str, Reference] = {}
    for path in sorted(folder.glob("*.xml")):
        root = _parse(path, grammar)
        reference = _reference(path, root)
        if reference.id in references:
            raise _error("spec-reference-twice", path, root, id=reference.id)
        references[reference.id] = reference
    return references


def _reference(path: Path, root: etree._Element) -> Reference:
    _check_unique(path, root.iterchildren(_tag("item")))
    items = tuple(
        ReferenceItem(
            id=item.get("id", ""),
            text=_text(item),
            cases={case.get("name", ""): _text(case) for case in item.iterfind(_tag("case"))},
        )
        for item in root.iterfind(_tag("item"))
    )
    return Reference(id=root.get("id", ""), title=_child_text(root, "title"), items=items)


class FormReader:
    """Reads one file; keeps its path for the errors."""

    def __init__(self, path: Path, shelf: Shelf) -> None:
        self.path = path
        self.shelf = shelf

    def read(self, root: etree._Element) -> FormSpec:
        title = _child_text(root, "title")
        elements = root.findall(_tag("edition"))
        _check_unique(self.path, elements)
        editions = tuple(self._edition(element, root.get("id", ""), title) for element in elements)
        self._check_no_overlap(elements, editions)
        return FormSpec(
            id=root.get("id", ""),
            kind=Kind(root.get("kind", "")),
            rules=root.get("rules", ""),
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
            title=title if element.find(_tag("title")) is None else _child_text(element, "title"),
            in_force_from=date.fromisoformat(element.get("from", "")),
            in_force_until=_optional_date(element.get("until")),
            original=Original(element.get("original", "")),
            translation=element.get("translation", ""),
            template=self._template(element),
            source=element.get("source", ""),
            sections=tuple(self._sections(element)),
            signatures=tuple(self._signature(item) for item in element.iterfind(_tag("signature"))),
            rules=tuple(self._rule(item) for item in element.iterfind(_tag("rule"))),
            numbering=self._numbering(_only(element, "numbering")),
            layout=element.get("layout", "portrait"),
            copies=int(element.get("copies", "1")),
            stamp=element.get("stamp") == "yes",
            storage=element.get("storage"),
            enters_journal=_attribute_of(element, "enters-journal", "form"),
            causes_message=_attribute_of(element, "causes-message", "event"),
            misprints=tuple(_misprints(element)),
            line=_line(element),
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
        for section in element.iterfind(_tag("section")):
            yield SectionSpec(
                id=section.get("id", ""),
                title=_child_text(section, "title"),
                items=tuple(
                    self._table(item) if item.tag == _tag("table") else self._field(item)
                    for item in self._items(section)
                ),
            )

    def _items(
        self, parent: etree._Element, used: tuple[str, ...] = ()
    ) -> Iterator[etree._Element]:
        for item in parent.iterchildren(_tag("field"), _tag("table"), _tag("use")):
            if item.tag != _tag("use"):
                yield item
                continue
            name = item.get("block", "")
            block = self.shelf.blocks.get(name)
            if block is None or name in used:
                raise self._error("spec-unknown-block", item, block=name)
            yield from self._items(block, (*used, name))

    def _field(self, element: etree._Element) -> FieldSpec:
        return FieldSpec(
            id=element.get("id", ""),
            type=self._type(element),
            part_names=self.shelf.types[self._type(element)].rule_names,
            label=_child_text(element, "label"),
            hint=_optional_text(element, "hint"),
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
                length=_optional_integer(element.get("length")),
            ),
            shown_if=self._expression(element, "shown-if"),
            required_if=self._expression(element, "required-if"),
            computed=self._expression(element, "computed"),
            printed=element.get("printed") != "no",
            source=element.get("source"),
            line=_line(element),
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
            return _options(element)
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
            label=_child_text(element, "label"),
            rows_are=Rows(element.get("rows", "")),
            columns=tuple(self._field(item) for item in element.iterfind(_tag("column"))),
            rows=tuple(_row(item) for item in element.iterfind(_tag("row"))),
            row_label=_optional_text(element, "row-label"),
            hint=_optional_text(element, "hint"),
            minimum=int(element.get("minimum", "0")),
            maximum=int(element.get("maximum", "100")),
            blank_rows=int(element.get("blank-rows", "3")),
            shown_if=self._expression(element, "shown-if"),
            source=element.get("source"),
            line=_line(element),
        )

    def _signature(self, element: etree._Element) -> SignatureSpec:
        return SignatureSpec(
            id=element.get("id", ""),
            label=_child_text(element, "label"),
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
            message=_child_text(element, "message"),
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
        items = [item for part in edition.iterfind(_tag("section")) for item in self._items(part)]
        scopes: list[Iterable[etree._Element]] = [
            items, *(edition.iterchildren(_tag(name)) for name in ("section", "rule", "signature"))
        ]  # fmt: skip
        for parent in items:
            for element in parent.iter(_tag("table"), _tag("field"), _tag("column")):
                scopes.append(element.iterchildren(_tag("column")))
                scopes.append(element.iterchildren(_tag("row"), _tag("option")))
        for scope in scopes:
            _check_unique(self.path, scope, common=self.shelf.common)
        for item in items:
            self._check_not_reserved(item)

    def _check_not_reserved(self, item: etree._Element) -> None:
        if item.get("id") in RESERVED:
            raise self._error("spec-id-reserved", item, id=item.get("id"))
        for column in item.iterchildren(_tag("column")):
            if item.get("rows") == Rows.PICKED and column.get("id") == TableSpec.ROW:
                raise self._error("spec-id-reserved", column, id=TableSpec.ROW)

    def _check_names(self, element: etree._Element, edition: Edition) -> None:
        """Every field that an expression, a rule or a signature names must exist."""
        names = _names(edition)
        for section in element.iterfind(_tag("section")):
            for item in self._items(section):
                self._check_item(item, edition.items[item.get("id", "")], names)
        for rule in element.iterfind(_tag("rule")):
            self._check_rule(rule, edition)
        for signature in element.iterfind(_tag("signature")):
            if signature.get("name") is not None:
                self._check_known({signature.get("name", "")}, edition.items, signature)

    def _check_item(
        self, element: etree._Element, item: FieldSpec | TableSpec, names: Collection[str]
    ) -> None:
        self._check_known(_named_by(item), names, element)
        if isinstance(item, TableSpec):
            columns = element.iterchildren(_tag("column"))
            for column, spec in zip(columns, item.columns, strict=True):
                self._check_known(_named_by(spec), {*names, *item.names}, column)

    def _check_rule(self, element: etree._Element, edition: Edition) -> None:
        names, places = _names(edition), {*edition.items}
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
        path = _path(element, self.path, self.shelf.common)
        return _error(code, path, element, **values)


def _check_unique(
    path: Path, elements: Iterable[etree._Element], *, common: Path | None = None
) -> None:
    lines: dict[str, int] = {}
    for element in elements:
        name = element.get("id", "")
        if name in lines:
            where = _path(element, path, common or path)
            raise _error("spec-id-twice", where, element, id=name, first=lines[name])
        lines[name] = _line(element)


def _path(element: etree._Element, form: Path, common: Path) -> Path:
    """The file that an element stands in: the form's own, or the one of the shared blocks."""
    return common if element.getroottree().getroot().tag == _tag("blocks") else form


def _prints_numbers(pattern: str) -> bool:
    """Whether two numbers of one pattern can be told apart."""
    rest = dict.fromkeys(COUNTED_PER, "")
    try:
        return pattern.format(number=1, **rest) != pattern.format(number=2, **rest)
    except (LookupError, ValueError, AttributeError, TypeError):
        return False


def _names(edition: Edition) -> set[str]:
    """What an expression may name: fields, tables, their columns, and the day of filling in."""
    columns = {f"{table.id}.{name}" for table in edition.tables() for name in table.names}
    parts = {f"{field.id}.{part}" for field in edition.fields() for part in field.part_names}
    return {*edition.items, *columns, *parts, "today"}


def _named_by(spec: FieldSpec | TableSpec) -> set[str]:
    """Everything that the conditions and the computation of a field or table name."""
    expressions = [spec.shown_if]
    if isinstance(spec, FieldSpec):
        expressions += [spec.required_if, spec.computed]
    return {name for expression in expressions if expression for name in expression.names}


def _options(parent: etree._Element) -> tuple[Option, ...]:
    return tuple(
        Option(id=option.get("id", ""), text=_text(option))
        for option in parent.iterfind(_tag("option"))
    )


def _row(element: etree._Element) -> RowSpec:
    return RowSpec(
        id=element.get("id", ""),
        number=element.get("number", ""),
        text=_text(element),
        heading=element.get("heading") == "yes",
        source=element.get("source"),
    )


def _misprints(edition: etree._Element) -> Iterator[Misprint]:
    for element in edition.iterfind(_tag("misprint")):
        yield Misprint(
            line=int(element.get("line", "0")),
            source=element.get("source", ""),
            printed=element.get("print", ""),
        )


def _line(element: etree._Element) -> int:
    line = element.sourceline
    return line if isinstance(line, int) else 0


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _only(parent: etree._Element, name: str) -> etree._Element:
    element = parent.find(_tag(name))
    assert element is not None  # noqa: S101  # the grammar demands it
    return element


def _text(element: etree._Element) -> BilingualText:
    kk, ru = (" ".join((_only(element, name).text or "").split()) for name in ("kk", "ru"))
    return BilingualText(kk=kk, ru=ru)


def _child_text(parent: etree._Element, name: str) -> BilingualText:
    return _text(_only(parent, name))


def _optional_text(parent: etree._Element, name: str) -> BilingualText | None:
    element = parent.find(_tag(name))
    return None if element is None else _text(element)


def _attribute_of(parent: etree._Element, name: str, attribute: str) -> str | None:
    element = parent.find(_tag(name))
    return None if element is None else element.get(attribute)


def _optional_date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _optional_integer(text: str | None) -> int | None:
    return None if text is None else int(text)


def _error(code: str, path: Path, element: etree._Element, **values: object) -> SpecificationError:
    return SpecificationError(code, path=path, line=_line(element), **values)
