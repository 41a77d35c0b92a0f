"""Whom a document is about, by the meanings of its specification."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from forms_server.services.persons import iins_in
from forms_server.services.workshop import Workshop
from forms_server.storage.database import writing
from tests.workshop import issue_sample, opened, settings_in

IIN = "000000000000"


def test_an_application_is_about_its_applicant(workshop: Workshop) -> None:
    record = issue_sample(workshop, "mse-01")
    found = workshop.records.documents.of_persons([IIN], ["mse-01"])
    assert record in found[IIN]


def test_what_is_not_answered_is_nobody(workshop: Workshop) -> None:
    edition = workshop.forms["mse-01"].latest
    assert iins_in(edition, {}) == ()
    assert iins_in(edition, {"iin": IIN}) == (IIN,)


def test_a_journal_is_about_everybody_in_its_rows(workshop: Workshop) -> None:
    """Of every form whose rows hold persons: each once, empty rows left out."""
    for form in workshop.forms.values():
        for table in form.latest.tables():
            for column in table.columns:
                if column.means == "person.iin":
                    rows = [{column.id: "1"}, {}, {column.id: "2"}, {column.id: "1"}]
                    assert iins_in(form.latest, {table.id: rows}) == ("1", "2")


def test_documents_of_an_older_release_are_noted_at_the_next_start(tmp_path: Path) -> None:
    with opened(settings_in(tmp_path)) as workshop:
        record = issue_sample(workshop, "mse-01")
        with writing(workshop.records.engine) as session:
            session.execute(text("DELETE FROM document_persons"))
            session.execute(text("UPDATE documents SET persons_noted = FALSE"))
        assert workshop.records.documents.of_persons([IIN], ["mse-01"]) == {IIN: ()}
    with opened(settings_in(tmp_path)) as workshop:
        assert workshop.records.documents.of_persons([IIN], ["mse-01"]) == {IIN: (record,)}
        assert workshop.records.documents.without_persons_noted(limit=1) == ()


def test_a_document_of_an_edition_that_is_gone_keeps_nobody_from_starting(tmp_path: Path) -> None:
    with opened(settings_in(tmp_path)) as workshop:
        issue_sample(workshop, "mse-01")
        with writing(workshop.records.engine) as session:
            gone = "UPDATE documents SET persons_noted = FALSE, edition_id = '1999-01-01'"
            session.execute(text(gone))
    with opened(settings_in(tmp_path)) as workshop:
        assert workshop.records.documents.without_persons_noted(limit=1) == ()
