"""Types whose answer is a text: one line, many lines, e-mail, phone."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from forms_server.errors import InvalidAnswerError, words
from forms_server.fields.base import FieldType, Input, Raw, Value, XsdType
from forms_server.languages import Language
from forms_server.specs.model import FieldSpec


class Text(FieldType):
    """One line of text, at most ``length`` characters (200 unless the specification says)."""

    name = "text"
    longest = 200

    def read_text(self, text: str, spec: FieldSpec, today: date) -> Value:
        longest = spec.limits.length or self.longest
        if len(text) > longest:
            raise InvalidAnswerError("text-too-long", longest=longest, length=len(text))
        return text

    def xsd(self, spec: FieldSpec) -> XsdType:
        longest = str(spec.limits.length or self.longest)
        return XsdType("xs:string", (("minLength", "1"), ("maxLength", longest)))

    def sample(self, spec: FieldSpec, language: Language) -> Raw:
        return words("sample-answer")[language][: spec.limits.length or self.longest]


class LongText(Text):
    """Lines of text; line breaks are kept."""

    name = "long-text"
    input = Input("textarea", attributes={"rows": "4"})
    longest = 4000

    def clean(self, raw: Raw) -> str:
        if not isinstance(raw, str):
            return super().clean(raw)
        lines = [super(LongText, self).clean(line) for line in raw.splitlines()]
        return "\n".join(lines).strip()


class Email(Text):
    """An e-mail address (RFC 5321 4.5.3.1: at most 254 octets)."""

    name = "e-mail"
    input = Input("text", 32, {"type": "email", "autocomplete": "off", "spellcheck": "false"})
    longest = 254
    pattern = re.compile(r"[^\s@<>()\",;:]+@[^\s@.<>()\",;:]+(\.[^\s@.<>()\",;:]+)+")

    def read_text(self, text: str, spec: FieldSpec, today: date) -> Value:
        if not self.pattern.fullmatch(super().read_text(text, spec, today)):
            raise InvalidAnswerError("email-wrong")
        return text

    def sample(self, spec: FieldSpec, language: Language) -> Raw:
        return "sample@example.kz"


class Phone(FieldType):
    """A Kazakhstan number, kept as ``+7`` and ten digits; takes 8…, spaces, brackets, dashes."""

    name = "phone"
    input = Input("text", 18, {"type": "tel", "inputmode": "tel", "autocomplete": "off"})

    def read_text(self, text: str, spec: FieldSpec, today: date) -> Value:
        digits = re.sub(r"[\s()+.\u2010-\u2015-]", "", unicodedata.normalize("NFKC", text))
        if len(digits) == 11 and digits[0] in "78":
            digits = digits[1:]
        if not re.fullmatch(r"[0-9]{10}", digits):
            raise InvalidAnswerError("phone-wrong")
        return f"+7{digits}"

    def show(self, value: Value, spec: FieldSpec, language: Language) -> str:
        shown = f"+7 {value[2:5]} {value[5:8]} {value[8:10]} {value[10:]}"
        return shown.replace(" ", "\u00a0")

    def xsd(self, spec: FieldSpec) -> XsdType:
        return XsdType("xs:string", (("pattern", r"\+7[0-9]{10}"),))

    def sample(self, spec: FieldSpec, language: Language) -> Raw:
        return "+77000000000"
