"""What is picked: one of, some of, yes or no, a consent, an item of a reference."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms_server.fields.registry import TYPES
from forms_server.languages import Language

from .specimens import REGIONS, read, refused, spec_of


@pytest.mark.parametrize("name", ["one-of", "some-of", "yes-no", "consent", "reference"])
@pytest.mark.parametrize("raw", ["d", "A", "a,b", "нет", "1", 1])
def test_what_was_not_offered_is_refused(name: str, raw: object) -> None:
    assert refused(name, raw) == "choice-unknown"


@given(st.lists(st.sampled_from("abc"), min_size=1))
def test_choices_stand_in_the_order_of_the_form(chosen: list[str]) -> None:
    assert read("some-of", chosen) == tuple(name for name in "abc" if name in chosen)


def test_one_choice_of_some_may_come_alone() -> None:
    assert read("some-of", "b") == ("b",)
    assert read("some-of", ["b", "", None]) == ("b",)


@pytest.mark.parametrize("empty", [None, "", [], {}])
def test_no_choice_is_no_answer(empty: object) -> None:
    assert read("some-of", empty) is None


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ({"a": "b"}, "choice-unknown"),
        ([["a"]], "answer-not-text"),
        ([{}], "answer-not-text"),
        (["a", "d"], "choice-unknown"),
    ],
)
def test_a_wrong_shape_of_choices_is_refused(raw: object, code: str) -> None:
    assert refused("some-of", raw) == code


@pytest.mark.parametrize(
    ("raw", "meant"),
    [(True, True), ("true", True), ("yes", True), (False, False), ("false", False), ("no", False)],
)
def test_yes_and_no_are_taken_as_pages_and_json_say_them(raw: object, meant: bool) -> None:
    assert read("yes-no", raw) is meant
    assert read("consent", raw) is (True if meant else None), "a consent is given or it is not"


def test_choices_are_shown_in_both_languages() -> None:
    assert TYPES["one-of"].show("a", spec_of("one-of"), Language.KK) == "a нұсқа"
    assert TYPES["some-of"].show(("a", "c"), spec_of("some-of"), Language.RU) == (
        "вариант a, вариант c"
    )
    assert TYPES["yes-no"].show(True, spec_of("yes-no"), Language.KK) == "иә"
    assert TYPES["yes-no"].show(False, spec_of("yes-no"), Language.RU) == "нет"


def test_an_item_is_shown_in_the_case_of_its_field() -> None:
    type_ = TYPES["reference"]
    assert type_.show("akmola", spec_of("reference"), Language.KK) == "Ақмола"
    assert type_.show("akmola", spec_of("reference", case="blank"), Language.RU) == "р"
    in_case = spec_of("reference", case="blank")
    assert type_.show_part("akmola", "nominative", in_case, Language.KK) == "Ақмола"


@pytest.mark.parametrize("name", ["reference", "address"])
def test_a_case_in_which_the_reference_gives_no_item_is_refused(name: str) -> None:
    given = spec_of(name, reference=REGIONS, case="blank")
    unknown = spec_of(name, reference=REGIONS, case="none")
    assert TYPES[name].wrong_attribute(given) is None
    assert TYPES[name].wrong_attribute(unknown) == "case"


def test_an_item_that_is_gone_is_shown_as_nothing() -> None:
    for name in ("one-of", "reference"):
        assert TYPES[name].show("gone", spec_of(name), Language.KK) == ""
