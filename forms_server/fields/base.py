"""What every field type is: how an answer is read, written, shown, put into XML and sampled.

Three shapes of one answer, used everywhere:

* **raw**: what was typed or what JSON holds — a string, a list of strings, or (composites) a
  mapping of part to raw;
* **value**: what was meant — ``str``, ``int``, ``Decimal``, ``date``, ``bool``, ``tuple[str, ...]``
  or (composites) a mapping of part to value; ``None`` is an empty answer;
* **canonical raw**: the one raw form that a value is written in (ISO dates, point decimals).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar, Literal, TypeAlias

from forms_server.errors import InvalidAnswerError, words
from forms_server.languages import BilingualText, Language
from forms_server.specs.model import FieldSpec

Raw: TypeAlias = Any
"""``str | Sequence[str] | Mapping[str, Raw]``, straight from outside: trust nothing."""
Value: TypeAlias = Any
Control: TypeAlias = Literal[
    "text", "textarea", "select", "radios", "checkboxes", "checkbox", "composite"
]

NO_BREAK = "\u00a0"

INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")
"""Soft hyphens, joiners and marks of direction that come along with copied text."""
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
UNPRINTABLE = re.compile(
    "[^\u0020-\u007e\u00a0-\u03ff\u0400-\u0525\u1e00-\u1ef9\u2010-\u2027\u2030-\u205e"
    "\u2070-\u209c\u20a0-\u20b5\u20b8-\u20ba\u2116\u2122\u2190-\u22ff\u2500-\u25ff]"
)
"""What the print fonts (Liberation 2, DejaVu) have no letter for; a test prints all the others."""


@dataclass(frozen=True, slots=True)
class XsdType:
    """A simple type of XML Schema: its base, its facets, and whether it is a list of that base."""

    base: str
    facets: Sequence[tuple[str, str]] = ()
    is_list: bool = False


@dataclass(frozen=True, slots=True)
class Input:
    """How the web asks: the control, its width in characters, and its HTML attributes."""

    control: Control
    width: int | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


class FieldType:
    """One type of answer. Subclasses override what differs; instances hold no state."""

    name: ClassVar[str]
    input: ClassVar[Input] = Input("text")
    parts: ClassVar[tuple[str, ...]] = ()
    """What a template may ask :meth:`show_part` for, beside the whole."""
    rule_names: ClassVar[tuple[str, ...]] = ()
    """The parts of the value that a rule may name, as ``period.first``."""
    has_figures: ClassVar[bool] = False
    """Whether a rule may name the figures of the item that was chosen."""

    def wrong_attribute(self, spec: FieldSpec) -> str | None:
        """The attribute of the specification that this type cannot work with, if there is one."""
        return None

    def read(self, raw: Raw, spec: FieldSpec, today: date) -> Value:
        """The value of what was typed, ``None`` if nothing was.

        Raises :class:`InvalidAnswerError` with the sentence to show at the input.
        """
        text = self.clean(raw)
        return self.read_text(text, spec, today) if text else None

    def clean(self, raw: Raw) -> str:
        """One line of text without stray spaces; refuses what is no text."""
        if raw is None:
            return ""
        if isinstance(raw, bool) or not isinstance(raw, (str, int, float)):
            raise InvalidAnswerError("answer-not-text")
        text = " ".join(unicodedata.normalize("NFC", INVISIBLE.sub("", str(raw))).split())
        if CONTROL.search(text):
            raise InvalidAnswerError("answer-control-characters")
        unprintable = UNPRINTABLE.search(text)
        if unprintable:
            raise InvalidAnswerError("answer-unprintable", letter=unprintable[0])
        return text

    def read_text(self, text: str, spec: FieldSpec, today: date) -> Value:
        """The value of a non-empty clean text."""
        raise NotImplementedError

    def settle(self, value: Value) -> Value:
        """A computed value brought to this type's places."""
        return value

    def write(self, value: Value) -> Raw:
        """The canonical raw of a value that is not ``None``; ``read(write(v)) == v``."""
        return str(value)

    def show(self, value: Value, spec: FieldSpec, language: Language) -> str:
        """The value as the paper and the pages show it."""
        del spec, language
        return str(value)

    def show_part(self, value: Value, part: str, spec: FieldSpec, language: Language) -> str:
        """One of :attr:`parts` of the value as the paper shows it."""
        raise NotImplementedError

    def inside(self, value: Value) -> Mapping[str, Value]:
        """What rules may name inside a value that is no mapping of parts: :attr:`rule_names`."""
        return {}

    def xsd(self, spec: FieldSpec) -> XsdType:
        """The XML Schema type of the canonical raw."""
        raise NotImplementedError

    def sample_as(self, text: str, today: date) -> Raw:
        """The raw answer that the specification writes as the sample: ``today``, an option's id."""
        del today
        return text

    def sample(self, spec: FieldSpec, language: Language) -> Raw:
        """A plausible, obviously made-up raw answer that :meth:`read` accepts."""
        raise NotImplementedError


class Composite(FieldType):
    """A type whose answer has named parts, each of a type of its own."""

    input = Input("composite")

    def wrong_attribute(self, spec: FieldSpec) -> str | None:
        return "sample" if spec.sample else None

    def check(self, value: Value) -> None:
        """Refuse parts that are right alone and wrong together (:class:`InvalidAnswerError`)."""

    def part_specs(self, spec: FieldSpec) -> Sequence[FieldSpec]:
        """The parts in the order they are asked in."""
        raise NotImplementedError


def part_label(code: str) -> BilingualText:
    """The label of a part of a composite, from ``messages/parts.toml``."""
    return words(f"part-{code}")


def wrong_case(spec: FieldSpec) -> str | None:
    """``case``, where the reference does not give every item in the case that the field names."""
    items = spec.reference.items if spec.reference else ()
    is_given = spec.case is None or all(spec.case in item.cases for item in items)
    return None if is_given else "case"
