"""The page as a template sees it: labels, answers, rows, marks, names of inputs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from forms_server.documents.context import Output, Page, UnknownNameError
from forms_server.fields.answers import read_answers
from forms_server.fields.values import Answers
from forms_server.languages import BilingualText, Language
from forms_server.specs.model import Edition, Mark, Original, TableSpec
from tests.fields.editions import RIGHT, WHOLE, edition, field
from tests.fields.specimens import OPTIONS, TODAY

RAW: dict[str, Any] = {
    **RIGHT,
    "kind": "b",
    "reason": "<b>себеп</b>",
    "kinds": ["a", "c"],
    "born": "2025-05-02",
    "region": "akmola",
    "papers": {"r2": {"sheets": "3", "note": "a"}},
    "measures": [
        {"row": "r1", "count": "1"}, {"row": "r1", "count": "2"}, {"row": "r2", "count": "3"},
    ],
}  # fmt: skip


def page(
    language: Language = Language.KK, *, made: Edition = WHOLE, output: Output = Output.ISSUED
) -> Page:
    answers = read_answers(made, RAW, TODAY).answers if output is Output.ISSUED else Answers({})
    return Page(made, language, output=output, answers=answers)


def test_labels_are_in_the_language_of_the_page() -> None:
    assert page(Language.KK).label("iin") == "үлгі"
    assert page(Language.RU).label("services.hours") == "образец"
    assert page(Language.RU).label("iin", "kk") == "үлгі"


def test_answers_are_shown_whole_and_in_parts() -> None:
    here = page(Language.RU)
    assert here.text("born") == "02.05.2025"
    assert here.text("born", "month") == "мая"
    assert here.text("born", "month", "kk") == "мамыр"
    assert here.text("person") == "Үлгіев Үлгі"
    assert here.text("person", "initials") == "Үлгіев Ү."
    assert here.text("region") == "Акмолинская"
    assert here.text("reason") == "<b>себеп</b>", "escaped by the template, once"
    assert here.text("phone") == here.text("period", "first_day") == ""
    assert here.text("total") == "250,63"


@pytest.mark.parametrize(
    "ask",
    [
        lambda here: here.text("none"),
        lambda here: here.text("services"),
        lambda here: here.text("born", "hour"),
        lambda here: here.label("services.none"),
        lambda here: here.label("none.hours"),
        lambda here: [*here.rows("iin")],
        lambda here: here.columns("none"),
        lambda here: here.option("kind", "d"),
        lambda here: here.statement("none"),
        lambda here: here.cell("services", next(here.rows("services")), "none"),
        lambda here: here.cell("services", next(here.rows("services")), "hours", "words"),
    ],
)
def test_a_name_that_the_specification_lacks_is_told(ask: Any) -> None:
    with pytest.raises(UnknownNameError):
        ask(page())


def test_the_page_remembers_what_was_asked() -> None:
    here = page()
    here.text("born")
    here.label("services.hours")
    assert here.asked == {"born", "services", "services.hours"}


# -- rows -----------------------------------------------------------------------------------------


def numbers(here: Page, table: str) -> list[tuple[str, int]]:
    return [(row.number, len(row.values)) for row in here.rows(table)]


def test_fixed_rows_are_all_printed() -> None:
    assert numbers(page(), "papers") == [("I", 0), ("1", 0), ("2", 2)]
    assert numbers(page(output=Output.BLANK), "papers") == [("I", 0), ("1", 0), ("2", 0)]


def test_answered_rows_are_counted_from_one() -> None:
    here = page()
    (row,) = here.rows("services")
    assert (row.number, row.prefix) == ("1", "services.0")
    assert here.cell("services", row, "hours") == "2,5"
    assert here.cell("services", row, "cost") == "250,63"


def test_a_blank_has_empty_rows_to_write_on() -> None:
    assert numbers(page(output=Output.BLANK), "services") == [("1", 0), ("2", 0), ("3", 0)]


def test_a_row_picked_twice_is_printed_twice_and_named_once() -> None:
    rows = [(row.number, row.text, row.values.get("count")) for row in page().rows("measures")]
    assert rows == [("I", "үлгі", None), ("1", "үлгі", 1), ("", "", 2), ("2", "үлгі", 3)]


def test_columns_that_are_not_printed_are_left_out() -> None:
    table = WHOLE.items["services"]
    assert isinstance(table, TableSpec)
    hidden = replace(
        table, columns=tuple(replace(c, printed=c.id != "price") for c in table.columns)
    )
    made = edition(hidden)
    here = Page(made, Language.KK, output=Output.BLANK)
    assert [column.id for column in here.columns("services")] == ["hours", "cost", "person"]


# -- choices --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mark", "marks"),
    [(Mark.UNDERLINE, ["", "chosen", ""]), (Mark.STRIKE, ["struck", "chosen", "struck"])],
)
def test_what_was_chosen_is_marked_as_the_form_says(mark: Mark, marks: list[str]) -> None:
    made = edition(field("kind", "one-of", options=OPTIONS, mark=mark))
    here = Page(made, Language.KK, output=Output.ISSUED, answers=Answers({"kind": "b"}))
    assert [here.mark("kind", option) for option in here.options("kind")] == marks
    empty = Page(made, Language.KK, output=Output.BLANK)
    assert {empty.mark("kind", option) for option in empty.options("kind")} == {""}


def test_some_choices_are_marked_together() -> None:
    here = page()
    assert [here.mark("kinds", option) for option in here.options("kinds")] == [
        "chosen", "", "chosen",
    ]  # fmt: skip
    assert here.option_text(here.option("kinds", "a")) == "a нұсқа"


# -- bilingual pages ------------------------------------------------------------------------------


def test_a_bilingual_page_says_both_once() -> None:
    both = replace(WHOLE, original=Original.BOTH)
    here = page(made=both)
    assert here.label("iin") == "үлгі / образец"
    assert here.text("region") == "Ақмола / Акмолинская"
    assert here.text("born") == "02.05.2025", "the same in both is said once"
    same = replace(both.items["iin"], label=BilingualText(kk="ЖСН", ru="ЖСН"))
    assert page(made=replace(edition(same), original=Original.BOTH)).label("iin") == "ЖСН"


# -- fillable blanks ------------------------------------------------------------------------------


def test_no_two_inputs_have_one_name() -> None:
    here = page(output=Output.FILLABLE)
    names = [here.input_name("iin"), here.input_name("iin"), here.input_name("born", "day"),
             here.input_name("iin", language="ru")]  # fmt: skip
    assert names == ["kk.iin", "kk.iin.2", "kk.born.day", "ru.iin"]
    assert here.fillable
    assert not page().fillable


def test_an_input_is_named_for_a_screen_reader() -> None:
    here = page(output=Output.FILLABLE)
    assert here.title_of("iin") == "үлгі"
    assert here.title_of("person", "surname") == "үлгі: Тегі"
    assert here.title_of("born", "day") == "үлгі"
