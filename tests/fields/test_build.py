"""Forms built from specifications: names of inputs, what was typed, messages at their inputs."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict
from wtforms import Field, FieldList, FormField

from forms_server.fields.answers import read_answers
from forms_server.fields.base import Raw
from forms_server.fields.build import PartForm, build_form, flatten
from forms_server.fields.registry import TYPES
from forms_server.fields.values import OVERRIDES, Reading, Refusal
from forms_server.languages import Language
from forms_server.services.samples import sample_answers
from forms_server.specs.model import Edition, Rows
from forms_server.specs.reading import read_forms
from tests.judges import ROOT

from .editions import RIGHT, WHOLE
from .specimens import LINES, TODAY

REAL = [edition for form in read_forms(ROOT, TYPES).values() for edition in form.editions]
EDITIONS = [WHOLE, *REAL]
every_edition = pytest.mark.parametrize("edition", EDITIONS, ids=lambda edition: edition.key)
every_language = pytest.mark.parametrize("language", Language)


def inputs(form: Any) -> Iterator[Any]:
    """Every field of a form, rows and parts included."""
    for field in form:
        yield field
        if isinstance(field, FieldList):
            yield from inputs(field.entries)
        elif isinstance(field, FormField):
            yield from inputs(field.form)


def fill(edition: Edition, raw: Mapping[str, Raw], language: Language) -> PartForm:
    return build_form(edition, language)(flatten(raw))


def typed(raw: Raw) -> Raw:
    """Raw answers without what was left empty."""
    if isinstance(raw, Mapping):
        kept = {name: typed(value) for name, value in raw.items()}
        return {name: value for name, value in kept.items() if value not in ("", {}, [], None)}
    if isinstance(raw, list):
        return [value for value in map(typed, raw) if value not in ("", {}, None)]
    return raw


# -- every form -----------------------------------------------------------------------------------


@every_edition
@every_language
def test_every_form_is_built_in_every_language(edition: Edition, language: Language) -> None:
    form = build_form(edition, language)()
    names = [field.name for field in inputs(form)]
    assert len(names) == len({*names})
    assert {*edition.items} == {field.name for field in form}
    for field in inputs(form):
        assert field.label.text or isinstance(field, FormField)
    assert build_form(edition, language) is build_form(edition, language), "built once"


@every_edition
@every_language
def test_what_a_page_posts_is_what_json_says(edition: Edition, language: Language) -> None:
    sample = dict(RIGHT if edition is WHOLE else sample_answers(edition, language, TODAY))
    sample.pop(OVERRIDES, None)  # a page has a place for a reason only once there is a warning
    form = fill(edition, sample, language)
    assert typed(form.raw) == typed(sample)
    assert read_answers(edition, form.raw, TODAY) == read_answers(edition, sample, TODAY)


@every_edition
@every_language
def test_every_message_of_an_empty_form_stands_at_an_input(
    edition: Edition, language: Language
) -> None:
    form = fill(edition, {}, language)
    reading = read_answers(edition, form.raw, TODAY)
    assert {refusal.path for refusal in found_in(reading)} <= {field.name for field in inputs(form)}
    for refusal in found_in(reading):
        message = refusal.message[language]
        assert not message.isascii(), "a message of the library's own"


@every_edition
def test_the_library_says_nothing_of_its_own(edition: Edition) -> None:
    form = fill(edition, {}, Language.KK)
    form.validate()
    assert not list(_texts(form.errors))
    assert not any(field.validators for field in inputs(form))


def _texts(errors: Any) -> Iterator[str]:
    if isinstance(errors, str):
        yield errors
    elif isinstance(errors, Mapping):
        for value in errors.values():
            yield from _texts(value)
    elif isinstance(errors, (list, tuple)):
        for value in errors:
            yield from _texts(value)


def test_no_validator_of_the_library_is_used() -> None:
    """Its messages exist in English, partly in Russian and hardly in Kazakh."""
    for path in sorted((ROOT / "forms_server").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("wtforms"):
                names = {alias.name for alias in node.names}
                assert "validators" not in {*names, *(node.module or "").split(".")}, path


# -- what was typed -------------------------------------------------------------------------------


def posted(**values: str | list[str]) -> MultiDict[str, str]:
    pairs = [
        (name.replace("__", "-"), value)
        for name, found in values.items()
        for value in ([found] if isinstance(found, str) else found)
    ]
    return MultiDict(pairs)


def test_what_was_typed_stays_as_it_was_typed() -> None:
    form = build_form(WHOLE, Language.KK)(
        posted(iin=" 12 34 ", person__surname="<b>", kinds=["a", "c"], services__0__hours="x",
               papers__r2__sheets="01", measures__0__row="r1")
    )  # fmt: skip
    raw = form.raw
    assert raw["iin"] == " 12 34 "
    assert raw["person"]["surname"] == "<b>"
    assert raw["kinds"] == ["a", "c"]
    assert raw["services"][0]["hours"] == "x"
    assert raw["papers"]["r2"]["sheets"] == "01"
    assert raw["measures"][0]["row"] == "r1"


@given(
    st.fixed_dictionaries(
        {
            "iin": LINES,
            "kinds": st.lists(st.sampled_from("abc"), min_size=1, unique=True),
            "person": st.fixed_dictionaries({"surname": LINES, "given_name": LINES}),
            "papers": st.dictionaries(
                st.sampled_from(["r1", "r2"]),
                st.fixed_dictionaries({"sheets": LINES}),
                min_size=1,
            ),
            "services": st.lists(
                st.fixed_dictionaries({"hours": LINES, "price": LINES}), min_size=1, max_size=3
            ),
        }
    )
)
def test_flatten_and_raw_undo_each_other(raw: dict[str, Any]) -> None:
    assert typed(fill(WHOLE, raw, Language.RU).raw) == raw


def test_yes_and_no_of_json_are_ticked() -> None:
    form = fill(WHOLE, {"yes": True, "consent": True, "text": None, "year": 2025}, Language.KK)
    assert (form.raw["yes"], form.raw["consent"]) == ("true", "true")
    assert (form.raw["text"], form.raw["year"]) == ("", "2025")


def test_rows_posted_with_gaps_are_counted_anew() -> None:
    form = build_form(WHOLE, Language.KK)(posted(services__3__hours="1", services__7__hours="2"))
    assert [row["hours"] for row in form.raw["services"]] == ["1", "2"]


def test_a_row_of_an_absurd_number_makes_no_rows() -> None:
    form = build_form(WHOLE, Language.KK)(posted(services__999999999__hours="1"))
    assert len(form.raw["services"]) == 1


def test_fields_that_nobody_asked_for_are_passed_over() -> None:
    form = build_form(WHOLE, Language.KK)(posted(colour="red", data="x", errors="y", form="z"))
    assert {*form.raw} == {*WHOLE.items}


@pytest.mark.parametrize("number", ["²", "٣", "9" * 5000, "-1", "1x", ""])
def test_what_is_no_number_of_a_row_makes_no_row(number: str) -> None:
    posts = MultiDict({"services-3-hours": "1", f"services-{number}-hours": "2"})
    rows: Any = build_form(WHOLE, Language.KK)(posts).raw["services"]
    assert [row["hours"] for row in rows] == ["1"]


# -- messages -------------------------------------------------------------------------------------


def found_in(reading: Reading) -> Iterator[Refusal]:
    yield from reading.refusals
    yield from reading.warnings


def test_messages_stand_at_their_inputs() -> None:
    raw = {**RIGHT, "iin": "1", "person": {"surname": "Ү1", "given_name": "Ү"},
           "papers": {"r1": {"sheets": "0", "note": "a"}},
           "services": [{"hours": "9", "price": "x"}], "measures": [{"count": "1"}]}  # fmt: skip
    form = fill(WHOLE, raw, Language.KK)
    paths = {refusal.path for refusal in found_in(read_answers(WHOLE, form.raw, TODAY))}
    assert paths == {
        "iin", "person-surname", "papers-r1-sheets", "services-0-price", "services",
        "measures-0-row",
    }  # fmt: skip
    assert paths <= {field.name for field in inputs(form)}


def test_a_message_stands_at_the_row_that_was_posted_with_a_gap() -> None:
    form = build_form(WHOLE, Language.RU)(
        posted(services__2__hours="1", services__2__price="1", services__5__hours="x",
               services__5__price="1")
    )  # fmt: skip
    rows = [
        refusal.path
        for refusal in read_answers(WHOLE, form.raw, TODAY).refusals
        if refusal.path.startswith("services")
    ]
    assert rows == ["services-1-hours"]
    shown_again = fill(WHOLE, form.raw, Language.RU)
    typed_there = {field.name: field for field in inputs(shown_again)}["services-1-hours"]
    assert typed_there.raw == "x"


# -- choices --------------------------------------------------------------------------------------


@every_language
def test_choices_are_in_the_language_of_the_page(language: Language) -> None:
    fields = {field.name: field for field in build_form(WHOLE, language)()}
    assert fields["kind"].choices[0] == ("a", {"kk": "a нұсқа", "ru": "вариант a"}[language])
    assert (
        dict(fields["region"].choices)["akmola"] == {"kk": "Ақмола", "ru": "Акмолинская"}[language]
    )
    assert dict(fields["yes"].choices) == {
        "true": {"kk": "иә", "ru": "да"}[language], "false": {"kk": "жоқ", "ru": "нет"}[language]
    }  # fmt: skip


def test_what_was_chosen_is_marked() -> None:
    raw = {"kind": "b", "kinds": ["a", "c"], "measures": [{"row": "r2"}]}
    fields = {field.name: field for field in fill(WHOLE, raw, Language.KK)}
    assert [fields["kind"].is_chosen(name) for name in "abc"] == [False, True, False]
    assert [fields["kinds"].is_chosen(name) for name in "abc"] == [True, False, True]
    picker = fields["measures"].entries[0].form._fields["row"]
    assert [picker.is_chosen(name) for name in ("r1", "r2")] == [False, True]


def test_rows_are_picked_under_their_headings() -> None:
    for edition in EDITIONS:
        for table in edition.tables():
            if table.rows_are is Rows.PICKED:
                field: Field = {f.name: f for f in build_form(edition, Language.KK)()}[table.id]
                groups = field.entries[0].form._fields["row"].groups
                ids = [row_id for _, rows in groups for row_id, _ in rows]
                assert ids == [row.id for row in table.rows if not row.heading]
                assert not any("{" in text for _, rows in groups for _, text in rows)
