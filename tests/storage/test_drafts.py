"""Drafts: saved again and again, seen by their owner alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from forms_server.errors import StorageError
from forms_server.languages import Language
from forms_server.storage.records import AccountRecord, Change, DraftContent, OfficeRecord, Records

from .conftest import new_account
from .documents import NOW, new_document

LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def content(account: AccountRecord) -> DraftContent:
    return DraftContent(
        id="draft-1",
        owner=account.id,
        form_id="mse-01",
        edition_id="mse-01-2023",
        language=Language.KK,
        raw={"surname": "Үлгі", "aids": ["a", "b"]},
    )


def test_a_draft_is_saved_and_saved_again(records: Records, content: DraftContent) -> None:
    first = records.drafts.enter(content, NOW)
    changed = replace(content, language=Language.RU, raw={"surname": "Образцов"})
    second = records.drafts.save(changed, LATER)
    assert (first.raw, first.language) == (content.raw, Language.KK)
    assert (second.created_at, second.updated_at) == (NOW, LATER)
    assert records.drafts.load("draft-1", owner=content.owner) == second
    assert second.language is Language.RU


def test_what_saves_itself_late_brings_no_deleted_draft_back(
    records: Records, content: DraftContent
) -> None:
    records.drafts.enter(content, NOW)
    assert records.drafts.delete(content.id, owner=content.owner)
    with pytest.raises(StorageError, match="draft-missing"):
        records.drafts.save(content, LATER)
    assert records.drafts.list(content.owner) == ()


def test_another_owner_sees_and_changes_nothing(
    records: Records, content: DraftContent, office: OfficeRecord
) -> None:
    other = records.accounts.add(new_account(office, "other"), Change(at=NOW))
    saved = records.drafts.enter(content, NOW)
    assert records.drafts.load("draft-1", owner=other.id) is None
    assert records.drafts.list(other.id) == ()
    assert not records.drafts.delete("draft-1", owner=other.id)
    with pytest.raises(StorageError, match="draft-missing"):
        records.drafts.save(replace(content, owner=other.id), LATER)
    assert records.drafts.load("draft-1", owner=content.owner) == saved


def test_the_list_shows_open_drafts_last_touched_first(
    records: Records, content: DraftContent, account: AccountRecord
) -> None:
    for turn, name in enumerate(("draft-1", "draft-2", "draft-3")):
        records.drafts.enter(replace(content, id=name), NOW + timedelta(minutes=turn))
    records.documents.reserve(new_document(account, draft_id="draft-2"))
    assert [draft.id for draft in records.drafts.list(account.id)] == ["draft-3", "draft-1"]


def test_the_forms_touched_last_come_first_and_once(
    records: Records, content: DraftContent, account: AccountRecord, office: OfficeRecord
) -> None:
    other = records.accounts.add(new_account(office, "other"), Change(at=NOW))
    for turn, form_id in enumerate(("mse-01", "mse-04", "mse-12", "mse-01")):
        named = replace(content, id=f"draft-{turn}", form_id=form_id)
        records.drafts.enter(named, NOW + timedelta(minutes=turn))
    records.drafts.enter(replace(content, id="draft-x", owner=other.id, form_id="mse-17"), NOW)
    records.documents.reserve(new_document(account, draft_id="draft-2"))
    recent = records.drafts.recent_forms
    assert recent(account.id, limit=5) == ("mse-01", "mse-12", "mse-04")
    assert recent(account.id, limit=2) == ("mse-01", "mse-12")
    assert recent(other.id, limit=5) == ("mse-17",)


def test_a_deleted_draft_leaves_its_document(
    records: Records, content: DraftContent, account: AccountRecord
) -> None:
    records.drafts.enter(content, NOW)
    document = records.documents.reserve(new_document(account, draft_id="draft-1"))
    assert records.drafts.delete("draft-1", owner=account.id)
    assert records.documents.reserve(new_document(account, draft_id="draft-1")) == document


def test_what_was_typed_stays_out_of_repr(records: Records, content: DraftContent) -> None:
    assert "Үлгі" not in repr(content) + repr(records.drafts.enter(content, NOW))
