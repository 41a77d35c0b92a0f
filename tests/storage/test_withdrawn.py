"""What the status list is made of: everything withdrawn, nothing that never was in force."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import text

from forms_server.storage.records import (
    AccountRecord,
    Issuance,
    Records,
    WithdrawnDocument,
    WithdrawnMark,
)
from tests.storage.documents import NOW, annulment, issue, new_document


def issue_with_data(records: Records, account: AccountRecord, data: str) -> str:
    reserved = records.documents.reserve(new_document(account))
    issuance = Issuance(pdf_sha256=data * 64, data_sha256=data * 64, issued_at=NOW)
    return records.documents.finish(reserved.id, issuance).number


def test_nothing_was_withdrawn_yet(records: Records, account: AccountRecord) -> None:
    issue(records, account)
    assert records.withdrawn.mark() == WithdrawnMark(documents=0, replaced=0, last_at=None)
    assert records.withdrawn.all() == ()


def test_annulled_and_replaced_are_told_apart(records: Records, account: AccountRecord) -> None:
    first, second, third = (issue_with_data(records, account, data) for data in "abc")
    records.documents.annul(first, annulment(account))
    later = replace(annulment(account, replaced_by=third), at=NOW + timedelta(hours=1))
    records.documents.annul(second, later)

    assert records.withdrawn.mark() == WithdrawnMark(
        documents=2, replaced=1, last_at=NOW + timedelta(hours=1)
    )
    assert set(records.withdrawn.all()) == {
        WithdrawnDocument("a" * 64, is_replaced=False),
        WithdrawnDocument("b" * 64, is_replaced=True),
    }


def test_what_was_never_issued_is_not_listed(records: Records, account: AccountRecord) -> None:
    reserved = records.documents.reserve(new_document(account))
    records.documents.void(reserved.number, annulment(account))
    assert records.withdrawn.mark().documents == 0
    assert records.withdrawn.all() == ()


def test_the_register_itself_is_not_read_for_it(records: Records) -> None:
    """Answers may be as long as a journal; the index holds all that is asked for."""
    if records.engine.dialect.name != "sqlite":
        return
    question = (
        "EXPLAIN QUERY PLAN SELECT count(*), count(replaced_by), max(annulled_at) FROM documents"
        " WHERE annulled_at IS NOT NULL AND data_sha256 IS NOT NULL"
    )
    with records.engine.connect() as connection:
        plan = " ".join(str(row) for row in connection.execute(text(question)))
    assert "COVERING INDEX ix_documents_withdrawn" in plan
