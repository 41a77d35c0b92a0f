"""Types that name a person, an organisation, a place or an act."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from typing import ClassVar

from forms_server.errors import InvalidAnswerError, catalogue, words
from forms_server.fields.base import (
    NO_BREAK,
    Composite,
    FieldType,
    Input,
    Raw,
    Value,
    XsdType,
    part_label,
    wrong_case,
)
from forms_server.fields.dates import Date, show_day
from forms_server.fields.text import Text
from forms_server.languages import Language
from forms_server.specs.model import FieldSpec, Limits, Option


def is_check_digit_right(digits: str) -> bool:
    """Whether the 12th digit of an IIN or BIN follows from the first eleven.

    Weights 1…11; if the remainder by 11 is 10, weights 3…11, 1, 2; if it is 10 again no such
    number is issued (Law No. 223 of 2007-01-12). Birth date and sex are never derived or checked:
    Government resolution No. 853 of 2013-08-26 removed the link.
    """
    remainder = _remainder(digits, range(1, 12))
    if remainder == 10:
        remainder = _remainder(digits, (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2))
    return remainder == int(digits[11])


def _remainder(digits: str, weights: Sequence[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False)) % 11


class Digits(FieldType):
    """A fixed count of digits, typed with or without spaces and dashes."""

    count: ClassVar[int]
    wrong: ClassVar[str]

    def read_text(self, text: str, spec: FieldSpec, today: date) -> Value:
        digits = re.sub(r"[\s-]", "", text)
        if not re.fullmatch(r"[0-9]+", digits) or len(digits) != self.count:
            raise InvalidAnswerError(self.wrong, count=self.count)
        return digits

    def xsd(self, spec: FieldSpec) -> XsdType:
        return XsdType("xs:string", (("pattern", f"[0-9]{{{self.count}}}"),))


class Iin(Digits):
    """Individual identification number."""

    name = "iin"
    input = Input("text", 14, {"inputmode": "numeric", "autocomplete": "off"})
    count = 12
    wrong = "iin-length"

    def read_text(self, text: str, spec: FieldSpec, today: date) -> Value:
        digits: str = super().read_text(text, spec, today)
        if not is_check_digit_right(digits):
            raise InvalidAnswerError(f"{self.name}-check-digit")
        return digits

    def sample(self, spec: FieldSpec, language: Language) -> Raw:
        return "000000000000"


class Bin(Iin):
    """Business identification number."""

    name = "bin"
    wrong = "bin-length"


def arrival_in(number: str) -> date | None:
    """The day of this century that a number of an MSE act begins with, if there is one."""
    year_first = (number[:4], number[4:6], number[6:8])
    day_first = (number[4:8], number[2:4], number[:2])
    for year, month, day in (year_first, day_first):
        try:
            found = date(int(year), int(month), int(day))
        except ValueError:
            continue
        if 2000 <= found.year <= 2099:
            return found
    return None


class ActNumber(Digits):
    """Number of an MSE act: 14 digits, date of arrival and ordinal (order 131, lines 256-261).

    How many digits the date takes is not said: it is read as eight, the year first or last.
    """

    name = "act-number"
    rule_names = ("arrived_on",)
    input = Input("text", 16, {"inputmode": "numeric", "autocomplete": "off"})
    count = 14
    wrong = "act-number-length"

    def inside(self, value: Value) -> Mapping[str, Value]:
        return {"arrived_on": arrival_in(value)}

    def sample(self, spec: FieldSpec, language: Language) -> Raw:
        return "20260102000001"


class NamePart(Text):
    """A word of a person's name: any letters of any script, but no digits."""

    name = "name-part"
    input = Input("text", 30, {"autocomplete": "off", "spellcheck": "false"})
    longest = 80

    def read_text(self, text: str, spec: FieldSpec, today: date) -> Value:
        if any(letter.isdigit() for letter in text):
            raise InvalidAnswerError("name-digits")
        return super().read_text(text, spec, today)


class Person(Composite):
    """Surname, given name and patronymic; the patronymic is always optional."""

    name = "person"
    parts = ("surname", "given_name", "patronymic", "initials")
    rule_names = ("surname", "given_name", "patronymic")

    def part_specs(self, spec: FieldSpec) -> Sequence[FieldSpec]:
        return (
            FieldSpec(id="surname", type="name-part", label=part_label("surname"), required=True),
            FieldSpec(
                id="given_name", type="name-part", label=part_label("given-name"), required=True
            ),
            FieldSpec(id="patronymic", type="name-part", label=part_label("patronymic")),
        )

    def show(self, value: Value, spec: FieldSpec, language: Language) -> str:
        names = (value.get(part.id) for part in self.part_specs(spec))
        return " ".join(name for name in names if name)

    def show_part(self, value: Value, part: str, spec: FieldSpec, language: Language) -> str:
        if part != "initials":
            return value.get(part) or ""
        initials = (value[key][0] for key in ("given_name", "patronymic") if value.get(key))
        return f"{value['surname']} {NO_BREAK.join(f'{letter}.' for letter in initials)}".strip()

    def sample(self, spec: FieldSpec, language: Language) -> Raw:
        return {
            "surname": words("sample-surname")[language],
            "given_name": words("sample-given-name")[language],
            "patronymic": words("sample-patronymic")[language],
        }


class Address(Composite):
    """Region, city or district, village, street, house, flat; only the region is required.

    The field's ``case`` is how the region is printed by itself, behind a label that names it.
    """

    name = "address"
    parts = ("region", "district", "village", "street", "house", "flat")
    rule_names = parts

    def wrong_attribute(self, spec: FieldSpec) -> str | None:
        return super().wrong_attribute(spec) or wrong_case(spec)

    def part_specs(self, spec: FieldSpec) -> Sequence[FieldSpec]:
        region = "text" if spec.reference is None else "reference"
        return (
            FieldSpec(
                id="region", type=region, label=part_label("region"), required=True,
                reference=spec.reference,
            ),
            FieldSpec(id="district", type="text", label=part_label("district")),
            FieldSpec(id="village", type="text", label=part_label("village")),
            FieldSpec(id="street", type="text", label=part_label("street")),
            FieldSpec(id="house", type="text", label=part_label("house"), limits=Limits(length=20)),
            FieldSpec(id="flat", type="text", label=part_label("flat"), limits=Limits(length=20)),
        )  # fmt: skip

    def show(self, value: Value, spec: FieldSpec, language: Language) -> str:
        whole = replace(spec, case=None)
        texts = (self.show_part(value, part, whole, language) for part in self.parts)
        named = zip(self.parts, texts, strict=True)
        return ", ".join(self._with_word(part, text, language) for part, text in named if text)

    def _with_word(self, part: str, text: str, language: Language) -> str:
        pattern = catalogue().get(f"address-{part}")
        if pattern is None or (part == "street" and _street_kinds().search(text)):
            return text
        return pattern[language.value].format(text=text)

    def show_part(self, value: Value, part: str, spec: FieldSpec, language: Language) -> str:
        text = value.get(part) or ""
        item = spec.reference.item(text) if part == "region" and spec.reference else None
        return text if item is None else item.in_case(spec.case)[language]

    def sample(self, spec: FieldSpec, language: Language) -> Raw:
        listed = spec.reference.items[0].id if spec.reference else None
        return {
            "region": listed or words("sample-region")[language],
            "district": words("sample-district")[language],
            "village": words("sample-village")[language],
            "street": words("sample-street")[language],
            "house": "1",
            "flat": "2",
        }


@cache
def _street_kinds() -> re.Pattern[str]:
    """Finds a word that says what kind of street it is, in either language."""
    kinds = ", ".join((words("street-kinds").kk, words("street-kinds").ru)).split(", ")
    return re.compile(rf"(?<!\w)({'|'.join(map(re.escape, kinds))})", re.IGNORECASE)


class IdentityDocument(Composite):
    """Kind, number, issuer and date of issue of an identity document."""

    name = "identity-document"
    parts = (
        "kind", "number", "issuer", "issued_on", "issued_day", "issued_month", "issued_year",
    )  # fmt: skip
    rule_names = ("kind", "number", "issuer", "issued_on")

    def wrong_attribute(self, spec: FieldSpec) -> str | None:
        return super().wrong_attribute(spec) if spec.options else "options"

    def part_specs(self, spec: FieldSpec) -> Sequence[FieldSpec]:
        return (
            FieldSpec(
                id="kind", type="one-of", label=part_label("document-kind"), required=True,
                options=spec.options,
            ),
            FieldSpec(
                id="number", type="text", label=part_label("document-number"), required=True,
                limits=Limits(length=30),
            ),
            FieldSpec(id="issuer", type="text", label=part_label("document-issuer"), required=True),
            FieldSpec(
                id="issued_on", type="date", label=part_label("document-issued-on"), required=True,
                limits=Limits(maximum="today"),
            ),
        )  # fmt: skip

    def show(self, value: Value, spec: FieldSpec, language: Language) -> str:
        shown = (self.show_part(value, part, spec, language) for part in self.rule_names)
        return ", ".join(text for text in shown if text)

    def show_part(self, value: Value, part: str, spec: FieldSpec, language: Language) -> str:
        if part.startswith("issued_"):
            return self._show_day(value.get("issued_on"), part.removeprefix("issued_"), language)
        found = value.get(part)
        option: Option | None = spec.option(found) if part == "kind" and found else None
        return option.text[language] if option else found or ""

    @staticmethod
    def _show_day(day: date | None, part: str, language: Language) -> str:
        if day is None:
            return ""
        return show_day(day) if part == "on" else Date.part_of(day, part, language)

    def sample(self, spec: FieldSpec, language: Language) -> Raw:
        return {
            "kind": spec.options[0].id,
            "number": "000000000",
            "issuer": words("sample-issuer")[language],
            "issued_on": "2020-01-02",
        }
