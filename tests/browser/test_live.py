"""A filled page shows the same with its scripts as without: the sample of every form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, expect

from forms_server.fields.answers import read_answers
from forms_server.fields.build import flatten
from forms_server.fields.registry import TYPES
from forms_server.fields.scopes import row_scope, scope_of
from forms_server.languages import Language
from forms_server.services.samples import sample_answers
from forms_server.specs.expressions import holds
from forms_server.specs.model import Edition, FieldSpec, TableSpec
from forms_server.specs.reading import read_forms
from tests.browser.conftest import LiveServer
from tests.browser.test_filling import sign_in, start
from tests.judges import ROOT

FORMS = read_forms(ROOT, TYPES)
ZONE = ZoneInfo("Asia/Almaty")
SAVE = """async answers => {
  const form = document.querySelector("[data-filling]");
  const typed = new Set(answers.map(([name]) => name));
  const hidden = [...form.querySelectorAll("input[type=hidden]")];
  const kept = hidden.map(({name, value}) => [name, value]);
  const sent = [...kept.filter(([name]) => !typed.has(name)), ...answers, ["action", "save"]];
  const body = new URLSearchParams(sent);
  return (await fetch(form.getAttribute("action"), {method: "POST", body})).ok;
}"""
SERVED = """async () => {
  const text = await (await fetch(location.href)).text();
  const page = new DOMParser().parseFromString(text, "text/html");
  return Object.fromEntries([...page.querySelectorAll("form output")].map(
    output => [output.id, output.textContent]));
}"""
SHOWN = """() => Object.fromEntries([...document.querySelectorAll("form output")].map(
  output => [output.id, output.value]))"""
HIDDEN = """() => [...document.querySelectorAll("form [data-shown-if][hidden]")].map(one => {
    const own = one.matches("[data-answer]") ? one : one.querySelector("[data-answer]");
    const row = one.closest("[data-row]");
    if (!row) return own.dataset.answer;
    const table = row.closest("[data-kind=rows]");
    const place = row.dataset.row || [...table.querySelectorAll("[data-row]")].indexOf(row);
    return `${table.dataset.answer}-${place}-${own.dataset.answer}`;
})"""


def follows(edition: Edition) -> bool:
    """Whether anything on the page depends on what is typed."""
    columns = (column for table in edition.tables() for column in table.columns)
    fields = [*edition.fields(), *columns]
    return any(spec.computed or spec.shown_if for spec in fields) or any(
        table.shown_if for table in edition.tables()
    )


def test_the_scripts_work_out_what_the_server_does(page: Page, live_server: LiveServer) -> None:
    today = datetime.now(ZONE).date()
    sign_in(page, live_server)
    for form_id, form in FORMS.items():
        if follows(form.latest):
            raw = sample_answers(form.latest, Language.KK, today)
            address = start(page, live_server, form_id)
            assert page.evaluate(SAVE, [*flatten(raw).items(multi=True)]), form_id
            page.goto(address)
            assert page.evaluate(SHOWN) == page.evaluate(SERVED), form_id
            values = read_answers(form.latest, raw, today).answers.values
            scope = scope_of(form.latest, values, today)
            unseen = {name for name in page.evaluate(HIDDEN) if is_known(name, scope)}
            assert unseen == {*hidden(form.latest, scope)}, form_id


def test_a_term_in_working_days_follows_the_day_that_is_typed(
    page: Page, live_server: LiveServer
) -> None:
    sign_in(page, live_server)
    start(page, live_server, "prosthetics-02")
    page.locator("#accepted_on").fill("6.05.2026")
    expect(page.locator("#due_on")).to_have_text("22.05.2026")
    page.locator("#accepted_on").fill("")
    expect(page.locator("#due_on")).to_have_text("")


def test_a_cell_comes_and_goes_with_the_choice_in_its_row(
    page: Page, live_server: LiveServer
) -> None:
    sign_in(page, live_server)
    start(page, live_server, "prosthetics-02")
    table = next(table for table in FORMS["prosthetics-02"].latest.tables()
                 if table.column("quarter_1"))  # fmt: skip
    reference = table.columns[0].reference
    assert reference is not None
    by_quarter = next(item.id for item in reference.items if "quarter" in item.figures)
    quarter = page.locator(f"#{table.id}-0-quarter_1")
    expect(quarter).to_be_hidden()
    page.locator(f"#{table.id}-0-device").select_option(by_quarter)
    expect(quarter).to_be_visible()
    page.locator(f"button[value=add-{table.id}]").click()
    expect(page.locator(f"#{table.id}-1-quarter_1")).to_be_hidden()
    expect(quarter).to_be_visible()


def is_known(name: str, scope: Mapping[str, Any]) -> bool:
    """Whether the server has it, too: it drops rows in which nothing is answered."""
    if "-" not in name:
        return True
    table, place, _ = name.split("-")
    rows = scope[table]
    named = scope.get(f"{table}.row", ())
    return place in named or (place.isdigit() and not named and int(place) < len(rows))


def hidden(edition: Edition, scope: Mapping[str, Any]) -> Iterator[str]:
    """The questions whose condition does not hold."""
    for item in edition.items.values():
        if item.shown_if is not None and not holds(item.shown_if, scope):
            yield item.id
        if isinstance(item, TableSpec):
            yield from hidden_cells(item, scope)


def hidden_cells(table: TableSpec, scope: Mapping[str, Any]) -> Iterator[str]:
    named = scope.get(f"{table.id}.row", ())
    for place, row in enumerate(scope[table.id]):
        names = row_scope(table, row, scope)
        for column in table.columns:
            if is_hidden(column, names):
                yield f"{table.id}-{named[place] if named else place}-{column.id}"


def is_hidden(column: FieldSpec, names: Mapping[str, Any]) -> bool:
    return column.shown_if is not None and not holds(column.shown_if, names)
