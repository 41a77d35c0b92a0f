"""Drafts: kept as they were typed, for their owner alone, until they are documents."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given

from forms_server.errors import ServiceError, StorageError
from forms_server.languages import Language
from forms_server.services.accounts import Actor
from forms_server.services.drafts import (
    drop_draft,
    list_drafts,
    open_draft,
    save_draft,
    start_draft,
)
from forms_server.services.issuing import issue
from forms_server.services.stored import edition_of
from forms_server.services.workshop import Workshop
from forms_server.storage.records import DraftContent, DraftRecord
from tests.fields.specimens import JUNK
from tests.workshop import NOW, sample_of, stranger_in

LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def draft(workshop: Workshop, clerk: Actor) -> DraftRecord:
    edition = workshop.forms["mse-01"].latest
    return start_draft(workshop, edition, language=Language.KK, actor=clerk, now=NOW)


def test_a_draft_starts_with_the_defaults(workshop: Workshop, draft: DraftRecord) -> None:
    today = NOW.astimezone(workshop.zone)
    assert (
        draft.raw.items()
        >= {"application_date": f"{today:%d.%m.%Y}", "signed_by": "person"}.items()
    )
    assert (draft.form_id, draft.language) == ("mse-01", Language.KK)


def test_a_draft_keeps_what_was_typed(workshop: Workshop, clerk: Actor, draft: DraftRecord) -> None:
    raw = {"iin": "1 2", "person": {"surname": "<b>"}, "colour": ["red"]}
    saved = save_draft(workshop, draft.id, raw=raw, language=Language.RU, actor=clerk, now=LATER)
    assert (saved.raw, saved.language) == (raw, Language.RU)
    assert open_draft(workshop, draft.id, actor=clerk) == saved
    assert list_drafts(workshop, actor=clerk)[0].id == draft.id


@given(junk=JUNK)
def test_a_draft_takes_anything(workshop: Workshop, clerk: Actor, junk: Any) -> None:
    edition = workshop.forms["mse-01"].latest
    draft = start_draft(workshop, edition, language=Language.KK, actor=clerk, now=NOW)
    raw = {"iin": junk}
    save_draft(workshop, draft.id, raw=raw, language=Language.KK, actor=clerk, now=NOW)
    found = open_draft(workshop, draft.id, actor=clerk).raw
    assert repr(found) == repr(raw)
    drop_draft(workshop, draft.id, actor=clerk)


def test_a_draft_is_its_owner_s(workshop: Workshop, head: Actor, draft: DraftRecord) -> None:
    for other in (head, stranger_in(workshop, "clerk")):
        with pytest.raises(ServiceError, match="draft-not-found"):
            open_draft(workshop, draft.id, actor=other)
        with pytest.raises(ServiceError, match="draft-not-found"):
            save_draft(workshop, draft.id, raw={}, language=Language.KK, actor=other, now=NOW)
        with pytest.raises(ServiceError, match="draft-not-found"):
            drop_draft(workshop, draft.id, actor=other)
        assert draft.id not in {found.id for found in list_drafts(workshop, actor=other)}


def test_a_draft_that_is_dropped_is_gone(
    workshop: Workshop, clerk: Actor, draft: DraftRecord
) -> None:
    drop_draft(workshop, draft.id, actor=clerk)
    with pytest.raises(ServiceError, match="draft-not-found"):
        open_draft(workshop, draft.id, actor=clerk)


def test_who_makes_accounts_fills_in_nothing(
    workshop: Workshop, administrator: Actor, draft: DraftRecord
) -> None:
    edition = workshop.forms["mse-01"].latest
    with pytest.raises(ServiceError, match="not-allowed"):
        start_draft(workshop, edition, language=Language.KK, actor=administrator, now=NOW)
    with pytest.raises(ServiceError, match="not-allowed"):
        open_draft(workshop, draft.id, actor=administrator)
    with pytest.raises(ServiceError, match="not-allowed"):
        list_drafts(workshop, actor=administrator)


def test_an_issued_draft_is_changed_no_more(workshop: Workshop, clerk: Actor) -> None:
    edition = workshop.forms["assistance-06"].latest
    draft = start_draft(workshop, edition, language=Language.KK, actor=clerk, now=NOW)
    answers = sample_of(workshop, edition)
    record = issue(workshop, edition, answers, output="kk", actor=clerk, now=NOW, draft_id=draft.id)
    with pytest.raises(StorageError, match="draft-issued"):
        save_draft(workshop, draft.id, raw={}, language=Language.KK, actor=clerk, now=NOW)
    assert open_draft(workshop, draft.id, actor=clerk).document_id == record.id
    assert draft.id not in {found.id for found in list_drafts(workshop, actor=clerk)}


def test_a_draft_keeps_its_edition(workshop: Workshop, clerk: Actor) -> None:
    earlier = workshop.forms["assistance-08"].editions[0]
    draft = start_draft(workshop, earlier, language=Language.KK, actor=clerk, now=NOW)
    assert edition_of(workshop, draft) is earlier


def test_a_draft_of_an_edition_that_is_gone_is_told(workshop: Workshop, clerk: Actor) -> None:
    content = DraftContent(
        id="gone", owner=clerk.account_id, form_id="mse-01", edition_id="1999-01-01",
        language=Language.KK, raw={},
    )  # fmt: skip
    draft = workshop.records.drafts.enter(content, NOW)
    with pytest.raises(ServiceError, match="edition-missing"):
        edition_of(workshop, draft)


def test_what_the_office_always_answers_is_repeated(workshop: Workshop, clerk: Actor) -> None:
    edition = workshop.forms["mse-01"].latest
    issue(workshop, edition, sample_of(workshop, edition), output="ru", actor=clerk, now=NOW)
    receipt = workshop.forms["mse-04"].latest
    draft = start_draft(workshop, receipt, language=Language.KK, actor=clerk, now=NOW)
    region, department = (receipt.meaning(f"office.{name}") for name in ("region", "department"))
    assert region is not None
    assert department is not None
    assert draft.raw[region.id]
    assert draft.raw[department.id]
    person = receipt.meaning("person.name")
    assert person is None or person.id not in draft.raw
