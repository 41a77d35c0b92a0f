"""Types whose answer is a code of a classification."""

from __future__ import annotations

import re
from datetime import date

from forms_server.errors import InvalidAnswerError
from forms_server.fields.base import FieldType, Input, Raw, Value, XsdType
from forms_server.languages import Language
from forms_server.specs.model import FieldSpec

LOOK_ALIKES = str.maketrans("АВСЕНІКМОРЅТХУЈ", "ABCEHIKMOPSTXYJ")
"""Cyrillic capitals that stand in for Latin ones when a code is typed on the Kazakh keyboard."""


class Icd10(FieldType):
    """A code of ICD-10 (МКБ-10, АХЖ-10); its value is ``Q71.0``, or ``S48`` where that is all."""

    name = "icd-10"
    input = Input("text", 8, {"autocomplete": "off", "autocapitalize": "characters"})
    pattern = re.compile(r"(?P<block>[A-Z][0-9]{2})[.,]?(?P<rest>[0-9]{0,2})", re.ASCII)

    def read_text(self, text: str, spec: FieldSpec, today: date) -> Value:
        plain = text.replace(" ", "").upper().translate(LOOK_ALIKES)
        match = self.pattern.fullmatch(plain)
        if match is None or plain.endswith((".", ",")):
            raise InvalidAnswerError("icd-10-wrong")
        return f"{match['block']}.{match['rest']}" if match["rest"] else match["block"]

    def xsd(self, spec: FieldSpec) -> XsdType:
        return XsdType("xs:string", (("pattern", r"[A-Z][0-9]{2}(\.[0-9]{1,2})?"),))

    def sample(self, spec: FieldSpec, language: Language) -> Raw:
        return "Z00.0"
