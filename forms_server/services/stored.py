"""What is stored, read again: the edition it was written on, and a document's answers."""

from __future__ import annotations

from forms_server.errors import ServiceError
from forms_server.fields.answers import read_answers
from forms_server.fields.values import Answers
from forms_server.services.workshop import Workshop
from forms_server.specs.model import Edition
from forms_server.storage.records import DocumentRecord, DraftRecord


def edition_of(workshop: Workshop, record: DraftRecord | DocumentRecord) -> Edition:
    """The edition that a draft was started on; it keeps that one when a newer comes into force.

    Refuses with ``edition-missing`` where the server no longer has it.
    """
    edition = workshop.edition(record.form_id, record.edition_id)
    if edition is None:
        raise ServiceError("edition-missing", form=record.form_id, edition=record.edition_id)
    return edition


def answers_of(workshop: Workshop, record: DocumentRecord, edition: Edition) -> Answers:
    """The answers of a document, read as on the day on which it was given its number."""
    day = workshop.day_of(record.reserved_at)
    return read_answers(edition, record.answers, day).answers
