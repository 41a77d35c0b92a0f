"""Prefill: answers of one meaning and type go over, what cannot be one stays behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from forms_server.errors import ServiceError
from forms_server.languages import BilingualText, Language
from forms_server.services.accounts import Actor
from forms_server.services.drafts import start_draft
from forms_server.services.prefill import begun_from, carried_items, carry, offers, open_source
from forms_server.services.withdrawing import annul
from forms_server.services.workshop import Workshop
from forms_server.specs.model import (
    Edition,
    FieldSpec,
    Option,
    Rows,
    SectionSpec,
    TableSpec,
)
from forms_server.storage.records import DocumentRecord
from tests.workshop import NOW, issue_sample, stranger_in

NOTHING = BilingualText(kk="", ru="")


def field(name: str, type_: str, means: str | None, **more: Any) -> FieldSpec:
    return FieldSpec(id=name, type=type_, means=means, label=NOTHING, **more)


def table(name: str, *columns: FieldSpec, **more: Any) -> TableSpec:
    more = {"rows_are": Rows.FREE, **more}
    return TableSpec(id=name, label=NOTHING, columns=columns, **more)


def options(*ids: str) -> tuple[Option, ...]:
    return tuple(Option(id=name, text=NOTHING) for name in ids)


@pytest.fixture(scope="module")
def application(workshop: Workshop) -> DocumentRecord:
    return issue_sample(workshop, "mse-01")


class Pair:
    """A document with these questions and answers, and what it gives to other questions."""

    def __init__(self, workshop: Workshop, record: DocumentRecord, actor: Actor) -> None:
        self.actor = actor
        self.source = open_source(workshop, record.number, actor=actor)

    def asked(self, *items: FieldSpec | TableSpec) -> Edition:
        section = SectionSpec(id="all", title=NOTHING, items=items)
        return replace(self.source.edition, sections=(section,))

    def carry(
        self,
        answers: Mapping[str, Any],
        source: tuple[FieldSpec | TableSpec, ...],
        target: tuple[FieldSpec | TableSpec, ...],
        **record: Any,
    ) -> Mapping[str, Any]:
        changed = replace(self.source.record, answers=answers, **record)
        begun = replace(self.source, record=changed, edition=self.asked(*source))
        return carry(begun, self.asked(*target), actor=self.actor)


@pytest.fixture
def pair(workshop: Workshop, application: DocumentRecord, clerk: Actor) -> Pair:
    return Pair(workshop, application, clerk)


# -- fields ---------------------------------------------------------------------------------------


def test_an_answer_goes_over_by_its_meaning_not_by_its_name(pair: Pair) -> None:
    source = (field("a", "text", "diagnosis"), field("b", "text", None))
    target = (field("b", "text", "diagnosis"), field("a", "text", None))
    assert pair.carry({"a": "x", "b": "y"}, source, target) == {"b": "x"}


@pytest.mark.parametrize(
    ("asked", "given", "goes"),
    [
        ("text", "text", True),
        ("long-text", "text", True),
        ("text", "long-text", True),
        ("text", "date", False),
        ("integer", "text", False),
        ("iin", "iin", True),
        ("iin", "text", False),
    ],
)
def test_the_types_must_fit(pair: Pair, asked: str, given: str, *, goes: bool) -> None:
    carried = pair.carry({"a": "1"}, (field("a", asked, "m.x"),), (field("a", given, "m.x"),))
    assert carried == ({"a": "1"} if goes else {})


def test_only_options_that_are_offered_go_over(pair: Pair) -> None:
    one, other = options("x", "y"), options("y", "z")
    single = field("a", "one-of", "m.x", options=one), field("a", "one-of", "m.x", options=other)
    assert pair.carry({"a": "x"}, single[:1], single[1:]) == {}
    assert pair.carry({"a": "y"}, single[:1], single[1:]) == {"a": "y"}
    many = field("a", "some-of", "m.x", options=one), field("a", "some-of", "m.x", options=other)
    assert pair.carry({"a": ["x", "y"]}, many[:1], many[1:]) == {"a": ["y"]}
    assert pair.carry({"a": ["x"]}, many[:1], many[1:]) == {}


def test_what_the_other_form_refuses_is_carried_for_its_reading_to_tell(pair: Pair) -> None:
    """A limit is a reason of the target's own: the clerk sees the answer and the message."""
    short = field("a", "text", "m.x", limits=replace(field("b", "text", None).limits, length=1))
    assert pair.carry({"a": "long"}, (field("a", "text", "m.x"),), (short,)) == {"a": "long"}


def test_parts_go_over_one_by_one(pair: Pair) -> None:
    kinds = options("identity_card", "passport")
    source = field("a", "identity-document", "m.x", options=kinds)
    target = field("a", "identity-document", "m.x", options=kinds[:1])
    raw = {"kind": "passport", "number": "1", "issuer": "x", "issued_on": "2020-01-02"}
    carried = pair.carry({"a": raw}, (source,), (target,))
    assert carried == {"a": {name: raw[name] for name in ("number", "issuer", "issued_on")}}


def test_the_first_answer_of_a_meaning_counts_and_goes_everywhere(pair: Pair) -> None:
    source = (field("a", "text", "m.x"), field("b", "text", "m.x"), field("c", "text", "m.x"))
    target = (field("d", "text", "m.x"), field("e", "text", "m.x"))
    assert pair.carry({"b": "1", "c": "2"}, source, target) == {"d": "1", "e": "1"}


@pytest.mark.parametrize("means", ["document.date", None])
def test_a_new_document_has_a_day_of_its_own(pair: Pair, means: str | None) -> None:
    spec = field("a", "date", means)
    assert pair.carry({"a": "2020-01-02"}, (spec,), (spec,)) == {}


def test_a_consent_is_given_anew(pair: Pair) -> None:
    spec = field("a", "consent", "m.x")
    assert pair.carry({"a": "true"}, (spec,), (spec,)) == {}


def test_a_clerk_s_own_answers_are_no_other_clerk_s(pair: Pair, head: Actor) -> None:
    spec = field("a", "text", "clerk.post")
    assert pair.carry({"a": "x"}, (spec,), (spec,)) == {"a": "x"}
    assert pair.carry({"a": "x"}, (spec,), (spec,), issued_by=head.account_id) == {}


def test_the_document_itself_is_named_by_its_kind(pair: Pair) -> None:
    target = (
        field("number", "text", "issued.application.number"),
        field("day", "date", "issued.application.date"),
        field("other", "text", "issued.sheet.number"),
        field("wrong", "date", "issued.application.number"),
    )
    day = pair.source.day.isoformat()
    assert pair.carry({}, (), target) == {"number": pair.source.record.number, "day": day}


def test_a_number_named_in_the_document_goes_on(pair: Pair) -> None:
    spec = field("a", "text", "issued.sheet.number")
    assert pair.carry({"a": "7"}, (spec,), (spec,)) == {"a": "7"}


# -- tables ---------------------------------------------------------------------------------------

DEVICE, COUNT = field("device", "text", "device"), field("count", "integer", None)


def test_a_table_of_the_same_meaning_goes_over_row_by_row(pair: Pair) -> None:
    source = table("a", DEVICE, COUNT, field("own", "text", None), means="documents")
    renamed = replace(DEVICE, id="item")
    target = table("b", renamed, COUNT, means="documents")
    rows = [{"device": "x", "count": "1", "own": "?"}, {"own": "?"}, {"count": "2"}]
    carried = pair.carry({"a": rows}, (source,), (target,))
    assert carried == {"b": [{"item": "x", "count": "1"}, {"count": "2"}]}


def test_printed_rows_keep_their_places(pair: Pair, workshop: Workshop) -> None:
    edition = workshop.forms["mse-01"].latest
    documents = replace(next(edition.tables()), means="documents")
    fewer = replace(documents, rows=documents.rows[1:])
    column = documents.columns[0].id
    rows = {row.id: {column: "1"} for row in documents.rows[:3]}
    carried = pair.carry({documents.id: rows}, (documents,), (fewer,))
    assert carried == {documents.id: {row.id: {column: "1"} for row in documents.rows[1:3]}}
    free = table("b", documents.columns[0], means="documents")
    assert pair.carry({"b": [{column: "1"}]}, (free,), (documents,)) == {}
    gone_over = pair.carry({documents.id: rows}, (documents,), (free,))
    assert gone_over == {"b": [{column: "1"}] * 3}


def test_picked_rows_go_where_the_catalogue_has_them(pair: Pair, workshop: Workshop) -> None:
    edition = workshop.forms["mse-12"].latest
    picked = next(found for found in edition.tables() if found.rows_are is Rows.PICKED)
    picked = replace(picked, means="m.x")
    one, other = [row for row in picked.rows if not row.heading][:2]
    fewer = replace(picked, rows=(other,))
    rows = [{"row": one.id}, {"row": other.id}]
    carried = pair.carry({picked.id: rows}, (picked,), (fewer,))
    assert carried == {picked.id: [{"row": other.id}]}


def test_columns_of_one_meaning_go_over_without_the_table_s(pair: Pair) -> None:
    source = table("a", DEVICE, COUNT)
    target = table("b", replace(DEVICE, id="item"), field("note", "text", None))
    carried = pair.carry({"a": [{"device": "x"}, {"count": "1"}]}, (source,), (target,))
    assert carried == {"b": [{"item": "x"}]}


def test_an_application_is_the_first_row_of_a_journal(pair: Pair) -> None:
    source = (field("a", "iin", "person.iin"), field("b", "text", "clerk.post"))
    columns = (
        field("iin", "iin", "person.iin"),
        field("post", "text", "clerk.post"),
        field("number", "text", "issued.application.number"),
    )
    answers = {"a": "000000000000", "b": "x"}
    number = pair.source.record.number
    row = {"iin": "000000000000", "post": "x", "number": number}
    assert pair.carry(answers, source, (table("rows", *columns),)) == {"rows": [row]}
    assert pair.carry({"b": "x"}, source, (table("rows", columns[1]),)) == {}


def test_a_journal_s_only_row_answers_single_questions(pair: Pair) -> None:
    source = (table("rows", field("iin", "iin", "person.iin")),)
    target = (field("a", "iin", "person.iin"),)
    assert pair.carry({"rows": [{"iin": "1"}]}, source, target) == {"a": "1"}
    assert pair.carry({"rows": [{"iin": "1"}, {"iin": "2"}]}, source, target) == {}


# -- drafts and offers ----------------------------------------------------------------------------


def begin(workshop: Workshop, form_id: str, number: str, actor: Actor) -> Any:
    edition = workshop.forms[form_id].latest
    return start_draft(
        workshop, edition, language=Language.KK, actor=actor, now=NOW, source_number=number
    )


def test_a_draft_is_begun_from_a_document(
    workshop: Workshop, application: DocumentRecord, clerk: Actor
) -> None:
    draft = begin(workshop, "mse-04", application.number, clerk)
    receipt = workshop.forms["mse-04"].latest
    person, day = receipt.meaning("person.name"), receipt.meaning("document.date")
    assert person is not None
    assert day is not None
    assert draft.based_on == application.number
    assert draft.raw[person.id] == application.answers["person"]
    assert draft.raw[day.id] == f"{NOW.astimezone(workshop.zone):%d.%m.%Y}"
    items = carried_items(workshop, application.number, receipt, actor=clerk)
    assert person in items


def test_the_document_goes_before_what_the_office_answers_every_time(
    workshop: Workshop, clerk: Actor
) -> None:
    first = issue_sample(workshop, "mse-01", department="Бірінші бөлім")
    issue_sample(workshop, "mse-01", department="Екінші бөлім")
    assert begin(workshop, "mse-04", first.number, clerk).raw["department"] == "Бірінші бөлім"


def test_offers_share_more_than_the_office(
    workshop: Workshop, application: DocumentRecord, clerk: Actor
) -> None:
    today = NOW.astimezone(workshop.zone).date()
    found = offers(workshop, application.number, actor=clerk, today=today)
    assert found[-1].form.id == "mse-01"
    order = [(not offer.follows, offer.form.rules != "mse", -offer.count) for offer in found[:-1]]
    assert order == sorted(order)
    assert "mse-04" in {offer.form.id for offer in found}
    for offer in found:
        draft = carried_items(workshop, application.number, offer.edition, actor=clerk)
        assert len(draft) == offer.count


def test_an_application_is_followed_by_its_notification(workshop: Workshop, clerk: Actor) -> None:
    """Other applications ask more of the same, but it is the notification that answers this one."""
    application = issue_sample(workshop, "assistance-02")
    today = NOW.astimezone(workshop.zone).date()
    first, *_rest = offers(workshop, application.number, actor=clerk, today=today)
    assert (first.form.id, first.follows) == ("assistance-05", True)


def test_a_notification_leads_to_its_own_rules_before_like_notifications_of_others(
    workshop: Workshop, clerk: Actor
) -> None:
    notification = issue_sample(workshop, "assistance-05")
    today = NOW.astimezone(workshop.zone).date()
    found = [
        offer.form for offer in offers(workshop, notification.number, actor=clerk, today=today)
    ]
    own = [form.rules == "assistance" for form in found[:-1]]
    assert own == sorted(own, reverse=True)
    assert "assistance-08" in {form.id for form in found[: sum(own)]}


def test_a_document_of_an_order_that_is_over_leads_to_that_order_s_editions(
    workshop: Workshop, clerk: Actor
) -> None:
    act = issue_sample(workshop, "assistance-08")
    today = NOW.astimezone(workshop.zone).date()
    for offer in offers(workshop, act.number, actor=clerk, today=today):
        orders = {edition.order for edition in offer.form.editions}
        in_force = any(edition.in_force_on(today) for edition in offer.form.editions)
        assert in_force or offer.edition.order == "458" or "458" not in orders


def test_only_an_issued_document_of_the_own_office_begins_a_draft(
    workshop: Workshop, head: Actor, administrator: Actor
) -> None:
    record = issue_sample(workshop, "mse-01")
    today = NOW.date()
    stranger = stranger_in(workshop)
    for refused in (
        lambda: begin(workshop, "mse-04", record.number, stranger),
        lambda: offers(workshop, record.number, actor=stranger, today=today),
        lambda: open_source(workshop, "none", actor=head),
    ):
        with pytest.raises(ServiceError, match="document-not-found"):
            refused()
    with pytest.raises(ServiceError, match="not-allowed"):
        begin(workshop, "mse-04", record.number, administrator)
    assert begun_from(workshop, record.number, actor=stranger) == ()
    annul(workshop, record.number, reason="Қате", actor=head, now=NOW)
    with pytest.raises(ServiceError, match="source-not-issued"):
        begin(workshop, "mse-04", record.number, head)
