"""The register: numbers, transitions, look-ups; several processes at once, some of them killed."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from forms_server.errors import StorageError
from forms_server.languages import BilingualText, Language
from forms_server.storage.database import reading
from forms_server.storage.records import (
    AccountRecord,
    AnnulmentCategory,
    DocumentState,
    DraftContent,
    Issuance,
    OfficeRecord,
    Records,
)
from forms_server.storage.tables import Counter, Document

from .documents import NOW, annulment, issue, new_document

PROCESSES = 3
TESTS = Path(__file__).parents[1]


def start(url: str, account: AccountRecord, *, count: int, draft: str = "-") -> subprocess.Popen:
    arguments = [sys.executable, "-m", "storage.reserving", url, str(account.id), str(count), draft]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, cwd=TESTS)


def numbers_kept(records: Records) -> list[int]:
    with reading(records.engine) as session:
        numbers = session.scalars(select(Document.number).order_by(Document.id)).all()
    return [int(number.rsplit("-", 1)[1]) for number in numbers]


def last_number(records: Records, scope: str = "MSE-2025") -> int:
    with reading(records.engine) as session:
        return session.scalars(select(Counter.value).where(Counter.scope == scope)).one()


def test_numbers_count_up_in_each_scope(records: Records, account: AccountRecord) -> None:
    numbers = [
        records.documents.reserve(new_document(account, scope=scope)).number
        for scope in ("A", "A", "B", "A")
    ]
    assert numbers == ["A-000001", "A-000002", "B-000001", "A-000003"]


def test_a_pattern_may_be_a_function(records: Records, account: AccountRecord) -> None:
    new = new_document(account, number_pattern=lambda number: f"№ {number}/25")
    assert records.documents.reserve(new).number == "№ 1/25"


def test_a_reserved_document_comes_back_as_it_went_in(
    records: Records, account: AccountRecord
) -> None:
    new = new_document(account)
    reserved = records.documents.reserve(new)
    assert reserved.state is DocumentState.ISSUING
    assert reserved.answers == new.answers
    assert reserved.reserved_at == NOW
    assert reserved.reserved_at.utcoffset() == timedelta(0)
    assert reserved == records.documents.by_id(reserved.id)


def test_a_moment_without_a_time_zone_is_refused(records: Records, account: AccountRecord) -> None:
    new = new_document(account, reserved_at=NOW.replace(tzinfo=None))
    with pytest.raises(Exception, match="without a time zone"):
        records.documents.reserve(new)
    assert records.documents.count(account.office.id) == 0


def test_a_draft_becomes_one_document(records: Records, account: AccountRecord) -> None:
    content = DraftContent(
        id="draft-1",
        owner=account.id,
        form_id="mse-01",
        edition_id="mse-01-2023",
        language=Language.KK,
        raw={},
    )
    records.drafts.enter(content, NOW)
    first = records.documents.reserve(new_document(account, draft_id="draft-1"))
    again = records.documents.reserve(new_document(account, draft_id="draft-1"))
    assert again == first == records.documents.by_draft("draft-1")
    assert last_number(records) == 1
    draft = records.drafts.load("draft-1", owner=account.id)
    assert draft is not None
    assert draft.document_id == first.id
    with pytest.raises(StorageError, match="draft-issued"):
        records.drafts.save(content, NOW)


def test_a_double_click_in_two_threads_takes_one_number(
    records: Records, account: AccountRecord
) -> None:
    def click(_turn: int) -> str:
        return records.documents.reserve(new_document(account, draft_id="draft-1")).number

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(click, range(24))) == {"MSE-2025-000001"}
    assert numbers_kept(records) == [1]


@pytest.mark.parametrize("column", ["token", "short_code"])
def test_a_taken_code_is_refused_and_takes_no_number(
    records: Records, account: AccountRecord, column: str
) -> None:
    first = records.documents.reserve(new_document(account))
    with pytest.raises(StorageError, match="document-code-taken"):
        records.documents.reserve(new_document(account, **{column: getattr(first, column)}))
    assert last_number(records) == 1


def test_two_scopes_cannot_print_one_number(records: Records, account: AccountRecord) -> None:
    records.documents.reserve(new_document(account, scope="A", number_pattern="{number}"))
    with pytest.raises(StorageError, match="document-number-taken"):
        records.documents.reserve(new_document(account, scope="B", number_pattern="{number}"))


def test_an_unknown_office_is_a_conflict(records: Records, account: AccountRecord) -> None:
    with pytest.raises(StorageError, match="record-conflict"):
        records.documents.reserve(new_document(account, office_id=999))
    assert records.events.of_subject("MSE-2025-000001") == ()


def test_issuing_fills_in_what_was_open(records: Records, account: AccountRecord) -> None:
    issued = issue(records, account)
    assert issued.state is DocumentState.ISSUED
    assert (issued.issued_at, issued.data_sha256) == (NOW, "d" * 64)
    assert issued.blob_key is not None
    assert records.documents.by_pdf_sha256(issued.blob_key) == issued


def test_annulment_keeps_number_and_file(records: Records, account: AccountRecord) -> None:
    wrong, right = issue(records, account), issue(records, account)
    annulled = records.documents.annul(wrong.number, annulment(account, replaced_by=right.number))
    assert annulled == replace(
        wrong,
        state=DocumentState.ANNULLED,
        annulled_at=NOW,
        annulled_by=account.id,
        annulment_reason="Ошибка в дате",
        annulment_category=AnnulmentCategory.OTHER,
        replaced_by=right.number,
    )


def test_a_number_that_cannot_be_printed_is_voided(
    records: Records, account: AccountRecord
) -> None:
    reserved = records.documents.reserve(new_document(account))
    assert records.documents.void(reserved.number, annulment(account)).state == "annulled"
    assert records.documents.unfinished() == ()
    assert records.documents.reserve(new_document(account)).number.endswith("2")


Step = Callable[[Records, AccountRecord, str], object]


def finish_again(records: Records, account: AccountRecord, number: str) -> object:
    document = records.documents.by_number(number)
    assert document is not None
    return records.documents.finish(
        document.id, Issuance(pdf_sha256="p", data_sha256="d", issued_at=NOW)
    )


def annul(records: Records, account: AccountRecord, number: str) -> object:
    return records.documents.annul(number, annulment(account))


def void(records: Records, account: AccountRecord, number: str) -> object:
    return records.documents.void(number, annulment(account))


@pytest.mark.parametrize(
    ("state", "step", "code"),
    [
        ("issuing", annul, "document-not-issued"),
        ("issued", finish_again, "document-not-issuing"),
        ("issued", void, "document-not-issuing"),
        ("annulled", finish_again, "document-not-issuing"),
        ("annulled", annul, "document-not-issued"),
        ("annulled", void, "document-not-issuing"),
    ],
)
def test_an_illegal_transition_changes_nothing(
    records: Records, account: AccountRecord, *, state: str, step: Step, code: str
) -> None:
    if state == "issuing":
        document = records.documents.reserve(new_document(account))
    else:
        document = issue(records, account)
    if state == "annulled":
        document = records.documents.annul(document.number, annulment(account))
    events = records.events.recent()
    with pytest.raises(StorageError, match=code):
        step(records, account, document.number)
    assert records.documents.by_number(document.number) == document
    assert records.events.recent() == events


@pytest.mark.parametrize(
    ("replaced_by", "code"),
    [("MSE-2025-000001", "document-replaces-itself"), ("none", "document-replacement-missing")],
)
def test_a_replacement_is_another_document(
    records: Records, account: AccountRecord, replaced_by: str, code: str
) -> None:
    document = issue(records, account)
    with pytest.raises(StorageError, match=code):
        records.documents.annul(document.number, annulment(account, replaced_by=replaced_by))


def test_what_does_not_exist_is_not_found(records: Records, account: AccountRecord) -> None:
    assert records.documents.by_number("none") is None
    assert records.documents.by_token("none") is None
    assert records.documents.by_short_code("none") is None
    with pytest.raises(StorageError, match="document-missing"):
        records.documents.annul("none", annulment(account))


def test_unfinished_documents_can_be_finished_later(
    records: Records, account: AccountRecord
) -> None:
    issue(records, account)
    left = records.documents.reserve(new_document(account))
    assert records.documents.unfinished() == (left,)
    assert records.documents.unfinished(reserved_before=NOW) == ()
    assert records.documents.unfinished(reserved_before=NOW + timedelta(seconds=1)) == (left,)


def test_an_office_sees_its_own_documents_newest_first(
    records: Records, account: AccountRecord, office: OfficeRecord
) -> None:
    documents = [records.documents.reserve(new_document(account)) for _ in range(3)]
    other = records.offices.ensure("0102", BilingualText(kk="Басқа бөлім", ru="Другой отдел"))
    assert records.documents.recent(office.id) == tuple(reversed(documents))
    assert records.documents.recent(office.id, limit=1, offset=1) == (documents[1],)
    assert records.documents.recent(other.id) == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [("mse-2025", 2), ("000002", 1), ("mse-01", 1), ("mse-0", 0), ("%", 0), ("_", 0), ("", 2)],
)
def test_search_knows_numbers_and_forms(
    records: Records, account: AccountRecord, text: str, found: int
) -> None:
    records.documents.reserve(new_document(account))
    records.documents.reserve(new_document(account, form_id="mse-02"))
    assert len(records.documents.search(account.office.id, text)) == found
    assert records.documents.count(account.office.id, text) == found


def test_every_change_is_told_in_the_audit_trail(records: Records, account: AccountRecord) -> None:
    document = issue(records, account)
    records.documents.annul(document.number, annulment(account))
    events = records.events.of_subject(document.number)
    kinds = [event.kind for event in events]
    assert kinds == ["document-reserved", "document-issued", "document-annulled"]
    assert events[1].detail["pdf_sha256"] == document.pdf_sha256
    assert records.events.verify_chain().is_intact


def test_personal_data_stays_out_of_repr_and_trail(
    records: Records, account: AccountRecord
) -> None:
    document = issue(records, account)
    annulled = records.documents.annul(document.number, annulment(account))
    said = repr(annulled) + repr(new_document(account)) + repr(records.events.recent())
    assert not re.search("Үлгі|Ү\\*|0123'|Ошибка", said)


def test_processes_at_once_neither_lose_nor_double_a_number(
    url: str, records: Records, account: AccountRecord
) -> None:
    running = [start(url, account, count=25) for _ in range(PROCESSES)]
    printed = "".join(process.communicate(timeout=60)[0] for process in running).split()
    assert [process.returncode for process in running] == [0] * PROCESSES
    assert len(set(printed)) == len(printed) == 25 * PROCESSES
    assert numbers_kept(records) == list(range(1, 25 * PROCESSES + 1))
    assert records.events.verify_chain().is_intact


def test_processes_killed_on_the_way_leave_no_gap(
    url: str, records: Records, account: AccountRecord
) -> None:
    running = [start(url, account, count=10_000) for _ in range(PROCESSES)]
    for turn, process in enumerate(running):
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(5 * (turn + 1))]
        process.send_signal(signal.SIGKILL)
        told += process.stdout.readlines()
        process.wait(timeout=10)
        process.stdout.close()
        assert all(
            records.documents.by_number(line.strip()) for line in told if line.endswith("\n")
        )
    kept = numbers_kept(records)
    assert kept == list(range(1, last_number(records) + 1))
    assert len(records.documents.unfinished()) == len(kept)
    assert records.events.verify_chain().is_intact


def test_processes_with_the_same_drafts_make_each_document_once(
    url: str, records: Records, account: AccountRecord
) -> None:
    running = [start(url, account, count=20, draft="draft-") for _ in range(PROCESSES)]
    told = [process.communicate(timeout=60)[0] for process in running]
    assert len(set(told)) == 1
    assert numbers_kept(records) == list(range(1, 21))


def test_a_nul_in_an_address_is_no_failure_of_the_database(records: Records, url: str) -> None:
    """SQLite compares it like any letter; PostgreSQL refuses it."""
    if url.startswith("sqlite"):
        assert records.documents.by_number("\0") is None
    else:
        with pytest.raises(StorageError, match="value-not-storable"):
            records.documents.by_number("\0")
