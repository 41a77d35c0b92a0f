"""Whom documents are about: what a look-up finds, and that no number is given on a stale one."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import select, text

from forms_server.errors import StorageError
from forms_server.languages import BilingualText, Language
from forms_server.storage.database import MIGRATIONS, open_engine, reading, upgrade, writing
from forms_server.storage.persons import DRAWERS, drawers_of, hold_persons
from forms_server.storage.records import (
    AccountRecord,
    Change,
    DraftContent,
    Records,
    Seen,
    open_records,
)
from forms_server.storage.tables import DocumentPerson

from .conftest import new_account
from .documents import NOW, annulment, issue, new_document

ONE, OTHER = "000000000000", "990101000012"
FORMS = frozenset({"mse-01"})


def ids_of(records: Records, iin: str, forms: frozenset[str] = FORMS) -> list[int]:
    return [record.id for record in records.documents.of_persons([iin], forms)[iin]]


def seen(records: Records, iin: str = ONE) -> Seen:
    return Seen(iins=frozenset({iin}), form_ids=FORMS, ids=frozenset(ids_of(records, iin)))


def test_documents_are_found_by_person_and_form(records: Records, account: AccountRecord) -> None:
    both = issue(records, account, iins=(ONE, OTHER, ONE))
    one = issue(records, account, iins=(ONE,))
    issue(records, account, form_id="mse-04", iins=(ONE,))
    issue(records, account)
    assert records.documents.of_persons([ONE, OTHER], FORMS) == {ONE: (both, one), OTHER: (both,)}
    assert records.documents.of_persons([ONE], ()) == {ONE: ()}
    assert records.documents.of_persons([], FORMS) == {}


def test_documents_of_every_office_are_found(records: Records, account: AccountRecord) -> None:
    other = records.offices.ensure("0102", BilingualText(kk="Басқа бөлім", ru="Другой отдел"))
    colleague = records.accounts.add(new_account(other, "colleague"), Change(at=NOW))
    found = issue(records, colleague, iins=(ONE,))
    issue(records, account, iins=(OTHER,))
    assert ids_of(records, ONE) == [found.id]


def test_more_persons_than_postgresql_has_locks_are_held(records: Records, url: str) -> None:
    engine = open_engine(url)
    try:
        with writing(engine) as session:
            hold_persons(session, {f"{number:012}" for number in range(20_000)})
    finally:
        engine.dispose()


def test_everybody_takes_the_locks_of_persons_in_one_order() -> None:
    persons = {f"{number:012}" for number in range(5_000)}
    every = drawers_of(persons)
    assert every == sorted({*every})
    assert len(every) <= DRAWERS
    assert {*drawers_of([ONE])} < {*drawers_of(persons | {ONE})}


def test_what_is_in_print_counts_and_what_is_annulled_does_not(
    records: Records, account: AccountRecord
) -> None:
    reserved = records.documents.reserve(new_document(account, iins=(ONE,)))
    wrong = issue(records, account, iins=(ONE,))
    assert ids_of(records, ONE) == [reserved.id, wrong.id]
    records.documents.annul(wrong.number, annulment(account))
    assert ids_of(records, ONE) == [reserved.id]


def test_a_refused_number_leaves_no_person(records: Records, account: AccountRecord) -> None:
    with pytest.raises(StorageError, match="record-conflict"):
        records.documents.reserve(new_document(account, office_id=999, iins=(ONE,)))
    with reading(records.engine) as session:
        assert session.scalars(select(DocumentPerson)).all() == []


def test_persons_stay_out_of_repr_and_trail(records: Records, account: AccountRecord) -> None:
    issue(records, account, iins=(OTHER,))
    said = repr(new_document(account, iins=(OTHER,))) + repr(records.events.recent())
    assert OTHER not in said + repr(seen(records, OTHER))


# -- no number on a stale look ---------------------------------------------------------------------


def test_a_number_is_given_while_what_was_seen_holds(
    records: Records, account: AccountRecord
) -> None:
    issue(records, account, iins=(ONE,))
    looked = seen(records)
    issue(records, account, iins=(OTHER,))
    issue(records, account, form_id="mse-04", iins=(ONE,))
    assert records.documents.reserve(new_document(account, iins=(ONE,)), seen=looked)


def test_a_new_document_of_the_person_makes_the_look_stale(
    records: Records, account: AccountRecord
) -> None:
    looked = seen(records)
    records.documents.reserve(new_document(account, iins=(ONE,)))
    before = records.documents.numbers_given()
    with pytest.raises(StorageError, match="person-documents-changed"):
        records.documents.reserve(new_document(account, iins=(ONE,)), seen=looked)
    assert records.documents.numbers_given() == before


def test_an_annulment_makes_the_look_stale(records: Records, account: AccountRecord) -> None:
    document = issue(records, account, iins=(ONE,))
    looked = seen(records)
    records.documents.annul(document.number, annulment(account))
    with pytest.raises(StorageError, match="person-documents-changed"):
        records.documents.reserve(new_document(account, iins=(ONE,)), seen=looked)


def test_of_many_with_the_same_look_one_gets_its_number(
    records: Records, account: AccountRecord
) -> None:
    looked = seen(records)

    def reserve(_turn: int) -> bool:
        try:
            records.documents.reserve(new_document(account, iins=(ONE,)), seen=looked)
        except StorageError as error:
            return error.code != "person-documents-changed"
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(reserve, range(16))) == 1


def test_a_second_click_is_no_stale_look(records: Records, account: AccountRecord) -> None:
    looked = seen(records)
    new = new_document(account, iins=(ONE,), draft_id="draft-1")
    assert records.documents.reserve(new, seen=looked) == records.documents.reserve(
        new, seen=looked
    )


# -- what an older release left --------------------------------------------------------------------


def test_documents_of_an_older_release_are_noted_once(
    records: Records, account: AccountRecord
) -> None:
    documents = [issue(records, account) for _ in range(3)]
    assert records.documents.without_persons_noted(limit=9) == ()
    with writing(records.engine) as session:
        session.execute(text("UPDATE documents SET persons_noted = FALSE WHERE id > 1"))
    assert records.documents.without_persons_noted(limit=1) == (documents[1],)
    for _ in range(2):
        records.documents.note_persons(documents[1].id, (ONE, ONE))
    assert ids_of(records, ONE) == [documents[1].id]
    assert records.documents.without_persons_noted(limit=9) == (documents[2],)


@pytest.mark.skipif("TEST_DATABASE_URL" in os.environ, reason="the first release made SQLite only")
def test_a_database_of_the_first_release_keeps_its_documents(url: str) -> None:
    """As ``v0001`` left it: a document and the draft that became it."""
    upgrade_to_the_first(url)
    engine = open_engine(url)
    with engine.begin() as connection:
        for line in FIRST_RELEASE:
            connection.execute(text(line))
    engine.dispose()
    upgrade(url)
    opened = open_records(url)
    (document,) = opened.documents.without_persons_noted(limit=9)
    assert (document.number, document.based_on) == ("1", None)
    draft = opened.drafts.load("became", owner=1)
    assert draft is not None
    assert (draft.document_id, draft.based_on) == (document.id, None)
    opened.documents.note_persons(document.id, (ONE,))
    assert ids_of(opened, ONE) == [document.id]
    opened.close()


FIRST_RELEASE = (
    "INSERT INTO offices VALUES (1, '1', 'a', 'b')",
    "INSERT INTO accounts VALUES (1, 1, 'x', 'x', 'clerk', '', 1, 1, '2025-05-02 09:30:15')",
    "INSERT INTO documents (id, token, short_code, form_id, edition_id, number, output, state,"
    " answers, masked_name, office_id, issued_by, reserved_at) VALUES (1, 't', 's', 'mse-01',"
    " '2025-05-02', '1', 'kk', 'issuing', '{}', '', 1, 1, '2025-05-02 09:30:15')",
    "INSERT INTO drafts VALUES ('became', 1, 'mse-01', '2025-05-02', 'kk', '{}',"
    " '2025-05-02 09:30:15', '2025-05-02 09:30:15', 1)",
)


def upgrade_to_the_first(url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = open_engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()


# -- begun from ------------------------------------------------------------------------------------


def test_a_document_knows_what_its_draft_was_begun_from(
    records: Records, account: AccountRecord
) -> None:
    source = issue(records, account)
    content = DraftContent(
        id="draft-1", owner=account.id, form_id="mse-04", edition_id="x", language=Language.KK,
        raw={}, based_on=source.number,
    )  # fmt: skip
    records.drafts.enter(content, NOW)
    kept = DraftContent(
        id="draft-1", owner=account.id, form_id="mse-04", edition_id="x", language=Language.RU,
        raw={"a": "1"},
    )  # fmt: skip
    assert records.drafts.save(kept, NOW).based_on == source.number
    made = records.documents.reserve(new_document(account, draft_id="draft-1"))
    assert made.based_on == source.number
    assert records.documents.begun_from(source.number) == (made,)
    assert records.documents.begun_from(made.number) == ()
