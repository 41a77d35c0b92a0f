"""The full check of a file: its signatures, the register, its data and its pages, fact by fact.

A file is valid only if it is, byte for byte, the newest file of a document in force, and nothing of
it is amiss; every other finding says what else it is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from forms_server.documents.isolation import check_isolated
from forms_server.documents.qr_seal import read_seal
from forms_server.documents.signature_facts import PageMarks, SealReport, SignatureFacts
from forms_server.errors import DocumentError
from forms_server.services.certificates import Certificate, look_up
from forms_server.services.comparison import Comparison, compare
from forms_server.services.reasons import (
    Examined,
    FileReason,
    Indication,
    Reason,
    Verdict,
    indication_of,
    reasons_of,
    subindications_of,
    verdict_of,
)
from forms_server.services.workshop import Workshop
from forms_server.storage.records import DocumentRecord

OUR_QR = re.compile(r"/v/(?P<token>[A-Za-z0-9_-]{22})(?:#(?P<seal>[A-Za-z0-9_.-]*))?\Z")
"""The end of what a QR of ours says: see ``documents.qr.address``."""
UNREADABLE = "pdf-"
"""What the codes of a file that cannot be read begin with in ``documents``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """What was found of a file; each fact stands for itself, the reasons say what is amiss.

    ``is_same_bytes``: the file is byte for byte one that this server issued, ``is_newest``: it is
    the last one. ``certificate``: the document that the file is, or says it is.
    ``remarks``: what is to be known although it is not amiss. ``are_pages_read``: all pages were
    drawn and their QR codes read.
    """

    sha256: str
    verdict: Verdict
    indication: Indication
    subindications: tuple[str, ...]
    reasons: tuple[Reason, ...]
    remarks: tuple[Reason, ...] = ()
    is_same_bytes: bool = False
    is_newest: bool = False
    signatures: tuple[SignatureFacts, ...] = ()
    certificate: Certificate | None = None
    comparison: Comparison | None = None
    are_pages_read: bool = False

    @property
    def is_known(self) -> bool:
        return self.certificate is not None

    @property
    def is_readable(self) -> bool:
        return self.verdict is not Verdict.UNREADABLE


def verify_pdf(workshop: Workshop, pdf: bytes, *, now: datetime) -> FileReport:
    """The full check of a file, which is read in a child process with limits.

    A file that cannot be read is a result too (verdict ``unreadable``).
    """
    sha256 = hashlib.sha256(pdf).hexdigest()
    try:
        seals = check_isolated(pdf, authorities=workshop.authorities, at=now)
    except DocumentError as error:
        return _unreadable(sha256, error)
    return _report(workshop, sha256, _examine(workshop, seals, sha256, now=now))


def _unreadable(sha256: str, error: DocumentError) -> FileReport:
    code = FileReason(error.code.removeprefix(UNREADABLE))
    reasons = (Reason(code, {name: str(value) for name, value in error.values.items()}),)
    return FileReport(
        sha256=sha256,
        verdict=verdict_of(reasons, is_known=False),
        indication=indication_of(reasons),
        subindications=subindications_of(reasons),
        reasons=reasons,
    )


def _report(workshop: Workshop, sha256: str, examined: Examined) -> FileReport:
    certificate = look_up(workshop, examined.record.token) if examined.record else None
    development = _development(examined)
    is_ours_too = workshop.sealer.is_development
    reasons = reasons_of(examined) + (() if is_ours_too else development)
    return FileReport(
        sha256=sha256,
        verdict=verdict_of(reasons, is_known=certificate is not None),
        indication=indication_of(reasons),
        subindications=subindications_of(reasons),
        reasons=reasons,
        remarks=development if is_ours_too else (),
        is_same_bytes=examined.is_same_bytes,
        is_newest=examined.is_newest,
        signatures=examined.seals.signatures,
        certificate=certificate,
        comparison=examined.comparison,
        are_pages_read=examined.seals.marks.is_read,
    )


def _development(examined: Examined) -> tuple[Reason, ...]:
    """Amiss where the office has a key of its own by now, else only to be known."""
    is_used = any(facts.is_development for facts in examined.seals.signatures)
    return (Reason(FileReason.DEVELOPMENT_KEY),) if is_used else ()


def _examine(workshop: Workshop, seals: SealReport, sha256: str, *, now: datetime) -> Examined:
    documents = workshop.records.documents
    same = documents.by_pdf_sha256(sha256)
    record = same or _named_record(workshop, seals)
    return Examined(
        seals=seals,
        record=record,
        is_same_bytes=same is not None,
        is_newest=same is not None and same.pdf_sha256 == sha256,
        comparison=_comparison(workshop, seals, record),
        qr_belongs_to=_qr_belongs_to(workshop, seals.marks, record),
        checked_elsewhere=_checked_elsewhere(workshop, same),
        now=now,
    )


def _named_record(workshop: Workshop, seals: SealReport) -> DocumentRecord | None:
    """The document whose token the data, else a QR, name; nothing else of the file is believed.

    A number names none: numbers are counted, and whoever writes one into a file of his own would be
    told whose it is.
    """
    told = seals.cells.get("@token")
    tokens = [told] if isinstance(told, str) else []
    tokens += [token for token, _ in _qr_codes(seals.marks)]
    by_token = workshop.records.documents.by_token
    named = next((each for token in tokens if (each := by_token(token))), None)
    return named if named is not None and named.pdf_sha256 else None


def _comparison(
    workshop: Workshop, seals: SealReport, record: DocumentRecord | None
) -> Comparison | None:
    if record is None or seals.data_xml is None:
        return None
    sha256 = hashlib.sha256(seals.data_xml).hexdigest()
    return compare(workshop, record, cells=seals.cells, sha256=sha256)


def _checked_elsewhere(workshop: Workshop, same: DocumentRecord | None) -> frozenset[str]:
    """The fields, in a file that we made, whose signatures were checked when they were put."""
    rows = workshop.records.signatures.of_document(same.id) if same else ()
    return frozenset(row.signature_id for row in rows if row.is_checked)


# -- the QR codes on the pages --------------------------------------------------------------------


def _qr_codes(marks: PageMarks) -> Iterator[tuple[str, str]]:
    """Token and seal of each QR that is written as ours are."""
    for text in marks.qr_texts:
        if written := OUR_QR.search(text):
            yield written["token"], written["seal"] or ""


def _qr_belongs_to(
    workshop: Workshop, marks: PageMarks, record: DocumentRecord | None
) -> str | None:
    """The number of the paper that a QR was moved from, empty if that is none of ours.

    ``None``: every QR belongs to the file. A QR belongs if its token is the record's, its seal
    vouches for the record's data, and the pages, if they have letters, say the record's number. In
    a file that is no document of ours a QR of another server is in its place.
    """
    if record is None:
        return None
    for token, seal in _qr_codes(marks):
        owner = workshop.records.documents.by_token(token)
        if owner is None or owner.id != record.id:
            return owner.number if owner else ""
        sealed = _sealed_number(workshop, seal, record)
        if sealed is not None and sealed != record.number:
            return sealed
        if marks.text and "".join(record.number.split()) not in marks.text:
            return record.number
    return None


def _sealed_number(workshop: Workshop, seal: str, record: DocumentRecord) -> str | None:
    """The number that a genuine seal vouches for, ``None`` if the QR's seal is none of ours."""
    try:
        payload = read_seal(seal, workshop.qr_keys.jwks)
    except DocumentError:
        return None
    is_same_data = payload.data_sha256.hex() == record.data_sha256
    return payload.number if payload.number != record.number or is_same_data else ""
