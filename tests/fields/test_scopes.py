"""What expressions may name: figures, parts inside rows, and what earlier documents give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from forms_server.fields.answers import read_answers
from forms_server.fields.scopes import row_scope, rows_of, scope_of
from forms_server.fields.values import Reading
from forms_server.specs.earlier import Combine, EarlierSource, EarlierSpec
from forms_server.specs.model import Edition, Reference, ReferenceItem, Rows, Severity, TableSpec
from forms_server.specs.working_days import NAME, WorkingDays

from .editions import edition, field, rule
from .specimens import TEXT, TODAY

DEVICES = Reference(
    id="devices",
    title=TEXT,
    items=(
        ReferenceItem(
            id="chair", text=TEXT, figures={"years": Decimal(7), "price": Decimal("1.5")}
        ),
        ReferenceItem(id="cane", text=TEXT, figures={"years": Decimal(2)}),
        ReferenceItem(id="badge", text=TEXT),
    ),
)
FIGURES = ("price", "years")


def device(name: str = "device", **more: Any) -> Any:
    return field(name, "reference", reference=DEVICES, part_names=FIGURES, **more)


def table(*columns: Any, **more: Any) -> TableSpec:
    return TableSpec(id="devices", label=TEXT, rows_are=Rows.FREE, columns=columns, **more)


def broken(made: Edition, raw: Mapping[str, Any], today: date = TODAY) -> list[str]:
    return [refusal.path for refusal in read_answers(made, raw, today).refusals]


# -- figures and parts ----------------------------------------------------------------------------


def test_a_figure_is_that_of_the_chosen_item() -> None:
    made = edition(
        field("issued", "date"), device(),
        field("next", "date", computed="plus_years(issued, device.years)"),
        field("sum", "money", computed="2 * device.price"),
    )  # fmt: skip
    values = read_answers(made, {"issued": "29.02.2024", "device": "chair"}, TODAY).answers.values
    assert (values["next"], values["sum"]) == (date(2031, 2, 28), Decimal(3))
    values = read_answers(made, {"issued": "29.02.2024", "device": "cane"}, TODAY).answers.values
    assert (values["next"], values["sum"]) == (date(2026, 2, 28), None)
    values = read_answers(made, {"issued": "29.02.2024", "device": "badge"}, TODAY).answers.values
    assert values["next"] is None, "an item without the figure gives nothing"
    assert read_answers(made, {}, TODAY).answers.values["next"] is None


def test_a_row_has_the_figures_of_its_own_choice() -> None:
    made = edition(
        device(),
        table(
            device(), field("count", "integer"),
            field("until", "integer", computed="count * device.years"),
        ),
        rules=(rule("few", "count <= device.years", field="count", each="devices"),),
    )  # fmt: skip
    rows = [{"device": "chair", "count": 7}, {"device": "cane", "count": 3}, {"count": 9}]
    raw = {"device": "chair", "devices": rows}
    reading = read_answers(made, raw, TODAY)
    assert [row["until"] for row in reading.answers.values["devices"]] == [49, 6, None]
    assert broken(made, raw) == ["devices-1-count"]


def test_a_row_has_the_parts_of_its_own_answers() -> None:
    stay = field("stay", "period", part_names=("first", "last"))
    made = edition(
        table(stay, field("note", "text", shown_if="stay.first < stay.last")),
        rules=(rule("short", "days(stay.first, stay.last) <= 3", field="stay", each="devices"),),
    )
    raw = [
        {"stay": {"first": "01.05.2026", "last": "01.05.2026"}, "note": "falls away"},
        {"stay": {"first": "01.05.2026", "last": "04.05.2026"}, "note": "stays"},
    ]
    reading = read_answers(made, {"devices": raw}, TODAY)
    assert [row["note"] for row in reading.answers.values["devices"]] == [None, "stays"]
    assert [refusal.path for refusal in reading.refusals] == ["devices-1-stay"]


def test_the_names_of_a_set_are_told() -> None:
    made = edition(device(), table(device(), field("count", "integer")))
    values = {"device": "cane", "devices": ({"device": "chair", "count": 1}, {"count": 2})}
    scope = scope_of(made, values, TODAY)
    assert scope["device.years"] == 2
    assert scope["devices.device"] == ("chair", None)
    assert scope["today"] == TODAY
    rows = rows_of(values["devices"])
    spec = made.items["devices"]
    assert isinstance(spec, TableSpec)
    assert row_scope(spec, rows[0], scope)["device.years"] == 7
    assert row_scope(spec, rows[1], scope)["device.years"] is None


def test_the_working_days_of_the_edition_are_reckoned_with() -> None:
    table_of_days = WorkingDays(
        first=date(2026, 1, 1), last=date(2026, 12, 31), off=frozenset({date(2026, 5, 7)})
    )
    made = replace(
        edition(
            field("accepted", "date"),
            field("due", "date", computed="plus_working_days(accepted, 2)"),
        ),
        working_days=table_of_days,
    )
    values = read_answers(made, {"accepted": "06.05.2026"}, TODAY).answers.values
    assert values["due"] == date(2026, 5, 11)
    assert scope_of(made, values, TODAY)[NAME] == table_of_days


# -- earlier documents ----------------------------------------------------------------------------

SOURCE = EarlierSource(form="test-01")
BEFORE = EarlierSpec(id="before", person="iin", combine=Combine.SUM, sources=(SOURCE,))
IN_ROWS = EarlierSpec(
    id="given", person="iin", combine=Combine.COUNT, sources=(SOURCE,), each="devices"
)
LOOKING = replace(
    edition(
        field("iin", "iin"),
        field("hours", "hours"),
        table(device(), field("count", "integer")),
        rules=(
            rule("year", "hours + before <= 60", field="hours"),
            rule("again", "given == 0", field="device", each="devices", when="filled(given)"),
            rule("twice", "given + before < 60", field="count", each="devices",
                 severity=Severity.WARNING),
        ),
    ),
    earlier=(BEFORE, IN_ROWS),
)  # fmt: skip
RAW = {"iin": "000000000000", "hours": "8", "devices": [{"device": "chair"}, {}, {"count": "2"}]}


class Found:
    """Answers looks from a table, and keeps what it was asked."""

    def __init__(self, **values: Any) -> None:
        self.values = values
        self.asked: list[tuple[str, Any, Any]] = []

    def __call__(self, look: EarlierSpec, scope: Mapping[str, Any]) -> Any:
        self.asked.append((look.id, scope.get(look.person), scope.get("device.years")))
        return self.values.get(look.id)


def spoken(found: Found | None) -> list[tuple[str, str]]:
    reading: Reading = read_answers(LOOKING, RAW, TODAY, found)
    return [(item.path, item.code) for item in (*reading.refusals, *reading.warnings)]


def test_without_a_look_no_rule_of_earlier_documents_speaks() -> None:
    assert spoken(None) == []
    assert spoken(Found()) == []


def test_a_rule_speaks_of_what_was_found() -> None:
    assert spoken(Found(before=Decimal(52), given=0)) == []
    assert spoken(Found(before=Decimal("52.01"), given=0)) == [("hours", "rule-year")]
    assert spoken(Found(before=Decimal(0), given=1)) == [
        ("devices-0-device", "rule-again"),
        ("devices-2-device", "rule-again"),
    ]


def test_each_look_is_taken_once_a_row_with_the_names_of_its_row() -> None:
    found = Found(before=Decimal(0), given=0)
    assert spoken(found) == []
    assert found.asked == [
        ("before", "000000000000", None),
        ("given", "000000000000", 7),
        ("given", "000000000000", None),
    ]
