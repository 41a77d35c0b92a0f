"""Types whose answer is picked: one of, some of, yes or no, a consent, an item of a reference."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import ClassVar

from forms_server.errors import InvalidAnswerError, catalogue
from forms_server.fields.base import FieldType, Input, Raw, Value, XsdType, wrong_case
from forms_server.languages import Language
from forms_server.specs.model import FieldSpec


class OneOf(FieldType):
    """Exactly one of the field's options, by id."""

    name = "one-of"
    input = Input("radios")

    def wrong_attribute(self, spec: FieldSpec) -> str | None:
        return None if spec.options else "options"

    def read_text(self, text: str, spec: FieldSpec, today: date) -> Value:
        if spec.option(text) is None:
            raise InvalidAnswerError("choice-unknown")
        return text

    def show(self, value: Value, spec: FieldSpec, language: Language) -> str:
        option = spec.option(value)
        return option.text[language] if option else ""

    def xsd(self, spec: FieldSpec) -> XsdType:
        return XsdType("xs:token", [("enumeration", option.id) for option in spec.options])

    def sample(self, spec: FieldSpec, language: Language) -> Raw:
        return spec.options[0].id


class SomeOf(OneOf):
    """Any of the field's options, by id, in the order of the form."""

    name = "some-of"
    input = Input("checkboxes")

    def read(self, raw: Raw, spec: FieldSpec, today: date) -> Value:
        chosen = self._strings(raw)
        for item in chosen:
            self.read_text(item, spec, today)
        return tuple(option.id for option in spec.options if option.id in chosen) or None

    def _strings(self, raw: Raw) -> Sequence[str]:
        items = [raw] if isinstance(raw, str) else raw or []
        if not isinstance(items, (list, tuple)):
            raise InvalidAnswerError("choice-unknown")
        return [text for text in map(self.clean, items) if text]

    def write(self, value: Value) -> Raw:
        return list(value)

    def show(self, value: Value, spec: FieldSpec, language: Language) -> str:
        return ", ".join(super(SomeOf, self).show(item, spec, language) for item in value)

    def xsd(self, spec: FieldSpec) -> XsdType:
        return XsdType("xs:token", super().xsd(spec).facets, is_list=True)

    def sample_as(self, text: str, today: date) -> Raw:
        return text.split()

    def sample(self, spec: FieldSpec, language: Language) -> Raw:
        return [option.id for option in spec.options[:2]]


class YesNo(FieldType):
    """Yes or no; the value is a bool."""

    name = "yes-no"
    input = Input("radios")
    words: ClassVar[dict[str, bool]] = {"yes": True, "true": True, "no": False, "false": False}

    def clean(self, raw: Raw) -> str:
        return super().clean(str(raw).lower() if isinstance(raw, bool) else raw)

    def read_text(self, text: str, spec: FieldSpec, today: date) -> Value:
        if text not in self.words:
            raise InvalidAnswerError("choice-unknown")
        return self.words[text]

    def write(self, value: Value) -> Raw:
        return "true" if value else "false"

    def show(self, value: Value, spec: FieldSpec, language: Language) -> str:
        return catalogue()["answer-yes" if value else "answer-no"][language.value]

    def xsd(self, spec: FieldSpec) -> XsdType:
        return XsdType("xs:boolean")

    def sample(self, spec: FieldSpec, language: Language) -> Raw:
        return "true"


class Consent(YesNo):
    """A statement that the person agrees to: a box that must be ticked where it is required."""

    name = "consent"
    input = Input("checkbox")

    def read_text(self, text: str, spec: FieldSpec, today: date) -> Value:
        return super().read_text(text, spec, today) or None


class ReferenceItemOf(FieldType):
    """An item of the reference that the field names, by id; shown in the field's ``case``."""

    name = "reference"
    has_figures = True
    input = Input("select")
    parts = ("nominative",)

    def wrong_attribute(self, spec: FieldSpec) -> str | None:
        return wrong_case(spec) if spec.reference else "reference"

    def read_text(self, text: str, spec: FieldSpec, today: date) -> Value:
        if spec.reference is None or spec.reference.item(text) is None:
            raise InvalidAnswerError("choice-unknown")
        return text

    def show(self, value: Value, spec: FieldSpec, language: Language) -> str:
        item = spec.reference.item(value) if spec.reference else None
        return item.in_case(spec.case)[language] if item else ""

    def show_part(self, value: Value, part: str, spec: FieldSpec, language: Language) -> str:
        item = spec.reference.item(value) if spec.reference else None
        return item.text[language] if item else ""

    def xsd(self, spec: FieldSpec) -> XsdType:
        items = spec.reference.items if spec.reference else ()
        return XsdType("xs:token", [("enumeration", item.id) for item in items])

    def sample(self, spec: FieldSpec, language: Language) -> Raw:
        return spec.reference.items[0].id if spec.reference else ""
