"""The frozen values of a specification: what they tell about themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms_server.languages import BilingualText, Language
from forms_server.specs.model import (
    Edition,
    FieldSpec,
    FormSpec,
    Kind,
    Numbering,
    Original,
    Reference,
    ReferenceItem,
    Rows,
    RowSpec,
    SectionSpec,
    TableSpec,
)

TEXT = BilingualText(kk="үлгі", ru="образец")
FIRST, SECOND, LAST = date(2021, 3, 3), date(2021, 12, 6), date(2023, 7, 1)
NAME = FieldSpec(id="person", type="person", label=TEXT, means="person.name")
IIN = FieldSpec(id="iin", type="iin", label=TEXT, means="person.iin")
HOURS = FieldSpec(id="hours", type="hours", label=TEXT)
ROW = RowSpec(id="r1", number="1", text=TEXT)
TABLE = TableSpec(id="rows", label=TEXT, rows_are=Rows.FREE, columns=(HOURS,), rows=(ROW,))


def edition(since: date, until: date | None, *, original: Original = Original.RU) -> Edition:
    return Edition(
        form_id="test-01",
        id=since.isoformat(),
        order="1",
        title=TEXT,
        in_force_from=since,
        in_force_until=until,
        original=original,
        translation="working",
        template="test/01",
        source="order-1:1",
        sections=(
            SectionSpec(id="one", title=TEXT, items=(NAME, TABLE)),
            SectionSpec(id="two", title=TEXT, items=(IIN,)),
        ),
        signatures=(),
        rules=(),
        numbering=Numbering(pattern="{number}", per=("form",)),
    )


FORM = FormSpec(
    id="test-01",
    kind=Kind.ACT,
    rules="test",
    rules_title=TEXT,
    appendix="1",
    title=TEXT,
    editions=(edition(FIRST, SECOND), edition(SECOND, LAST)),
)


@pytest.mark.parametrize(
    ("day", "found"),
    [
        (FIRST - timedelta(days=1), None),
        (FIRST, FIRST),
        (SECOND - timedelta(days=1), FIRST),
        (SECOND, SECOND),
        (LAST - timedelta(days=1), SECOND),
        (LAST, None),
    ],
)
def test_an_edition_is_in_force_from_its_day_to_before_its_end(
    day: date, found: date | None
) -> None:
    on_day = FORM.edition_on(day)
    assert (on_day and on_day.in_force_from) == found


def test_an_edition_is_found_by_its_order_even_after_its_end() -> None:
    early = replace(edition(FIRST, SECOND), id="2020-01-01")
    form = replace(FORM, editions=(early, edition(SECOND, None)))
    assert form.edition_on(date(2020, 1, 1)) is early
    assert form.edition("2020-01-01") is early
    assert form.edition("2020-01-02") is None


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_on_one_day_there_is_one_edition(day: date) -> None:
    assert sum(item.in_force_on(day) for item in FORM.editions) <= 1


def test_the_latest_edition_is_the_last() -> None:
    assert FORM.latest is FORM.editions[-1]
    assert FORM.latest.key == "test-01/2021-12-06"


@pytest.mark.parametrize(
    ("original", "translated"),
    [(Original.RU, {Language.KK}), (Original.KK, {Language.RU}), (Original.BOTH, set())],
)
def test_the_other_language_is_the_translation(
    original: Original, translated: set[Language]
) -> None:
    made = edition(FIRST, None, original=original)
    assert {language for language in Language if made.is_translation(language)} == translated
    assert made.is_bilingual_page is (original is Original.BOTH)


def test_items_stand_in_printed_order() -> None:
    made = edition(FIRST, None)
    assert [*made.items] == ["person", "rows", "iin"]
    assert list(made.fields()) == [NAME, IIN]
    assert list(made.tables()) == [TABLE]


def test_a_shared_meaning_finds_its_field() -> None:
    made = edition(FIRST, None)
    assert made.meaning("person.iin") is IIN
    assert made.meaning("person.phone") is None


def test_a_table_knows_its_parts_by_id() -> None:
    assert TABLE.column("hours") is HOURS
    assert TABLE.column("none") is None
    assert TABLE.row("r1") is ROW
    assert TABLE.row("none") is None


def test_only_a_picked_table_has_a_row_to_name() -> None:
    assert TABLE.names == ("hours",)
    assert replace(TABLE, rows_are=Rows.PICKED).names == ("hours", "row")


def test_a_reference_finds_its_items() -> None:
    item = ReferenceItem(id="abai", text=TEXT)
    reference = Reference(id="regions", title=TEXT, items=(item,))
    assert reference.item("abai") is item
    assert reference.item("none") is None


def test_values_are_frozen() -> None:
    with pytest.raises(AttributeError):
        NAME.id = "other"  # type: ignore[misc]


def test_a_page_shows_dots_where_a_row_has_a_blank() -> None:
    row = RowSpec(id="m1", number="1", text=BilingualText(kk="{a} кг: {b_2}", ru="вес {a} кг"))
    assert row.title == BilingualText(kk="… кг: …", ru="вес … кг")
