"""Types whose answer is a number or a sum of money."""

from __future__ import annotations

import re
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import ClassVar

from num2words import num2words

from forms_server.errors import InvalidAnswerError, words
from forms_server.fields.base import NO_BREAK, FieldType, Input, Raw, Value, XsdType
from forms_server.languages import Language
from forms_server.specs.model import FieldSpec

MOST_DIGITS = 400
"""More than any product of answers can have: a computed value is refused by its limits."""
WORDS = {Language.KK: "kz", Language.RU: "ru"}
"""The languages as num2words names them."""


def in_words(number: int, language: Language) -> str:
    """A whole number in words, as statutory papers want it («прописью», «сөзбен жазу»)."""
    return str(num2words(number, lang=WORDS[language]))


class Number(FieldType):
    """A decimal number; takes comma or point, and spaces between thousands."""

    input = Input("text", 10, {"inputmode": "decimal", "autocomplete": "off"})
    places: ClassVar[int] = 0
    least: ClassVar[str] = "0"
    most: ClassVar[str] = "1000000"

    def wrong_attribute(self, spec: FieldSpec) -> str | None:
        for name in ("minimum", "maximum"):
            limit = getattr(spec.limits, name)
            if limit is not None and not re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,6})?", limit):
                return name
        return None

    def read_text(self, text: str, spec: FieldSpec, today: date) -> Value:
        plain = re.sub(r"\s", "", text).replace(",", ".")
        match = re.fullmatch(r"-?[0-9]{1,40}(\.(?P<fraction>[0-9]{1,40}))?", plain)
        if match is None:
            raise InvalidAnswerError("number-wrong")
        value = Decimal(plain)
        if len((match["fraction"] or "").rstrip("0")) > self.places:
            raise InvalidAnswerError(
                "number-places" if self.places else "number-whole", places=self.places
            )
        self._check_limits(value, spec)
        return self._normal(value)

    def _check_limits(self, value: Decimal, spec: FieldSpec) -> None:
        least, most = spec.limits.minimum or self.least, spec.limits.maximum or self.most
        if not Decimal(least) <= value <= Decimal(most):
            raise InvalidAnswerError("number-limits", least=least, most=most)

    def _normal(self, value: Decimal) -> Value:
        return Decimal(f"{value:.{self.places}f}").normalize() + Decimal(0)

    def settle(self, value: Value) -> Value:
        step = Decimal(1).scaleb(-self.places)
        return self._normal(Decimal(value).quantize(step, ROUND_HALF_UP, Context(prec=MOST_DIGITS)))

    def write(self, value: Value) -> Raw:
        return f"{value:f}"

    def show(self, value: Value, spec: FieldSpec, language: Language) -> str:
        return f"{value:,f}".replace(",", NO_BREAK).replace(".", ",")

    def xsd(self, spec: FieldSpec) -> XsdType:
        facets = [
            ("minInclusive", spec.limits.minimum or self.least),
            ("maxInclusive", spec.limits.maximum or self.most),
            ("fractionDigits", str(self.places)),
        ]
        return XsdType("xs:decimal", facets)

    def sample(self, spec: FieldSpec, language: Language) -> Raw:
        least, most = spec.limits.minimum or self.least, spec.limits.maximum or self.most
        return str(min(max(Decimal(least), Decimal(3)), Decimal(most)))


class Integer(Number):
    """A whole number; ``words`` prints it in words."""

    name = "integer"
    input = Input("text", 6, {"inputmode": "numeric", "autocomplete": "off"})
    parts = ("words",)

    def _normal(self, value: Decimal) -> Value:
        return int(value)

    def write(self, value: Value) -> Raw:
        return str(value)

    def show(self, value: Value, spec: FieldSpec, language: Language) -> str:
        return f"{value:,}".replace(",", NO_BREAK)

    def show_part(self, value: Value, part: str, spec: FieldSpec, language: Language) -> str:
        return in_words(value, language)

    def xsd(self, spec: FieldSpec) -> XsdType:
        return XsdType("xs:integer", super().xsd(spec).facets[:2])


class Hours(Number):
    """Hours of a service, to a hundredth."""

    name = "hours"
    places = 2
    most = "744"


class Centimetres(Number):
    """A length of the body, centimetres to a tenth."""

    name = "centimetres"
    places = 1
    most = "300"


class Kilograms(Number):
    """A weight of the body, kilograms to a tenth."""

    name = "kilograms"
    places = 1
    most = "500"


class Percent(Number):
    """A degree of loss of working capacity."""

    name = "percent"
    most = "100"


class Money(Number):
    """A sum in tenge and tiyn; ``words`` prints the tenge in words and what tiyn there are."""

    name = "money"
    input = Input("text", 14, {"inputmode": "decimal", "autocomplete": "off"})
    places = 2
    most = "999999999999"
    parts = ("words",)

    def _normal(self, value: Decimal) -> Value:
        return value.quantize(Decimal("0.01"), context=Context(prec=MOST_DIGITS)) + Decimal(0)

    def show_part(self, value: Value, part: str, spec: FieldSpec, language: Language) -> str:
        tenge, tiyn = divmod(int(value * 100), 100)
        told = in_words(tenge, language)
        return words("sum-with-tiyn")[language].format(tenge=told, tiyn=tiyn) if tiyn else told

    def sample(self, spec: FieldSpec, language: Language) -> Raw:
        return "1250.50"
