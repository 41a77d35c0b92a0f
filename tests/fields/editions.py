"""A form for the tests: every type and kind of table, conditions, rules, computed values."""

from __future__ import annotations

from datetime import date
from typing import Any

from forms_server.languages import BilingualText
from forms_server.specs.expressions import Expression, parse
from forms_server.specs.model import (
    Edition,
    FieldSpec,
    Limits,
    Numbering,
    Original,
    Rows,
    RowSpec,
    Rule,
    SectionSpec,
    Severity,
    TableSpec,
)

from .specimens import OPTIONS, REGIONS, TEXT


def field(name: str, type_: str, **more: Any) -> FieldSpec:
    """A field; conditions are given as text."""
    for key in ("shown_if", "required_if", "computed"):
        if key in more:
            more[key] = _parse(more[key])
    return FieldSpec(**{"id": name, "type": type_, "label": TEXT, **more})


def rule(name: str, test: str, **more: Any) -> Rule:
    """A rule; its message tells its name."""
    more = {**more, "when": _parse(more.get("when"))}
    message = BilingualText(kk=f"{name} бұзылды", ru=f"{name} нарушено")
    return Rule(id=name, test=parse(test), message=message, **more)


def edition(*items: FieldSpec | TableSpec, rules: tuple[Rule, ...] = ()) -> Edition:
    """An edition of one section."""
    return Edition(
        form_id="test-01",
        id="2025-05-02",
        order="1",
        title=TEXT,
        in_force_from=date(2025, 5, 2),
        in_force_until=None,
        original=Original.RU,
        translation="working",
        template="test/01",
        source="order-1:1",
        sections=(SectionSpec(id="one", title=TEXT, items=items),),
        signatures=(),
        rules=rules,
        numbering=Numbering(pattern="{number}", per=("form",)),
    )


def _parse(text: str | None) -> Expression | None:
    return None if text is None else parse(text)


ROWS = (
    RowSpec(id="h", number="I", text=TEXT, heading=True),
    RowSpec(id="r1", number="1", text=TEXT),
    RowSpec(id="r2", number="2", text=TEXT),
)
PAPERS = TableSpec(
    id="papers", label=TEXT, rows_are=Rows.FIXED, rows=ROWS,
    columns=(
        field("sheets", "integer", required_if="filled(note)", limits=Limits(minimum="1")),
        field("note", "one-of", options=OPTIONS, required_if="filled(sheets)"),
    ),
)  # fmt: skip
SERVICES = TableSpec(
    id="services", label=TEXT, rows_are=Rows.FREE, minimum=1, maximum=3,
    columns=(
        field("hours", "hours", required=True),
        field("price", "money", required=True),
        field("cost", "money", computed="hours * price"),
        field("person", "person"),
    ),
)  # fmt: skip
MEASURES = TableSpec(
    id="measures", label=TEXT, rows_are=Rows.PICKED, rows=ROWS, row_label=TEXT, maximum=4,
    columns=(field("count", "integer", required=True),),
)  # fmt: skip
WHOLE = edition(
    field("iin", "iin", required=True, means="person.iin"),
    field("person", "person", required=True, means="person.name"),
    field("address", "address", reference=REGIONS),
    field("identity", "identity-document", options=OPTIONS),
    field("period", "period"),
    field("born", "date", limits=Limits(maximum="today")),
    field("month", "month"),
    field("year", "year"),
    field("text", "text"),
    field("long", "long-text"),
    field("mail", "e-mail"),
    field("phone", "phone"),
    field("bin", "bin"),
    field("act", "act-number"),
    field("percent", "percent"),
    field("height", "centimetres"),
    field("weight", "kilograms"),
    field("region", "reference", reference=REGIONS),
    field("kind", "one-of", options=OPTIONS, required=True),
    field("kinds", "some-of", options=OPTIONS),
    field("yes", "yes-no"),
    field("consent", "consent", required=True),
    field("reason", "text", shown_if="kind == 'b'", required_if="kind == 'b'"),
    PAPERS,
    SERVICES,
    MEASURES,
    field("total", "money", computed="sum(services.cost)"),
    rules=(
        rule("hours_a_day", "sum(services.hours) <= 8", field="services"),
        rule("price_fair", "price <= 1000", field="price", each="services",
             severity=Severity.WARNING),
        rule("born_before", "born < today", field="born", when="filled(born)"),
    ),
)  # fmt: skip
RIGHT: dict[str, Any] = {
    "iin": "000000000000",
    "person": {"surname": "Үлгіев", "given_name": "Үлгі"},
    "kind": "a",
    "consent": "true",
    "services": [{"hours": "2,5", "price": "100,25"}],
}
"""The least that is right."""
