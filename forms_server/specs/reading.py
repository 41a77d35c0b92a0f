"""Reads ``form_specs/*.xml`` into frozen values; the only module that knows the file format.

A wrong file is refused with its path, its line and a sentence that says how to mend it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import pairwise
from pathlib import Path

from lxml import etree

from forms_server.errors import SpecificationError
from forms_server.languages import BilingualText, Language
from forms_server.specs.earlier import Combine, EarlierSource, EarlierSpec
from forms_server.specs.files import (
    attribute_of,
    child_text,
    error_at,
    line_of,
    only,
    optional_date,
    read_file,
    read_grammar,
    tag,
)
from forms_server.specs.items import ItemReader
from forms_server.specs.model import (
    Edition,
    FormSpec,
    Kind,
    Misprint,
    Numbering,
    Original,
    Rule,
    Severity,
)
from forms_server.specs.names import EditionChecker
from forms_server.specs.shelf import KnownType, Shelf, check_unique, read_shelf
from forms_server.specs.signatures import SignatureSpec, Signer, Way

COUNTED_PER = ("office", "form", "year")


def read_forms(root: Path, types: Mapping[str, KnownType]) -> Mapping[str, FormSpec]:
    """All forms of ``root/form_specs`` by id; ``types`` are the field types that exist.

    Raises :class:`SpecificationError` at the first file that is wrong.
    """
    folder = root / "form_specs"
    grammar = read_grammar(folder / "specification.rng")
    shelf = read_shelf(root, grammar, types)
    forms: dict[str, FormSpec] = {}
    checkers: list[EditionChecker] = []
    for path in sorted(folder.glob("*/[0-9]*.xml")):
        element = read_file(path, grammar)
        reader = FormReader(path, shelf)
        form = reader.read(element)
        if form.id in forms:
            raise error_at("spec-form-twice", path, element, id=form.id)
        _check_own_numbers(form, forms.values(), path)
        forms[form.id] = form
        checkers += reader.checkers
    for checker in checkers:
        checker.check_looks(forms)
    return forms


class FormReader:
    """Reads one file; keeps what has to be checked when all forms are read."""

    def __init__(self, path: Path, shelf: Shelf) -> None:
        self.path = path
        self.shelf = shelf
        self.reader = ItemReader(path, shelf)
        self.checkers: list[EditionChecker] = []

    def read(self, root: etree._Element) -> FormSpec:
        """The form with all its editions."""
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
                raise self.reader.error("spec-overlap", element, earlier=earlier.id, later=later.id)

    def _edition(self, element: etree._Element, form_id: str, title: BilingualText) -> Edition:
        edition = Edition(
            form_id=form_id,
            id=element.get("id", ""),
            order=element.get("order", ""),
            title=title if element.find(tag("title")) is None else child_text(element, "title"),
            in_force_from=date.fromisoformat(element.get("from", "")),
            in_force_until=optional_date(element.get("until")),
            repealed_by=element.get("repealed-by"),
            original=Original(element.get("original", "")),
            translation=element.get("translation", ""),
            template=self._template(element),
            source=element.get("source", ""),
            sections=tuple(self.reader.sections(element)),
            signatures=tuple(self._signature(item) for item in element.iterfind(tag("signature"))),
            rules=tuple(self._rule(item) for item in element.iterfind(tag("rule"))),
            earlier=tuple(self._look(item) for item in element.iterfind(tag("earlier"))),
            numbering=self._numbering(only(element, "numbering")),
            layout=element.get("layout", "portrait"),
            copies=int(element.get("copies", "1")),
            stamp=element.get("stamp") == "yes",
            is_bound=element.get("binding") == "yes",
            storage=element.get("storage"),
            enters_journal=attribute_of(element, "enters-journal", "form"),
            causes_message=attribute_of(element, "causes-message", "event"),
            misprints=tuple(_misprints(element)),
            working_days=self.shelf.working_days,
            line=line_of(element),
        )
        checker = EditionChecker(self.reader, element, edition)
        checker.check()
        self.checkers.append(checker)
        return edition

    def _numbering(self, element: etree._Element) -> Numbering:
        """The pattern must print, and tell apart whatever the count starts anew for."""
        pattern, per = element.get("pattern", ""), tuple(element.get("per", "").split())
        told = [name for name in per if name in COUNTED_PER and f"{{{name}}}" in pattern]
        unclear = set(per) - {"form", *told}
        if unclear or not _prints_numbers(pattern):
            raise self.reader.error("spec-numbering", element, pattern=pattern)
        return Numbering(pattern=pattern, per=per)

    def _template(self, element: etree._Element) -> str:
        name = element.get("template", "")
        for language in Language:
            if not (self.shelf.templates / language.value / f"{name}.html").is_file():
                raise self.reader.error(
                    "spec-template-missing", element, template=name, language=language.value
                )
        return name

    def _signature(self, element: etree._Element) -> SignatureSpec:
        return SignatureSpec(
            id=element.get("id", ""),
            label=child_text(element, "label"),
            way=Way(element.get("way", "")),
            by=Signer(element.get("by", Signer.PERSON)),
            name=element.get("name"),
            iin=element.get("iin"),
            bin=element.get("bin"),
            required=element.get("required") != "no",
            source=element.get("source"),
        )

    def _rule(self, element: etree._Element) -> Rule:
        test = self.reader.expression(element, "test")
        assert test is not None  # noqa: S101  # the grammar demands the attribute
        return Rule(
            id=element.get("id", ""),
            field=element.get("field", ""),
            test=test,
            when=self.reader.expression(element, "when"),
            each=element.get("each"),
            severity=Severity(element.get("severity", "error")),
            message=child_text(element, "message"),
            source=element.get("source"),
        )

    def _look(self, element: etree._Element) -> EarlierSpec:
        return EarlierSpec(
            id=element.get("id", ""),
            person=element.get("person", ""),
            combine=Combine(element.get("combine", "")),
            sources=tuple(self._source(item) for item in element.iterfind(tag("from"))),
            each=element.get("each"),
            source=element.get("source"),
        )

    def _source(self, element: etree._Element) -> EarlierSource:
        return EarlierSource(
            form=element.get("form", ""),
            take=self.reader.expression(element, "take"),
            where=self.reader.expression(element, "where"),
            rows=element.get("rows"),
        )


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


def _misprints(edition: etree._Element) -> Iterator[Misprint]:
    for element in edition.iterfind(tag("misprint")):
        yield Misprint(
            line=int(element.get("line", "0")),
            source=element.get("source", ""),
            printed=element.get("print", ""),
        )
