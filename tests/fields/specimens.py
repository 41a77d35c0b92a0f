"""One field of every type, values that it can have, and junk that may come in their place."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from forms_server.errors import InvalidAnswerError
from forms_server.fields.base import INVISIBLE, UNPRINTABLE, Value
from forms_server.fields.registry import type_of
from forms_server.languages import BilingualText
from forms_server.specs.model import FieldSpec, Option, Reference, ReferenceItem

TODAY = date(2026, 11, 2)
TEXT = BilingualText(kk="үлгі", ru="образец")
KAZAKH = "ӘәҒғҚқҢңӨөҰұҮүҺһІі"
OPTIONS = tuple(
    Option(id=name, text=BilingualText(kk=f"{name} нұсқа", ru=f"вариант {name}")) for name in "abc"
)
REGIONS = Reference(
    id="regions",
    title=TEXT,
    items=tuple(
        ReferenceItem(
            id=name,
            text=BilingualText(kk=kk, ru=ru),
            cases={"blank": BilingualText(kk="к", ru="р")},
        )
        for name, kk, ru in (("abai", "Абай", "Абай"), ("akmola", "Ақмола", "Акмолинская"))
    ),
)


def spec_of(name: str, **more: Any) -> FieldSpec:
    """A field of this type that can be answered."""
    drawn = {
        "one-of": {"options": OPTIONS},
        "some-of": {"options": OPTIONS},
        "identity-document": {"options": OPTIONS},
        "reference": {"reference": REGIONS},
    }
    return FieldSpec(**{"id": "field", "type": name, "label": TEXT, **drawn.get(name, {}), **more})


def read(name: str, raw: Any, **more: Any) -> Value:
    """What a field of this type reads."""
    spec = spec_of(name, **more)
    return type_of(spec).read(raw, spec, TODAY)


def refused(name: str, raw: Any, **more: Any) -> str | None:
    """The code of the refusal, ``None`` if the answer was taken."""
    try:
        read(name, raw, **more)
    except InvalidAnswerError as error:
        return error.code if error.message.kk and error.message.ru else "says nothing"
    return None


def with_check_digit(first_eleven: str) -> str | None:
    """An IIN or BIN as the Law counts it, written anew here; ``None`` where none is issued."""
    digits = [int(digit) for digit in first_eleven]
    check = sum(place * digit for place, digit in enumerate(digits, 1)) % 11
    if check == 10:
        second_row = (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)
        check = sum(weight * digit for weight, digit in zip(second_row, digits, strict=True)) % 11
    return None if check == 10 else f"{first_eleven}{check}"


def _line(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _is_printable(text: str) -> bool:
    return bool(text) and not UNPRINTABLE.search(text) and not INVISIBLE.search(text)


LETTERS = [
    letter
    for letter in map(chr, range(0x20, 0x2600))
    if _is_printable(letter) and unicodedata.category(letter) not in {"Cc", "Cn"}
]
NAME_LETTERS = [
    letter for letter in LETTERS if unicodedata.category(letter)[0] in "LM" or letter in " -’"
]
LINES = st.text(st.sampled_from(LETTERS), max_size=60).map(_line).filter(_is_printable)
NAMES = st.text(st.sampled_from(NAME_LETTERS), max_size=30).map(_line).filter(_is_printable)
DIGITS_11 = st.text("0123456789", min_size=11, max_size=11)
IINS = DIGITS_11.map(with_check_digit).filter(bool)
DAYS = st.dates(date(1880, 1, 1), date(2200, 1, 1))


def _places(places: int, most: str) -> st.SearchStrategy[Decimal]:
    return st.decimals(0, Decimal(most), places=places).map(_settled)


def _settled(value: Decimal) -> Decimal:
    """The number as the types keep it: no zeros at the end but those of the whole part."""
    return value.normalize() + Decimal(0)


VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    "text": LINES,
    "long-text": st.lists(LINES, min_size=1, max_size=5).map("\n".join),
    "e-mail": st.builds(
        "{}@{}.kz".format,
        st.text("abcdef.-+", min_size=1, max_size=20),
        st.text("abc-", min_size=1),
    ),
    "phone": st.text("0123456789", min_size=10, max_size=10).map("+7{}".format),
    "iin": IINS,
    "bin": IINS,
    "act-number": st.text("0123456789", min_size=14, max_size=14),
    "name-part": NAMES,
    "integer": st.integers(0, 1_000_000),
    "hours": _places(2, "744"),
    "centimetres": _places(1, "300"),
    "kilograms": _places(1, "500"),
    "percent": _places(0, "100"),
    "money": st.decimals(0, 999999999999, places=2),
    "date": DAYS,
    "year": st.integers(1880, 2200),
    "month": DAYS.map(lambda day: day.replace(day=1)),
    "time": st.times().map("{:%H:%M}".format),
    "icd-10": st.from_regex(re.compile(r"[A-Z][0-9]{2}(\.[0-9]{1,2})?", re.A), fullmatch=True),
    "one-of": st.sampled_from("abc"),
    "some-of": st.sets(st.sampled_from("abc"), min_size=1).map(lambda ids: tuple(sorted(ids))),
    "yes-no": st.booleans(),
    "consent": st.just(True),
    "reference": st.sampled_from(["abai", "akmola"]),
}
"""Values of every type that is not made of parts."""

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
JUNK = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner,
                                                                max_size=4),
    max_leaves=8,
)  # fmt: skip
"""Anything that JSON can hold, lone surrogates and NaN among it."""
