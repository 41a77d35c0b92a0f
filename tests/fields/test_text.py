"""Texts, e-mail addresses, phone numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms_server.fields.text import Phone
from forms_server.languages import BilingualText, Language
from forms_server.specs.model import FieldSpec, Limits

from .specimens import KAZAKH, read, refused


def test_stray_spaces_fall_away() -> None:
    assert read("text", "  бір \u00a0 екі\tүш ") == "бір екі үш"


def test_lines_of_a_long_text_are_kept() -> None:
    assert read("long-text", "бір \r\n  екі\n\nүш\n") == "бір\nекі\n\nүш"


def test_a_letter_has_one_spelling() -> None:
    assert read("text", "и\u0306") == "й"


@pytest.mark.parametrize("text", ["a\0b", "\x1b[31m", "\ud800", "\ufffe"])
def test_invisible_signs_are_refused(text: str) -> None:
    assert refused("text", f"я{text}я") == "answer-control-characters"


@pytest.mark.parametrize("text", ["李", "😀", "ع", "Ԧ", "\u0e01"])
def test_a_letter_that_the_paper_lacks_is_named(text: str) -> None:
    assert refused("text", f"я{text}я") == "answer-unprintable"


def test_marks_that_nobody_sees_fall_away() -> None:
    assert read("text", "\ufeffсө\u00adз\u200b") == "сөз"
    assert read("text", "и\u200b\u0306") == "й", "one spelling, whatever stood between"


@pytest.mark.parametrize("raw", [True, False, [], ["x"], {}, {"a": "b"}, ("x",)])
def test_what_is_no_text_is_refused(raw: object) -> None:
    assert refused("text", raw) == "answer-not-text"


def test_a_number_of_json_is_a_text() -> None:
    assert read("text", 7) == "7"
    assert read("text", 7.5) == "7.5"


@pytest.mark.parametrize(("name", "longest"), [("text", 200), ("long-text", 4000)])
def test_a_text_may_have_its_length_and_not_more(name: str, longest: int) -> None:
    assert read(name, "ү" * longest) == "ү" * longest
    assert refused(name, "ү" * (longest + 1)) == "text-too-long"
    assert refused(name, "абвгд", limits=Limits(length=4)) == "text-too-long"


@given(st.text(KAZAKH, min_size=1, max_size=50))
def test_kazakh_letters_are_letters(text: str) -> None:
    assert read("text", text) == text


@pytest.mark.parametrize("address", ["name@example.kz", "a.b+c@sub.example.kz", "пошта@мысал.қаз"])
def test_an_address_is_taken(address: str) -> None:
    assert read("e-mail", f" {address} ") == address


@pytest.mark.parametrize(
    "address",
    ["name", "name@", "@example.kz", "name@example", "a b@example.kz", "a@b@c.kz", "a@.kz",
     "a@b..kz", "<a@b.kz>", "a@b.kz,c@d.kz", "mailto:a@b.kz"],
)  # fmt: skip
def test_what_is_no_address_is_refused(address: str) -> None:
    assert refused("e-mail", address) == "email-wrong"


def test_an_address_is_at_most_254_long() -> None:
    assert refused("e-mail", "a" * 250 + "@b.kz") == "text-too-long"


@pytest.mark.parametrize(
    "typed",
    ["+77012345678", "87012345678", "7012345678", "8 (701) 234-56-78", "+7 701 234 56 78",
     "7.701.234.56.78", "+7\u00a0701\u2011234\u201156\u201178"],
)  # fmt: skip
def test_a_phone_is_taken_however_it_is_typed(typed: str) -> None:
    assert read("phone", typed) == "+77012345678"


@pytest.mark.parametrize(
    "typed", ["701", "97012345678", "+996 701 234 56 78", "abc", "70123456789012", "-"]
)
def test_what_is_no_phone_is_refused(typed: str) -> None:
    assert refused("phone", typed) == "phone-wrong"


def test_a_phone_is_never_broken_between_lines() -> None:
    spec = FieldSpec(id="phone", type="phone", label=BilingualText(kk="т", ru="т"))
    assert " " not in Phone().show("+77000000000", spec, Language.RU)
