"""A database from before there were signatures keeps its documents when it is upgraded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, MetaData

from forms_server.storage.database import MIGRATIONS, open_engine, upgrade
from forms_server.storage.records import (
    AnnulmentCategory,
    DocumentState,
    FileKind,
    Records,
    TimeStampState,
    open_records,
)

BEFORE_SIGNING = "0003"
MOMENT = datetime(2025, 5, 2, 9, 30, 15, tzinfo=UTC)
FIRST_ACCOUNT = 1
WITHDRAWN = {
    "state": "annulled",
    "annulled_at": MOMENT,
    "annulled_by": FIRST_ACCOUNT,
    "annulment_reason": "Образец",
}
ISSUED = {"issued_at": MOMENT, "data_sha256": "d" * 64}
DOCUMENTS: Mapping[str, Mapping[str, Any]] = {
    "A-1": {**ISSUED, "state": "issued", "pdf_sha256": "1" * 64, "blob_key": "1" * 64},
    "A-2": {**ISSUED, **WITHDRAWN, "pdf_sha256": "2" * 64, "blob_key": "2" * 64},
    "A-3": {
        **ISSUED, **WITHDRAWN, "pdf_sha256": "3" * 64, "blob_key": "3" * 64, "replaced_by": "A-1",
    },
    "A-4": {"state": "issuing"},
    "A-5": {**WITHDRAWN},
}  # fmt: skip
"""Issued, annulled, replaced, still in print, and given up before it was printed."""


@pytest.fixture
def records(url: str) -> Iterator[Records]:
    engine = open_engine(url)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, BEFORE_SIGNING)
        _enter_documents(connection)
    engine.dispose()
    upgrade(url)
    opened = open_records(url)
    yield opened
    opened.close()


def _enter_documents(connection: Connection) -> None:
    """As the tables were then, which no module of ours knows any more."""
    tables = MetaData()
    tables.reflect(connection)

    def enter(table: str, **values: object) -> int:
        key = connection.execute(tables.tables[table].insert().values(values)).inserted_primary_key
        assert key is not None
        return int(key[0])

    office = enter("offices", code="0101", name_kk="Үлгі", name_ru="Образец")
    account = enter(
        "accounts",
        office_id=office, login="clerk", display_name="Үлгі", role="clerk", active=True,
        password_hash="", session_epoch=1, created_at=MOMENT,
    )  # fmt: skip
    for number, told in DOCUMENTS.items():
        enter(
            "documents",
            number=number, form_id="sample", edition_id="2025-01-01", output="kk", answers={},
            masked_name="", office_id=office, issued_by=account, reserved_at=MOMENT,
            token=number, short_code=number, persons_noted=True, **told,
        )  # fmt: skip


def test_every_document_stands_as_it_stood(records: Records) -> None:
    found = {number: records.documents.by_number(number) for number in DOCUMENTS}
    for number, told in DOCUMENTS.items():
        document = found[number]
        assert document is not None
        assert document.state is DocumentState(told["state"])
        assert document.pdf_sha256 == told.get("pdf_sha256")
        assert document.time_stamp is TimeStampState.NONE
        assert records.signatures.of_document(document.id) == ()


def test_what_was_issued_has_its_sealed_file(records: Records) -> None:
    for number, told in DOCUMENTS.items():
        document = records.documents.by_number(number)
        assert document is not None
        files = records.files.of_document(document.id)
        wanted = [(1, FileKind.SEALED, told["pdf_sha256"], MOMENT)] if "pdf_sha256" in told else []
        assert [(one.sequence, one.kind, one.sha256, one.added_at) for one in files] == wanted
    assert records.documents.by_pdf_sha256("2" * 64) == records.documents.by_number("A-2")


def test_what_was_withdrawn_has_a_category(records: Records) -> None:
    categories = [
        document.annulment_category
        for number in DOCUMENTS
        if (document := records.documents.by_number(number))
    ]
    other, replaced = AnnulmentCategory.OTHER, AnnulmentCategory.REPLACED
    assert categories == [None, other, replaced, None, other]
