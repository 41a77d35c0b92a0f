"""Replacement: a draft from a document's answers; once it is issued, the old one is annulled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from lxml import etree

from forms_server.documents.data_xml import schema
from forms_server.errors import DocumentError, ServiceError, StorageError
from forms_server.fields.answers import read_answers
from forms_server.fields.values import OVERRIDES
from forms_server.languages import Language
from forms_server.services.accounts import Actor
from forms_server.services.certificates import Certificate, look_up
from forms_server.services.drafts import drop_draft, open_draft
from forms_server.services.earlier import judge
from forms_server.services.issuing import finish_unfinished, issue, open_document, pdf_of
from forms_server.services.replacing import (
    fillers,
    may_be_replaced,
    open_replaceable,
    replaced_document,
    replacements_of,
    start_replacement,
)
from forms_server.services.stored import edition_of
from forms_server.services.withdrawing import annul
from forms_server.services.workshop import Workshop
from forms_server.storage.records import (
    AnnulmentCategory,
    DocumentRecord,
    DocumentState,
    DraftRecord,
)
from tests.services.limits import SHEET, issued, lay_out, opened_with_limits, sheet
from tests.workshop import NOW, actor_in, issue_sample, stranger_in

REASON = "Үйдің нөмірі қате жазылған"


def begin(
    workshop: Workshop,
    record: DocumentRecord,
    *,
    filler: Actor | None = None,
    now: datetime = NOW,
) -> DraftRecord:
    actor = actor_in(workshop, "head")
    return start_replacement(
        workshop,
        record.number,
        reason=REASON,
        filler=(filler or actor).account_id,
        language=Language.KK,
        actor=actor,
        now=now,
    )


def issue_draft(workshop: Workshop, draft: DraftRecord, **more: Any) -> DocumentRecord:
    """Issue a draft as the page does, with ``more`` in place of single answers."""
    edition = edition_of(workshop, draft)
    today = workshop.day_of(NOW)
    judgement = judge(workshop, edition, {**draft.raw, **more}, today=today, draft_id=draft.id)
    assert judgement.reading.is_right, judgement.reading
    owner = next(
        actor
        for login in ("head", "clerk")
        if (actor := actor_in(workshop, login)).account_id == draft.owner
    )
    return issue(
        workshop, edition, judgement.reading.answers,
        output="kk-ru", actor=owner, now=NOW, draft_id=draft.id,
    )  # fmt: skip


def seen(workshop: Workshop, record: DocumentRecord) -> Certificate:
    certificate = look_up(workshop, record.token)
    assert certificate is not None
    return certificate


def again(workshop: Workshop, record: DocumentRecord) -> DocumentRecord:
    found = workshop.records.documents.by_number(record.number)
    assert found is not None
    return found


# -- the draft ------------------------------------------------------------------------------------


def test_a_replacement_has_all_answers_and_names_what_it_replaces(
    workshop: Workshop, head: Actor
) -> None:
    record = issue_sample(workshop)
    draft = begin(workshop, record)
    assert draft.raw == {name: raw for name, raw in record.answers.items() if name != OVERRIDES}
    assert (draft.form_id, draft.edition_id) == (record.form_id, record.edition_id)
    assert (draft.replaces, draft.replacement_reason) == (record.number, REASON)
    assert (draft.replacement_by, draft.owner) == (head.account_id, head.account_id)
    assert draft.based_on is None
    assert replaced_document(workshop, draft) == record
    assert again(workshop, record).state is DocumentState.ISSUED


def test_consents_are_given_anew(workshop: Workshop) -> None:
    record = issue_sample(workshop, "mse-01")
    edition = workshop.forms["mse-01"].latest
    consents = {spec.id for spec in edition.fields() if spec.type == "consent"}
    raw = begin(workshop, record).raw
    assert consents
    assert not consents & {*raw}
    assert {*record.answers} - consents - {"overrides"} == {*raw}
    today = workshop.day_of(NOW)
    assert read_answers(edition, {**raw, **dict.fromkeys(consents, "true")}, today).is_right


def test_a_head_hands_it_to_a_clerk(workshop: Workshop, clerk: Actor, head: Actor) -> None:
    record = issue_sample(workshop)
    draft = begin(workshop, record, filler=clerk)
    assert open_draft(workshop, draft.id, actor=clerk).replacement_by == head.account_id
    with pytest.raises(ServiceError, match="draft-not-found"):
        open_draft(workshop, draft.id, actor=head)
    new = issue_draft(workshop, draft)
    assert new.issued_by == clerk.account_id
    assert again(workshop, record).annulled_by == head.account_id


def test_only_who_may_issue_in_this_office_fills_it_in(
    workshop: Workshop, head: Actor, administrator: Actor
) -> None:
    record = issue_sample(workshop)
    assert [account.login for account in fillers(workshop, actor=head)] == ["head", "clerk"]
    for other in (administrator, stranger_in(workshop)):
        with pytest.raises(ServiceError, match="filler-unknown"):
            begin(workshop, record, filler=other)
    assert replacements_of(workshop, record.number, actor=head) == ()


def test_a_second_click_gives_the_same_draft(workshop: Workshop, clerk: Actor) -> None:
    record = issue_sample(workshop)
    draft = begin(workshop, record)
    assert begin(workshop, record).id == draft.id
    assert begin(workshop, record, filler=clerk).id != draft.id


def test_a_deleted_draft_leaves_the_document_in_force(workshop: Workshop, head: Actor) -> None:
    record = issue_sample(workshop)
    drop_draft(workshop, begin(workshop, record).id, actor=head)
    assert again(workshop, record) == record
    assert may_be_replaced(record, actor=head)


def test_who_may_not_replace(workshop: Workshop, clerk: Actor, administrator: Actor) -> None:
    record = issue_sample(workshop)
    for actor, code in (
        (clerk, "not-allowed"),
        (administrator, "not-allowed"),
        (stranger_in(workshop), "document-not-found"),
    ):
        with pytest.raises(ServiceError, match=code):
            open_replaceable(workshop, record.number, actor=actor)
    assert not may_be_replaced(record, actor=clerk)


def test_a_replacement_has_a_reason(workshop: Workshop, head: Actor) -> None:
    record = issue_sample(workshop)
    with pytest.raises(ServiceError, match="annulment-reason-missing"):
        start_replacement(
            workshop, record.number, reason=" . ", filler=head.account_id,
            language=Language.KK, actor=head, now=NOW,
        )  # fmt: skip


def test_what_is_still_in_print_is_not_replaced(workshop: Workshop, head: Actor) -> None:
    record = issue_sample(workshop)
    in_print = replace(record, state=DocumentState.ISSUING, issued_at=None)
    assert not may_be_replaced(in_print, actor=head)


def test_a_replacement_is_written_on_the_edition_in_force(workshop: Workshop) -> None:
    form = workshop.forms["assistance-09"]
    old, new = form.editions[0], form.latest
    assert old is not new
    record = issue_sample(workshop, "assistance-09")
    changed = replace(record, edition_id=old.id)
    documents = _Register(workshop, changed)
    elsewhere = replace(workshop, records=replace(workshop.records, documents=documents))
    draft = begin(elsewhere, changed, now=datetime(2022, 5, 2, tzinfo=UTC))
    assert draft.edition_id == new.id
    assert {*draft.raw} <= {*new.items}
    assert any(draft.raw[name] == record.answers.get(name) for name in draft.raw)


class _Register:
    """The register with one document told otherwise: as an older edition's."""

    def __init__(self, workshop: Workshop, changed: DocumentRecord) -> None:
        self.documents = workshop.records.documents
        self.changed = changed

    def __getattr__(self, name: str) -> object:
        return getattr(self.documents, name)

    def by_number(self, number: str) -> DocumentRecord | None:
        return self.changed


# -- the moment of issue --------------------------------------------------------------------------


def test_issuing_annuls_the_old_one_and_both_name_each_other(
    workshop: Workshop, head: Actor
) -> None:
    old = issue_sample(workshop)
    new = issue_draft(workshop, begin(workshop, old))
    replaced = again(workshop, old)
    assert new.number != old.number
    assert (new.state, new.replaces) == (DocumentState.ISSUED, old.number)
    assert (replaced.state, replaced.number) == (DocumentState.ANNULLED, old.number)
    assert (replaced.replaced_by, replaced.annulment_reason) == (new.number, REASON)
    assert replaced.annulment_category is AnnulmentCategory.REPLACED
    assert (replaced.annulled_by, replaced.annulled_at) == (head.account_id, new.issued_at)
    assert (seen(workshop, old).replaced_by, seen(workshop, old).replaced_by_token) == (
        new.number,
        new.token,
    )
    assert seen(workshop, new).replaces == old.number
    with pytest.raises(ServiceError, match="document-already-replaced"):
        open_replaceable(workshop, old.number, actor=head)


def test_the_data_and_the_paper_name_the_old_one(workshop: Workshop, clerk: Actor) -> None:
    old = issue_sample(workshop, "mse-04")
    new = issue_draft(workshop, begin(workshop, old))
    pdf = pdf_of(workshop, new.number, actor=clerk)
    with pikepdf.open(BytesIO(pdf)) as opened:
        data = opened.attachments[f"{new.number}.xml"].get_file().read_bytes()
    root = etree.fromstring(data)
    assert root.get("replaces") == old.number
    assert schema(workshop.forms["mse-04"].latest).validate(root)


def test_of_two_drafts_the_second_is_refused_and_kept(
    workshop: Workshop, clerk: Actor, head: Actor
) -> None:
    old = issue_sample(workshop)
    first, second = begin(workshop, old), begin(workshop, old, filler=clerk)
    new = issue_draft(workshop, first)
    before = workshop.records.documents.numbers_given()
    with pytest.raises(StorageError, match="document-already-replaced") as refusal:
        issue_draft(workshop, second)
    assert new.number in refusal.value.say("ru")
    assert workshop.records.documents.numbers_given() == before
    assert open_draft(workshop, second.id, actor=clerk) == second
    assert again(workshop, old).replaced_by == new.number


def test_a_second_click_on_issue_gives_the_same_document(workshop: Workshop) -> None:
    draft = begin(workshop, issue_sample(workshop))
    assert issue_draft(workshop, draft).id == issue_draft(workshop, draft).id


def test_what_was_annulled_is_replaced_later(workshop: Workshop, head: Actor) -> None:
    old = issue_sample(workshop)
    annul(
        workshop, old.number, reason="Қате берілген", category=AnnulmentCategory.BY_MISTAKE,
        actor=head, now=NOW,
    )  # fmt: skip
    new = issue_draft(workshop, begin(workshop, old))
    replaced = again(workshop, old)
    assert replaced.replaced_by == new.number
    assert replaced.annulment_reason == "Қате берілген"
    assert replaced.annulment_category is AnnulmentCategory.BY_MISTAKE
    kinds = [event.kind for event in workshop.records.events.of_subject(old.number)]
    assert kinds == [
        "document-reserved",
        "document-issued",
        "document-annulled",
        "document-replaced",
    ]
    assert workshop.records.events.verify_chain().is_intact


def test_what_is_annulled_while_the_draft_is_open_is_replaced(
    workshop: Workshop, head: Actor
) -> None:
    old = issue_sample(workshop)
    draft = begin(workshop, old)
    annul(workshop, old.number, reason=REASON, actor=head, now=NOW)
    assert again(workshop, old).replaced_by is None
    new = issue_draft(workshop, draft)
    assert again(workshop, old).replaced_by == new.number


def test_a_replacement_is_replaced_in_turn(workshop: Workshop) -> None:
    first = issue_sample(workshop)
    second = issue_draft(workshop, begin(workshop, first))
    third = issue_draft(workshop, begin(workshop, second))
    assert again(workshop, first).replaced_by == second.number
    assert again(workshop, second).replaced_by == third.number
    assert again(workshop, third).replaces == second.number


class Unprintable:
    """A press that fails, as a crash between number and paper leaves things."""

    def print_document(self, *_: object) -> bytes:
        raise DocumentError("print-unsettled")


def test_what_a_crash_left_in_print_keeps_its_place(workshop: Workshop, head: Actor) -> None:
    old = issue_sample(workshop)
    draft = begin(workshop, old)
    press: Any = Unprintable()
    with pytest.raises(DocumentError):
        issue_draft(replace(workshop, press=press), draft)
    assert again(workshop, old).state is DocumentState.ISSUED
    other = begin(workshop, old, filler=actor_in(workshop, "clerk"))
    with pytest.raises(StorageError, match="document-already-replaced"):
        issue_draft(workshop, other)
    assert finish_unfinished(workshop) == 1
    assert again(workshop, old).state is DocumentState.ANNULLED
    assert seen(workshop, old).replaced_by is not None


def test_what_was_given_up_before_it_was_printed_leaves_the_place_free(
    workshop: Workshop, head: Actor
) -> None:
    old = issue_sample(workshop)
    press: Any = Unprintable()
    with pytest.raises(DocumentError):
        issue_draft(replace(workshop, press=press), begin(workshop, old))
    left = workshop.records.documents.unfinished()[-1]
    annul(workshop, left.number, reason=REASON, actor=head, now=NOW)
    assert again(workshop, old).state is DocumentState.ISSUED
    new = issue_draft(workshop, begin(workshop, old))
    assert again(workshop, old).replaced_by == new.number


def test_the_way_to_another_person_s_document_is_not_told(workshop: Workshop) -> None:
    old = issue_sample(workshop, "mse-01")
    draft = begin(workshop, old)
    edition = workshop.forms["mse-01"].latest
    consents = {spec.id: "true" for spec in edition.fields() if spec.type == "consent"}
    new = issue_draft(workshop, draft, iin="990101000024", **consents)
    assert new.iin_last4 != old.iin_last4
    assert seen(workshop, old).replaced_by == new.number
    assert seen(workshop, old).replaced_by_token is None


# -- limits that span documents -------------------------------------------------------------------


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Workshop]:
    with opened_with_limits(tmp_path, lay_out(tmp_path / "root")) as workshop:
        yield workshop


def test_what_is_replaced_counts_no_more(office: Workshop) -> None:
    old = issued(office, SHEET, sheet("60"))
    draft = begin(office, old)
    new = issue_draft(office, draft, visits=sheet("59")["visits"])
    assert again(office, old).replaced_by == new.number
    edition = office.forms[SHEET].latest
    assert judge(office, edition, sheet("1"), today=office.day_of(NOW)).reading.is_right
    assert not judge(office, edition, sheet("2"), today=office.day_of(NOW)).reading.is_right
    assert open_document(office, new.number, actor=actor_in(office, "head")) == new
