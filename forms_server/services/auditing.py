"""Auditing: whether the trail, the numbers, the papers and the checkpoints are what they were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from forms_server.errors import ServiceError, StorageError
from forms_server.services.checkpoints import Archive, read_files
from forms_server.services.findings import Finding
from forms_server.services.vouching import (
    Vouched,
    Witnesses,
    findings_of,
    pins_of,
    vouched_of,
)
from forms_server.storage.checkpoints import CHECKPOINT_MADE
from forms_server.storage.records import (
    ChainFault,
    ChainReport,
    CheckpointRecord,
    DocumentLedger,
    DocumentRecord,
    DocumentState,
    EventRecord,
    SignatureRecord,
    SignatureState,
    digest_of_fixed,
)

TRAIL_FINDINGS = {
    ChainFault.CHANGED: "audit-event-changed",
    ChainFault.MISSING: "audit-event-missing",
    ChainFault.INSERTED: "audit-event-inserted",
    ChainFault.CUT_OFF: "audit-trail-cut",
    ChainFault.REMADE: "audit-trail-remade",
}
SIGNATURE_EVENTS = {
    SignatureState.SIGNED: "document-signed",
    SignatureState.REFUSED: "signature-refused",
    SignatureState.BY_HAND: "signature-by-hand",
}
TELLING = {
    "document-reserved",
    "document-issued",
    "document-annulled",
    "document-voided",
    "document-file-added",
    *SIGNATURE_EVENTS.values(),
}
"""The kinds of events that a document's rows must account for, one by one."""

Expected = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What an audit looked at, and the ``findings``: what of it does not hold.

    ``trail_head`` noted elsewhere proves the trail up to now for ever. ``unfinished`` are numbers
    whose paper is still to be printed: no finding, the next start prints them.
    """

    trail_length: int
    trail_head: str
    checkpoints: int
    last_checkpoint: str | None
    numbers_given: int
    documents: int
    files: int
    unfinished: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        return not self.findings


def audit(archive: Archive, *, copies: Path | None = None) -> AuditReport:
    """Walk through the trail, all checkpoints and all documents; reads every stored file.

    ``copies`` is a folder of checkpoints that were kept elsewhere; refuses with
    ``checkpoints-missing`` where it holds none.
    """
    rows = archive.records.checkpoints.all()
    witnesses = _witnesses(archive, rows, copies)
    vouched = vouched_of(witnesses, archive.jwks)
    trail = archive.records.events.verify_chain(tuple(pins_of(vouched)))
    told = archive.records.ledger.of_kind(CHECKPOINT_MADE)
    papers = _Papers(archive)
    findings = (
        *_of_trail(trail, vouched),
        *findings_of(witnesses, rows, told, archive.jwks),
        *papers.findings(),
        *_of_numbers(archive, papers.documents, vouched),
    )
    return AuditReport(
        trail_length=trail.length,
        trail_head=trail.head,
        checkpoints=len(vouched),
        last_checkpoint=vouched[-1].checkpoint.day.isoformat() if vouched else None,
        numbers_given=archive.records.documents.numbers_given(),
        documents=papers.documents,
        files=papers.files,
        unfinished=tuple(papers.unfinished),
        findings=findings,
    )


def _witnesses(
    archive: Archive, rows: Sequence[CheckpointRecord], copies: Path | None
) -> Witnesses:
    kept = read_files(copies) if copies else None
    if copies and not kept:
        raise ServiceError("checkpoints-missing", path=copies)
    database = {row.day: row.jws for row in rows}
    return Witnesses(database, read_files(archive.folder), kept)


def _of_trail(trail: ChainReport, vouched: Sequence[Vouched]) -> Iterator[Finding]:
    """The first row that does not hold, and between which checkpoints it lies."""
    if trail.fault is None or trail.broken_at is None:
        return
    number = trail.broken_at
    days = [(each.checkpoint.events, each.checkpoint.day) for each in vouched]
    yield Finding(
        TRAIL_FINDINGS[trail.fault],
        event=number,
        kind=trail.row.kind if trail.row else None,
        subject=trail.row.subject if trail.row else None,
        after=max((day for events, day in days if events < number), default=None),
        before=min((day for events, day in days if events >= number), default=None),
    )


def _of_numbers(archive: Archive, documents: int, vouched: Sequence[Vouched]) -> Iterator[Finding]:
    given = archive.records.documents.numbers_given()
    if given != documents:
        yield Finding("audit-numbers", given=given, documents=documents)
    for number in archive.records.ledger.without_document():
        yield Finding("audit-document-missing", number=number)
    last = vouched[-1].checkpoint if vouched else None
    if last and (given < last.numbers or documents < last.documents):
        yield Finding("audit-numbers-fewer", day=last.day, given=given, numbers=last.numbers)


class _Papers:
    """One walk through all documents, counting on the way."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self.documents = self.files = 0
        self.unfinished: list[str] = []

    def findings(self) -> Iterator[Finding]:
        for ledger in self._archive.records.ledger.documents():
            self.documents += 1
            self.files += len(ledger.files)
            yield from self._of_document(ledger)

    def _of_document(self, ledger: DocumentLedger) -> Iterator[Finding]:
        record = ledger.record
        if record is None:
            yield Finding("audit-document-unreadable", number=ledger.number)
            return
        if record.state is DocumentState.ISSUING:
            self.unfinished.append(record.number)
        for file in ledger.files:
            if not self._is_whole(file.sha256):
                yield Finding("audit-file-damaged", number=record.number, sequence=file.sequence)
        newest = ledger.files[-1].sha256 if ledger.files else None
        if {record.pdf_sha256, record.blob_key} != {newest}:
            yield Finding("audit-document-file", number=record.number)
        for what in sorted(_disagreements(record, ledger)):
            yield Finding("audit-document-disagrees", number=record.number, what=what)

    def _is_whole(self, key: str) -> bool:
        try:
            self._archive.blobs.get(key)
        except StorageError:
            return False
        return True


def _disagreements(record: DocumentRecord, ledger: DocumentLedger) -> set[str]:
    """Kinds of events that tell otherwise than the rows, or of which there are too many or few."""
    told = [event for event in ledger.events if event.kind in TELLING]
    wrong = set()
    for kind, detail in _expected(record, ledger):
        found = next((event for event in told if _tells(event, kind, detail)), None)
        if found is None:
            wrong.add(kind)
        else:
            told.remove(found)
    replaced_by = [event.detail["replaced_by"] for event in ledger.events if _replaces(event)]
    if record.replaced_by != (replaced_by[-1] if replaced_by else None):
        wrong.add("document-replaced")
    return wrong | {event.kind for event in told}


def _expected(record: DocumentRecord, ledger: DocumentLedger) -> Iterator[Expected]:
    """What the trail must tell of a document whose rows are these."""
    yield (
        "document-reserved",
        {
            "form": record.form_id,
            "edition": record.edition_id,
            "output": record.output,
            "fixed_sha256": digest_of_fixed(record),
            "by": record.issued_by,
            "at": record.reserved_at,
        },
    )
    if record.issued_at is not None:
        first = ledger.files[0].sha256 if ledger.files else None
        sealed = {"pdf_sha256": first, "data_sha256": record.data_sha256}
        yield "document-issued", {**sealed, "at": record.issued_at}
    for file in ledger.files[1:]:
        added = {"pdf_sha256": file.sha256, "sequence": file.sequence, "kind": file.kind.value}
        yield "document-file-added", {**added, "at": file.added_at}
    for signature in ledger.signatures:
        if signature.state is not SignatureState.WAITING:
            yield _expected_signature(signature)
    if record.state is DocumentState.ANNULLED:
        kind = "document-annulled" if record.issued_at else "document-voided"
        reason = sha256((record.annulment_reason or "").encode()).hexdigest()
        why = {"reason_sha256": reason, "by": record.annulled_by, "at": record.annulled_at}
        yield kind, why


def _expected_signature(signature: SignatureRecord) -> Expected:
    told: dict[str, Any] = {"signature": signature.signature_id, "position": signature.position}
    if signature.reason:
        told["reason_sha256"] = sha256(signature.reason.encode()).hexdigest()
    if signature.serial_number:
        told["serial_number"] = signature.serial_number
        told["is_checked"] = signature.is_checked
    return SIGNATURE_EVENTS[signature.state], {**told, "at": signature.settled_at}


def _tells(event: EventRecord, kind: str, detail: dict[str, Any]) -> bool:
    """An event of before the digest was told is not blamed for its silence."""
    known = {"fixed_sha256": detail.get("fixed_sha256"), **event.detail}
    known |= {"by": event.account_id, "at": event.at}
    return event.kind == kind and all(known.get(name) == value for name, value in detail.items())


def _replaces(event: EventRecord) -> bool:
    return bool(event.detail.get("replaced_by"))
