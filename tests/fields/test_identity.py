"""Numbers with a check digit, names of people, addresses, identity documents."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms_server.fields.identity import arrival_in, is_check_digit_right
from forms_server.fields.registry import TYPES, part_specs
from forms_server.languages import Language

from .specimens import DIGITS_11, KAZAKH, NAMES, REGIONS, read, refused, spec_of, with_check_digit

BOTH = pytest.mark.parametrize("name", ["iin", "bin"])


@given(DIGITS_11)
def test_one_check_digit_fits_or_none_is_issued(first_eleven: str) -> None:
    fitting = [f"{first_eleven}{digit}" for digit in range(10)]
    right = [digits for digits in fitting if is_check_digit_right(digits)]
    whole = with_check_digit(first_eleven)
    assert right == ([whole] if whole else [])


def remainder_of_first_row(first_eleven: str) -> int:
    return sum(place * int(digit) for place, digit in enumerate(first_eleven, 1)) % 11


def test_the_second_row_of_weights_is_used() -> None:
    first_eleven = next(
        f"{number:011}"
        for number in range(10**6)
        if remainder_of_first_row(f"{number:011}") == 10 and with_check_digit(f"{number:011}")
    )
    assert is_check_digit_right(str(with_check_digit(first_eleven)))


def test_a_number_that_neither_row_allows_is_refused() -> None:
    first_eleven = next(
        f"{number:011}" for number in range(10**6) if with_check_digit(f"{number:011}") is None
    )
    assert not any(is_check_digit_right(f"{first_eleven}{digit}") for digit in range(10))


@BOTH
@pytest.mark.parametrize(
    "typed", ["000000000000", "000 000 000 000", "000000-000000", " 000000\u00a0000000 "]
)
def test_digits_may_be_parted(name: str, typed: str) -> None:
    assert read(name, typed) == "0" * 12


@BOTH
@pytest.mark.parametrize("typed", ["0" * 11, "0" * 13, "x" * 12, "00000000000O", "-"])
def test_a_number_has_twelve_digits(name: str, typed: str) -> None:
    assert refused(name, typed) == f"{name}-length"


@BOTH
@given(DIGITS_11, st.integers(1, 9))
def test_a_wrong_check_digit_is_refused(name: str, first_eleven: str, shift: int) -> None:
    whole = with_check_digit(first_eleven)
    if whole:
        wrong = f"{first_eleven}{(int(whole[-1]) + shift) % 10}"
        assert refused(name, wrong) == f"{name}-check-digit"


@given(DIGITS_11)
def test_birth_date_and_sex_are_never_asked_of_an_iin(first_eleven: str) -> None:
    """Resolution No. 853 of 2013-08-26 removed the link: month 99 is as good as any."""
    for month in ("99", "00", "13"):
        whole = with_check_digit(first_eleven[:2] + month + first_eleven[4:])
        if whole:
            assert refused("iin", whole) is None


def test_an_act_number_has_fourteen_digits() -> None:
    assert read("act-number", "2026 0102 000001") == "20260102000001"
    assert refused("act-number", "2026010200001") == "act-number-length"


@pytest.mark.parametrize(
    ("number", "day"),
    [
        ("20260302000001", date(2026, 3, 2)),
        ("02032026000001", date(2026, 3, 2)),
        ("20012026000001", date(2026, 1, 20)),
        ("20202020000001", None),
        ("20260230000001", None),
        ("31041999000001", None),
        ("99999999999999", None),
    ],
)
def test_an_act_number_begins_with_the_day_of_arrival(number: str, day: date | None) -> None:
    assert arrival_in(number) == day
    assert TYPES["act-number"].inside(number) == {"arrived_on": day}


@given(st.text(KAZAKH + "абвгдеёжзийклмнопрстуфхцчшщъыьэюяABCxyz", min_size=1, max_size=40))
def test_letters_of_our_alphabets_are_never_refused(name: str) -> None:
    assert read("name-part", name) == name


@given(NAMES)
def test_letters_of_any_script_are_never_refused(name: str) -> None:
    assert refused("name-part", name) is None


@pytest.mark.parametrize("name", ["Әбдіхалық-Үлгі", "О’Үлгі", "д'Үлгі", "Үлгі оғлы", "ʻИса", "Һ"])
def test_a_name_may_have_a_hyphen_an_apostrophe_and_a_space(name: str) -> None:
    assert read("name-part", name) == name


@pytest.mark.parametrize("name", ["Үлгі2", "3", "Үлгі²"])
def test_a_name_has_no_digits(name: str) -> None:
    assert refused("name-part", name) == "name-digits"


def test_a_name_is_at_most_80_long() -> None:
    assert refused("name-part", "ү" * 81) == "text-too-long"


@pytest.mark.parametrize(
    ("value", "shown", "initials"),
    [
        ({"surname": "Үлгіев", "given_name": "Үлгі", "patronymic": "Үлгіұлы"},
         "Үлгіев Үлгі Үлгіұлы", "Үлгіев Ү.\u00a0Ү."),
        ({"surname": "Үлгіев", "given_name": "Үлгі", "patronymic": None},
         "Үлгіев Үлгі", "Үлгіев Ү."),
        ({"surname": "Үлгіев", "given_name": "Үлгі"}, "Үлгіев Үлгі", "Үлгіев Ү."),
    ],
)  # fmt: skip
def test_a_person_is_shown_with_and_without_a_patronymic(
    value: dict[str, str | None], shown: str, initials: str
) -> None:
    type_, spec = TYPES["person"], spec_of("person")
    assert type_.show(value, spec, Language.KK) == shown
    assert type_.show_part(value, "initials", spec, Language.KK) == initials


def test_an_address_says_what_each_part_is() -> None:
    type_, spec = TYPES["address"], spec_of("address", reference=REGIONS)
    value = {"region": "akmola", "district": "Үлгі", "village": None, "street": "Абай",
             "house": "1а", "flat": "2"}  # fmt: skip
    assert type_.show(value, spec, Language.RU) == "Акмолинская, Үлгі, ул. Абай, д. 1а, кв. 2"
    assert type_.show(value, spec, Language.KK) == "Ақмола, Үлгі, Абай көшесі, 1а-үй, 2-пәтер"
    assert type_.show_part(value, "village", spec, Language.KK) == ""


def test_a_region_behind_its_label_is_shown_in_the_fields_case() -> None:
    type_, spec = TYPES["address"], spec_of("address", reference=REGIONS, case="blank")
    value = {"region": "akmola", "district": "Үлгі"}
    assert type_.show_part(value, "region", spec, Language.RU) == "р"
    assert type_.show(value, spec, Language.RU) == "Акмолинская, Үлгі"


@pytest.mark.parametrize(
    ("street", "in_kazakh", "in_russian"),
    [
        ("Орталық", "Орталық көшесі", "ул. Орталық"),
        ("Абай көшесі", "Абай көшесі", "Абай көшесі"),
        ("Достық даңғылы", "Достық даңғылы", "Достық даңғылы"),
        ("Самал-2 шағын ауданы", "Самал-2 шағын ауданы", "Самал-2 шағын ауданы"),
        ("пр. Абая", "пр. Абая", "пр. Абая"),
        ("5 мкр", "5 мкр", "5 мкр"),
        ("Алаңғасар", "Алаңғасар көшесі", "ул. Алаңғасар"),
    ],
)
def test_an_address_does_not_call_a_street_twice(
    street: str, in_kazakh: str, in_russian: str
) -> None:
    type_, spec = TYPES["address"], spec_of("address", reference=REGIONS)
    value = {"region": "akmola", "street": street}
    assert type_.show(value, spec, Language.KK) == f"Ақмола, {in_kazakh}"
    assert type_.show(value, spec, Language.RU) == f"Акмолинская, {in_russian}"


def test_a_region_is_typed_where_no_reference_is_named() -> None:
    assert part_specs(spec_of("address"))[0].type == "text"
    assert part_specs(spec_of("address", reference=REGIONS))[0].type == "reference"


def test_an_identity_document_is_shown_whole_and_in_parts() -> None:
    type_, spec = TYPES["identity-document"], spec_of("identity-document")
    value = {"kind": "a", "number": "000", "issuer": "ІІМ", "issued_on": date(2025, 5, 2)}
    assert type_.show(value, spec, Language.KK) == "a нұсқа, 000, ІІМ, 02.05.2025"
    assert type_.show_part(value, "issued_on", spec, Language.KK) == "02.05.2025"
    assert type_.show_part({}, "issued_on", spec, Language.KK) == ""
