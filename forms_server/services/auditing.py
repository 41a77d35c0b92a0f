"""Auditing: whether the trail is whole, every number has its document, every paper its bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from forms_server.errors import StorageError
from forms_server.services.workshop import Workshop
from forms_server.storage.records import DocumentRecord

AT_A_TIME = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What an audit found; each fact stands for itself.

    ``trail_head`` noted elsewhere proves the trail up to now for ever. ``trail_broken_at`` is the
    first event that does not hold. ``damaged`` are numbers whose stored file is missing or altered;
    ``unfinished`` are numbers whose paper is still to be printed.
    """

    trail_length: int
    trail_head: str
    trail_broken_at: int | None
    numbers_given: int
    documents: int
    unfinished: tuple[str, ...]
    damaged: tuple[str, ...]

    @property
    def holds(self) -> bool:
        every_number_has_its_document = self.numbers_given == self.documents
        return self.trail_broken_at is None and every_number_has_its_document and not self.damaged


def audit(workshop: Workshop) -> AuditReport:
    """Walk through the whole trail and all documents; reads every stored file."""
    trail = workshop.records.events.verify_chain()
    given = workshop.records.documents.numbers_given()
    documents = list(_all(workshop))
    return AuditReport(
        trail_length=trail.length,
        trail_head=trail.head,
        trail_broken_at=trail.broken_at,
        numbers_given=given,
        documents=len(documents),
        unfinished=tuple(record.number for record in documents if record.blob_key is None),
        damaged=tuple(record.number for record in documents if _is_damaged(workshop, record)),
    )


def _all(workshop: Workshop) -> Iterator[DocumentRecord]:
    last = 0
    while found := workshop.records.documents.after(last, limit=AT_A_TIME):
        yield from found
        last = found[-1].id


def _is_damaged(workshop: Workshop, record: DocumentRecord) -> bool:
    if record.blob_key is None:
        return False
    try:
        workshop.blobs.get(record.blob_key)
    except StorageError:
        return True
    return record.blob_key != record.pdf_sha256
