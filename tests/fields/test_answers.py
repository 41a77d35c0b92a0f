"""Reading whole answers: values where right, refusals where wrong, never an exception."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms_server.fields.answers import LONGEST_REASON, read_answers
from forms_server.fields.values import Reading, write_answers
from forms_server.languages import BilingualText
from forms_server.specs.model import Edition, Limits, Rows, Severity, TableSpec

from .editions import MEASURES, PAPERS, RIGHT, ROWS, WHOLE, edition, field, rule
from .specimens import JUNK, OPTIONS, TEXT, TODAY


def read(raw: Any, made: Edition = WHOLE) -> Reading:
    return read_answers(made, raw, TODAY)


def refusals(raw: Any, made: Edition = WHOLE) -> set[tuple[str, str]]:
    return {(refusal.path, refusal.code) for refusal in read(raw, made).refusals}


def changed(**more: Any) -> dict[str, Any]:
    return {**RIGHT, **more}


def services(*rows: dict[str, Any]) -> dict[str, Any]:
    return changed(services=[{"hours": "1", "price": "100", **row} for row in rows])


# -- right answers --------------------------------------------------------------------------------


def test_right_answers_are_read_and_written_back() -> None:
    reading = read(RIGHT)
    assert reading.is_right
    assert reading.answers.value("iin") == "000000000000"
    assert reading.answers.value("person") == {
        "surname": "Үлгіев", "given_name": "Үлгі", "patronymic": None,
    }  # fmt: skip
    again = read(write_answers(WHOLE, reading.answers))
    assert again == reading


def test_what_was_typed_is_not_changed() -> None:
    typed = deepcopy(RIGHT)
    read(typed)
    assert typed == RIGHT


@pytest.mark.parametrize("raw", [None, [], "", "x", 7, True, (), b"{}"])
def test_answers_are_an_object(raw: object) -> None:
    assert refusals(raw) == {("", "answers-not-an-object")}


# -- required -------------------------------------------------------------------------------------


def test_everything_that_is_required_is_asked_for() -> None:
    assert refusals({}) == {
        ("iin", "answer-missing"), ("person-surname", "answer-missing"),
        ("person-given_name", "answer-missing"), ("kind", "choice-missing"),
        ("consent", "consent-missing"), ("services", "table-too-few-rows"),
    }  # fmt: skip


def test_a_consent_that_is_not_given_is_missing() -> None:
    assert refusals(changed(consent="false")) == {("consent", "consent-missing")}


@pytest.mark.parametrize("reason", ["", "   ", None])
def test_what_is_required_by_another_answer_is_asked_for(reason: str | None) -> None:
    assert refusals(changed(kind="b", reason=reason)) == {("reason", "answer-missing")}
    assert refusals(changed(kind="b", reason="себеп")) == set()


def test_a_cell_is_required_by_its_neighbour() -> None:
    assert refusals(changed(papers={"r1": {"sheets": "2"}})) == {
        ("papers-r1-note", "choice-missing")
    }
    assert refusals(changed(papers={"r2": {"note": "a"}})) == {
        ("papers-r2-sheets", "answer-missing")
    }


def test_a_cell_may_be_required_by_a_field_outside_the_table() -> None:
    table = TableSpec(
        id="rows", label=TEXT, rows_are=Rows.FREE,
        columns=(field("a", "text"), field("b", "text", required_if="kind == 'b'")),
    )  # fmt: skip
    made = edition(field("kind", "one-of", options=OPTIONS), table)
    assert refusals({"kind": "b", "rows": [{"a": "x"}]}, made) == {("rows-0-b", "answer-missing")}
    assert refusals({"kind": "a", "rows": [{"a": "x"}]}, made) == set()


def test_a_wrong_answer_is_not_missing_as_well() -> None:
    assert refusals(changed(iin="1")) == {("iin", "iin-length")}
    assert refusals(changed(person={"surname": "Ү1", "given_name": "Үлгі"})) == {
        ("person-surname", "name-digits")
    }
    assert refusals(services({"hours": "x"})) == {("services-0-hours", "number-wrong")}


def test_an_optional_composite_that_is_begun_is_asked_for_whole() -> None:
    assert refusals(changed(period={"first": "2026-01-01", "last": ""})) == {
        ("period-last", "answer-missing")
    }
    assert refusals(changed(period={"first": "", "last": None})) == set()
    assert read(changed(period={"first": "", "last": None})).answers.value("period") is None


def test_a_period_does_not_end_before_it_begins() -> None:
    raw = changed(period={"first": "2026-02-01", "last": "2026-01-31"})
    found = read(raw).refusals
    assert [refusal.path for refusal in found] == ["period-last"]


# -- shown ----------------------------------------------------------------------------------------


def test_what_is_not_shown_falls_away_with_its_refusals() -> None:
    reading = read(changed(kind="a", reason="\0"))
    assert reading.is_right
    assert reading.answers.value("reason") is None


def test_what_hangs_on_a_hidden_answer_falls_away_too() -> None:
    made = edition(
        field("third", "text", shown_if="filled(second)"),
        field("second", "text", shown_if="filled(first)"),
        field("first", "text"),
        field("sum", "integer", computed="count(rows.a)"),
        TableSpec(id="rows", label=TEXT, rows_are=Rows.FREE, columns=(field("a", "text"),),
                  shown_if=made_condition("filled(second)")),
    )  # fmt: skip
    reading = read({"third": "3", "second": "2", "rows": [{"a": "x"}]}, made)
    assert reading.answers.values == {
        "third": None, "second": None, "first": None, "sum": 0, "rows": (),
    }  # fmt: skip
    whole = {"first": "1", "second": "2", "third": "3", "rows": [{"a": "x"}]}
    assert read(whole, made).answers.value("sum") == 1


def made_condition(text: str) -> Any:
    return field("x", "text", shown_if=text).shown_if


def test_a_hidden_number_is_not_reckoned_with() -> None:
    made = edition(
        field("kind", "one-of", options=OPTIONS),
        field("extra", "money", shown_if="kind == 'a'"),
        field("total", "money", computed="extra * 2"),
    )
    assert read({"kind": "a", "extra": "5"}, made).answers.value("total") == 10
    assert read({"kind": "b", "extra": "5"}, made).answers.value("total") is None


def test_a_cell_that_is_not_shown_falls_away() -> None:
    table = TableSpec(
        id="rows", label=TEXT, rows_are=Rows.FREE,
        columns=(
            field("kind", "one-of", options=OPTIONS),
            field("why", "text", shown_if="kind == 'b'", required=True),
        ),
    )  # fmt: skip
    made = edition(table)
    reading = read({"rows": [{"kind": "a", "why": "\0"}, {"kind": "b", "why": "иә"}]}, made)
    assert reading.is_right
    assert [row["why"] for row in reading.answers.value("rows")] == [None, "иә"]
    assert refusals({"rows": [{"kind": "b"}]}, made) == {("rows-0-why", "answer-missing")}


# -- computed -------------------------------------------------------------------------------------


def test_products_and_sums_are_rounded_to_the_tiyn() -> None:
    raw = services({"hours": "0,33", "price": "0,05"}, {"hours": "0,3", "price": "0,05"})
    answers = read(raw).answers
    assert [row["cost"] for row in answers.value("services")] == [Decimal("0.02"), Decimal("0.02")]
    assert answers.value("total") == Decimal("0.04")


def test_what_was_sent_for_a_computed_value_does_not_count() -> None:
    raw = {**services({"cost": "999"}), "total": "999"}
    reading = read(raw)
    assert reading.is_right
    assert reading.answers.value("total") == 100


def test_with_an_empty_operand_nothing_is_computed() -> None:
    answers = read(changed(services=[{"hours": "1"}])).answers
    assert answers.value("services")[0]["cost"] is None
    assert answers.value("total") is None


def test_a_computed_value_keeps_its_limits() -> None:
    raw = services({"hours": "8", "price": "999999999999"})
    assert ("services-0-cost", "number-limits") in refusals(raw)
    made = edition(
        field("a", "integer"), field("b", "percent", computed="a * a", limits=Limits(maximum="50"))
    )
    assert refusals({"a": "8"}, made) == {("b", "number-limits")}
    assert refusals({"a": "7"}, made) == set()


# -- tables ---------------------------------------------------------------------------------------


def test_only_answered_rows_are_kept() -> None:
    raw = changed(
        papers={"r1": {"sheets": "", "note": ""}, "r2": {"sheets": 1, "note": "a"}},
        services=[{}, {"hours": "1", "price": "1"}, None, "", {"hours": "", "person": {}}],
        measures=[{"row": "", "count": ""}, {"row": "r2", "count": "3"}],
    )
    reading = read(changed(**{**raw, "services": raw["services"][:3]}))
    assert reading.is_right
    assert reading.answers.value("papers") == {"r2": {"sheets": 1, "note": "a"}}
    assert len(reading.answers.value("services")) == 1
    assert reading.answers.value("measures") == ({"count": 3, "row": "r2"},)


def test_a_refusal_stands_at_the_row_where_the_answer_was_typed() -> None:
    rows = [{}, {"hours": "1"}, {}]
    assert refusals(changed(services=rows)) == {("services-1-price", "answer-missing")}
    expensive = [{}, {"hours": "1", "price": "2000"}, {}]
    warned = read(changed(services=expensive)).warnings
    assert [warning.path for warning in warned] == ["services-1-price"]


def test_rows_may_be_too_many_or_too_few() -> None:
    row = {"hours": "1", "price": "1"}
    assert refusals(changed(services=[row] * 4)) == {
        ("services", "table-too-many-rows"),
    }
    assert refusals(changed(services=[])) == {("services", "table-too-few-rows")}
    assert refusals(changed(services=[{}])) == {("services", "table-too-few-rows")}


def test_a_picked_row_names_a_row_that_can_be_picked() -> None:
    assert refusals(changed(measures=[{"count": "1"}])) == {("measures-0-row", "row-missing")}
    for row in ("h", "r9", 7):
        assert ("measures-0-row", "choice-unknown") in refusals(
            changed(measures=[{"row": row, "count": "1"}])
        )
    assert refusals(changed(measures=[{"row": "r1"}])) == {("measures-0-count", "answer-missing")}


def test_one_row_may_be_picked_more_than_once() -> None:
    twice = [{"row": "r1", "count": "1"}, {"row": "r1", "count": "2"}]
    assert [row["count"] for row in read(changed(measures=twice)).answers.value("measures")] == [
        1,
        2,
    ]


# -- unknown names and wrong shapes ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (changed(colour="red"), ""),
        (changed(person={"surname": "Ү", "given_name": "Ү", "nick": "x"}), "person"),
        (changed(papers={"r9": {}}), "papers"),
        (changed(papers={"h": {}}), "papers"),
        (changed(papers={"r1": {"colour": "red"}}), "papers-r1"),
        (services({"colour": "red"}), "services-0"),
        (services({"row": "r1"}), "services-0"),
        (changed(overrides={"colour": "red"}), "overrides"),
        (changed(overrides={"hours_a_day": "мүмкін"}), "overrides"),
    ],
)
def test_an_unknown_name_is_refused(raw: dict[str, Any], path: str) -> None:
    assert refusals(raw) == {(path, "answer-unknown")}


def test_a_long_unknown_name_is_told_short() -> None:
    (refusal,) = read(changed(**{"x" * 5000: "y"})).refusals
    assert len(refusal.message.kk) < 200


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (changed(iin=["000000000000"]), ("iin", "answer-not-text")),
        (changed(iin={}), ("iin", "answer-not-text")),
        (changed(iin=False), ("iin", "answer-not-text")),
        (changed(person="Үлгіев"), ("person", "answer-not-parts")),
        (changed(person=[]), ("person", "answer-not-parts")),
        (changed(person={"surname": {}, "given_name": "Ү"}), ("person-surname", "answer-not-text")),
        (changed(papers=["r1"]), ("papers", "answer-not-rows")),
        (changed(papers={"r1": "x"}), ("papers-r1", "answer-not-rows")),
        (changed(papers={"r1": ["x"]}), ("papers-r1", "answer-not-rows")),
        (changed(services={"0": {}}), ("services", "answer-not-rows")),
        (changed(services="x"), ("services", "answer-not-rows")),
        (changed(services=["x"]), ("services-0", "answer-not-rows")),
        (changed(measures=[["row"]]), ("measures-0", "answer-not-rows")),
        (changed(measures=[{"row": [1], "count": "1"}]), ("measures-0-row", "choice-unknown")),
        (changed(overrides="x"), ("overrides", "answer-not-parts")),
        (changed(overrides=["price_fair"]), ("overrides", "answer-not-parts")),
    ],
)
def test_a_wrong_shape_is_refused_where_it_stands(
    raw: dict[str, Any], found: tuple[str, str]
) -> None:
    assert found in refusals(raw)


KEYS = st.sampled_from(
    [*WHOLE.items, "overrides", "row", "r1", "r2", "h", "surname", "given_name", "region", "first",
     "last", "sheets", "note", "hours", "price", "cost", "count", "price_fair", "kind", "number"]
)  # fmt: skip
LIKELY = st.sampled_from(["a", "r1", "1", "0,5", "02.05.2025", "000000000000", "true", "abai", ""])
ANSWERS = st.recursive(
    JUNK | LIKELY,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)


@given(ANSWERS)
def test_any_json_gives_a_reading(raw: Any) -> None:
    reading = read(raw)
    for refusal in (*reading.refusals, *reading.warnings):
        assert refusal.message.kk
        assert refusal.message.ru
    if reading.is_right:
        assert read(write_answers(WHOLE, reading.answers)).answers == reading.answers


@given(st.dictionaries(KEYS, ANSWERS, max_size=8))
def test_junk_beside_right_answers_gives_a_reading(raw: dict[str, Any]) -> None:
    reading = read({**RIGHT, **raw})
    if reading.is_right:
        assert read(write_answers(WHOLE, reading.answers)).answers == reading.answers


# -- rules ----------------------------------------------------------------------------------------


def test_a_broken_rule_is_an_error_at_its_field() -> None:
    reading = read(services({"hours": "8,01"}))
    assert [(r.path, r.code) for r in reading.refusals] == [("services", "rule-hours_a_day")]
    assert reading.refusals[0].message == BilingualText(
        kk="hours_a_day бұзылды", ru="hours_a_day нарушено"
    )


def test_a_rule_is_asked_only_when_it_applies() -> None:
    assert refusals(changed(born=TODAY.isoformat())) == {("born", "rule-born_before")}
    assert refusals(changed(born="")) == set()


def test_a_warning_stands_until_a_reason_is_given() -> None:
    raw = services({"price": "1"}, {"price": "2000"})
    reading = read(raw)
    assert reading.refusals == ()
    assert [(w.path, w.code) for w in reading.warnings] == [("services-1-price", "rule-price_fair")]
    assert not reading.is_right
    given_reason = read({**raw, "overrides": {"price_fair": "  келісім \n бойынша "}})
    assert given_reason.is_right
    assert given_reason.answers.overrides == {"price_fair": "келісім бойынша"}
    again = read(write_answers(WHOLE, given_reason.answers))
    assert again.answers == given_reason.answers


@pytest.mark.parametrize("reason", ["", "  ", None])
def test_an_empty_reason_is_none(reason: str | None) -> None:
    raw = {**services({"price": "2000"}), "overrides": {"price_fair": reason}}
    assert not read(raw).is_right


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("ү" * (LONGEST_REASON + 1), "text-too-long"),
        ("a\0b", "answer-control-characters"),
        ({"a": "b"}, "answer-not-text"),
    ],
)
def test_a_reason_is_a_text_like_any_other(reason: object, code: str) -> None:
    raw = {**services({"price": "2000"}), "overrides": {"price_fair": reason}}
    assert ("overrides-price_fair", code) in refusals(raw)


def test_a_rule_at_a_composite_stands_at_its_first_part() -> None:
    made = edition(
        field("person", "person"), rules=(rule("named", "filled(person)", field="person"),)
    )
    assert refusals({}, made) == {("person-surname", "rule-named")}


def test_a_rule_may_name_a_part() -> None:
    made = edition(
        field("period", "period"),
        rules=(rule("this_year", "year(period.first) == 2026", field="period"),),
    )
    right = {"period": {"first": "2026-01-01", "last": "2026-01-02"}}
    assert refusals(right, made) == set()
    right["period"]["first"] = "2025-12-31"
    assert refusals(right, made) == {("period-first", "rule-this_year")}


def test_a_rule_for_each_row_names_the_row() -> None:
    table = TableSpec(
        id="papers", label=TEXT, rows_are=Rows.FIXED, rows=ROWS, columns=PAPERS.columns
    )
    made = edition(
        table,
        rules=(rule("few", "sheets <= 9", field="sheets", each="papers",
                    severity=Severity.ERROR),),
    )  # fmt: skip
    raw = {"papers": {"r1": {"sheets": "9", "note": "a"}, "r2": {"sheets": "10", "note": "a"}}}
    assert refusals(raw, made) == {("papers-r2-sheets", "rule-few")}


def test_a_rule_knows_which_rows_were_picked() -> None:
    made = edition(
        field("weight", "kilograms"), MEASURES,
        rules=(rule("sizes", "filled(weight)", field="weight", when="'r2' in measures.row"),),
    )  # fmt: skip
    assert refusals({"measures": [{"row": "r1", "count": 1}]}, made) == set()
    assert refusals({"measures": [{"row": "r2", "count": 1}]}, made) == {("weight", "rule-sizes")}


def test_a_rule_knows_which_rows_of_the_form_were_answered() -> None:
    made = edition(
        field("weight", "kilograms"), PAPERS,
        rules=(rule("sizes", "filled(weight)", field="weight", when="'r2' in papers.row"),),
    )  # fmt: skip
    paper = {"sheets": 1, "note": "a"}
    assert refusals({"papers": {"r1": paper}}, made) == set()
    assert refusals({"papers": {"r2": paper}}, made) == {("weight", "rule-sizes")}


def test_today_is_the_day_of_reading() -> None:
    made = edition(field("day", "date", limits=Limits(maximum="today")))
    assert read_answers(made, {"day": "2025-05-02"}, date(2025, 5, 2)).is_right
    assert not read_answers(made, {"day": "2025-05-02"}, date(2025, 5, 1)).is_right
