"""The audit notices a lost number, an altered paper and a changed trail."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from forms_server.services.auditing import audit
from forms_server.services.workshop import Workshop
from forms_server.storage.records import DocumentRecord
from tests.workshop import issue_sample, opened, settings_in


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[Workshop, DocumentRecord]]:
    """A workshop of this test alone, because it is damaged."""
    with opened(settings_in(tmp_path)) as workshop:
        yield workshop, issue_sample(workshop)


def alter(workshop: Workshop, statement: str) -> None:
    with sqlite3.connect(workshop.settings.home / "forms.db") as database:
        database.execute(statement)
    database.close()


def test_what_is_whole_holds(own: tuple[Workshop, DocumentRecord]) -> None:
    workshop, _ = own
    report = audit(workshop)
    assert report.holds
    assert (report.numbers_given, report.documents) == (1, 1)
    assert report.trail_length > 0


def test_an_altered_paper_is_named(own: tuple[Workshop, DocumentRecord]) -> None:
    workshop, record = own
    (path,) = (workshop.settings.home / "documents").rglob(f"*{record.blob_key}*")
    path.chmod(0o600)
    path.write_bytes(path.read_bytes() + b" ")
    report = audit(workshop)
    assert report.damaged == (record.number,)
    assert not report.holds


def test_a_removed_document_leaves_a_gap(own: tuple[Workshop, DocumentRecord]) -> None:
    workshop, _ = own
    alter(workshop, "DELETE FROM documents")
    report = audit(workshop)
    assert (report.numbers_given, report.documents) == (1, 0)
    assert not report.holds


def test_a_changed_event_breaks_the_trail(own: tuple[Workshop, DocumentRecord]) -> None:
    workshop, _ = own
    alter(workshop, "UPDATE events SET subject = 'another' WHERE id = 2")
    report = audit(workshop)
    assert report.trail_broken_at == 2
    assert not report.holds
    assert not replace(report, trail_broken_at=None, documents=9).holds
