"""Numbers and money: typed with commas and spaces, kept exactly, printed as people write them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms_server.fields.numbers import in_words
from forms_server.fields.registry import TYPES
from forms_server.languages import Language
from forms_server.specs.model import Limits

from .specimens import VALUES, read, refused, spec_of

NO_BREAK = "\u00a0"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("7,5", "7.5"), ("7.5", "7.5"), ("07,50", "7.5"), ("1 0", "10"), ("1\u00a00,25", "10.25"),
     ("1\u202f0", "10"), (7, "7"), (7.5, "7.5"), ("7.500000", "7.5"), ("-0", "0")],
)  # fmt: skip
def test_a_number_is_taken_however_it_is_typed(typed: object, meant: str) -> None:
    assert read("hours", typed) == Decimal(meant)


@pytest.mark.parametrize(
    "typed", ["x", "1,2,3", "1.2.3", ",5", "5,", "--1", "+1", "1e3", "0x10", "½", "∞", "nan"]
)
def test_what_is_no_number_is_refused(typed: str) -> None:
    assert refused("hours", typed) == "number-wrong"


@pytest.mark.parametrize(
    ("name", "typed", "code"),
    [
        ("integer", "7,5", "number-whole"), ("percent", "7,5", "number-whole"),
        ("hours", "7,125", "number-places"), ("money", "0,001", "number-places"),
        ("kilograms", "70,25", "number-places"), ("centimetres", "170,25", "number-places"),
        ("integer", "-1", "number-limits"), ("hours", "745", "number-limits"),
        ("percent", "101", "number-limits"), ("money", "1000000000000", "number-limits"),
        ("money", "9" * 30, "number-limits"), ("hours", "0," + "0" * 38 + "1", "number-places"),
    ],
)  # fmt: skip
def test_places_and_limits_are_kept(name: str, typed: str, code: str) -> None:
    assert refused(name, typed) == code


def test_a_field_may_have_limits_of_its_own() -> None:
    limits = Limits(minimum="-5", maximum="5.5")
    assert read("hours", "-5", limits=limits) == -5
    assert read("hours", "5,5", limits=limits) == Decimal("5.5")
    assert refused("hours", "5,51", limits=limits) == "number-limits"


@given(VALUES["money"])
def test_money_is_shown_as_it_is_typed(value: Decimal) -> None:
    shown = TYPES["money"].show(value, spec_of("money"), Language.KK)
    assert read("money", shown) == value
    assert shown[-3] == ","


def test_thousands_do_not_part_at_the_end_of_a_line() -> None:
    spec = spec_of("money")
    assert TYPES["money"].show(Decimal("1234567.50"), spec, Language.RU) == "1 234 567,50".replace(
        " ", NO_BREAK
    )
    assert TYPES["integer"].show(1000, spec_of("integer"), Language.RU) == f"1{NO_BREAK}000"


@given(st.decimals(-(10**12), 10**12, places=6))
def test_a_computed_value_is_rounded_half_away_from_zero(value: Decimal) -> None:
    settled = TYPES["money"].settle(value)
    assert abs(settled - value) <= Decimal("0.005")
    assert settled.as_tuple().exponent == -2


@pytest.mark.parametrize(
    ("value", "settled"), [("2.345", "2.35"), ("2.355", "2.36"), ("-2.345", "-2.35")]
)
def test_a_half_tiyn_is_rounded_up(value: str, settled: str) -> None:
    assert TYPES["money"].settle(Decimal(value)) == Decimal(settled)


@given(st.integers(0, 10**40))
def test_any_product_of_answers_settles(value: int) -> None:
    TYPES["money"].settle(Decimal(value) * Decimal("0.125"))
    TYPES["hours"].settle(value)
    assert TYPES["integer"].settle(value) >= 0


@pytest.mark.parametrize(
    ("number", "language", "words"),
    [
        (0, Language.RU, "ноль"), (21, Language.RU, "двадцать один"),
        (1250, Language.RU, "одна тысяча двести пятьдесят"),
        (0, Language.KK, "нөл"), (21, Language.KK, "жиырма бір"),
        (1250, Language.KK, "бір мың екі жүз елу"),
    ],
)  # fmt: skip
def test_a_number_is_told_in_words(number: int, language: Language, words: str) -> None:
    assert in_words(number, language) == words
    type_ = TYPES["integer"]
    assert type_.show_part(number, "words", spec_of("integer"), language) == words


@pytest.mark.parametrize(
    ("value", "language", "told"),
    [
        ("21", Language.RU, "двадцать один"),
        ("21.00", Language.KK, "жиырма бір"),
        ("21.05", Language.RU, "двадцать один тенге 05 тиын"),
        ("21.99", Language.KK, "жиырма бір теңге 99 тиын"),
    ],
)
def test_a_sum_is_told_in_words_to_its_last_tiyn(value: str, language: Language, told: str) -> None:
    assert TYPES["money"].show_part(Decimal(value), "words", spec_of("money"), language) == told


@pytest.mark.parametrize("limits", [Limits(minimum="10"), Limits(maximum="1"), Limits()])
@pytest.mark.parametrize("name", ["integer", "hours", "kilograms", "centimetres", "percent"])
def test_a_sample_keeps_the_limits(name: str, limits: Limits) -> None:
    raw = TYPES[name].sample(spec_of(name, limits=limits), Language.KK)
    assert refused(name, raw, limits=limits) is None
