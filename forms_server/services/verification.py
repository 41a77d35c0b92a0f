"""Verification: what holds of a paper or a file and what does not, as separate facts."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from forms_server.documents.checking import SealReport, SignatureFacts
from forms_server.documents.data_xml import read_number
from forms_server.documents.isolation import check_isolated
from forms_server.documents.qr import normalise_short_code
from forms_server.fields.registry import type_of
from forms_server.fields.values import ROW, Answers
from forms_server.languages import BilingualText, Language
from forms_server.services.stored import answers_of
from forms_server.services.workshop import Workshop
from forms_server.specs.model import Edition, FieldSpec, TableSpec
from forms_server.storage.records import DocumentRecord, DocumentState


class Verdict(StrEnum):
    """What a file is, in one word; the facts beside it say why."""

    VALID = "valid"
    ANNULLED = "annulled"
    ALTERED = "altered"
    UNKNOWN = "unknown"
    NOT_SEALED = "not-sealed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What anybody may know of an issued document."""

    form_id: str
    form_title: BilingualText
    edition_id: str
    order: str
    number: str
    issued_at: datetime
    office: BilingualText
    masked_name: str
    state: DocumentState
    annulled_at: datetime | None
    annulment_reason: str | None
    replaced_by: str | None
    token: str
    short_code: str
    pdf_sha256: str
    data_sha256: str
    is_development: bool
    has_iin: bool

    @property
    def is_in_force(self) -> bool:
        return self.state is DocumentState.ISSUED


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentDetails:
    """The answers of a document for its owner: label and text, in printed order."""

    certificate: Certificate
    rows: tuple[tuple[BilingualText, BilingualText], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """What was found of a file; each fact stands for itself.

    ``is_same_bytes``: the file is byte for byte one that this server issued.
    ``certificate``: the document that the file is, or says it is.
    """

    sha256: str
    is_same_bytes: bool
    signatures: tuple[SignatureFacts, ...]
    certificate: Certificate | None
    verdict: Verdict

    @property
    def is_known(self) -> bool:
        return self.certificate is not None


def look_up(workshop: Workshop, token: str) -> Certificate | None:
    """The document of a QR, ``None`` if there is no such token."""
    return _certificate(workshop, workshop.records.documents.by_token(token))


def look_up_code(workshop: Workshop, typed: str) -> Certificate | None:
    """The document of a short code; ``short-code-wrong`` if it cannot be one."""
    code = normalise_short_code(typed)
    return _certificate(workshop, workshop.records.documents.by_short_code(code))


def look_up_hash(workshop: Workshop, sha256: str) -> Certificate | None:
    """The document that a file with this SHA-256 (hex) is, byte for byte."""
    return _certificate(workshop, workshop.records.documents.by_pdf_sha256(sha256.lower()))


def unlock(workshop: Workshop, token: str, *, iin_last4: str) -> DocumentDetails | None:
    """The answers, for who knows the last four digits of the IIN; compared in constant time."""
    record = workshop.records.documents.by_token(token)
    certificate = _certificate(workshop, record)
    if record is None or certificate is None or record.iin_last4 is None:
        return None
    if not hmac.compare_digest(record.iin_last4.encode(), iin_last4.strip().encode()):
        return None
    edition = workshop.edition(record.form_id, record.edition_id)
    rows = tuple(show_answers(edition, answers_of(workshop, record, edition))) if edition else ()
    return DocumentDetails(certificate=certificate, rows=rows)


def verify_pdf(workshop: Workshop, pdf: bytes) -> FileReport:
    """The full check of a file.

    A stranger's file is read in a child process with limits; :class:`DocumentError` says what
    cannot be read (``pdf-not-a-pdf``, ``pdf-too-large``, ``pdf-too-heavy``, …).
    """
    sha256 = hashlib.sha256(pdf).hexdigest()
    record = workshop.records.documents.by_pdf_sha256(sha256)
    seals = check_isolated(pdf, trusted=workshop.trusted)
    same = record is not None
    certificate = _certificate(workshop, record or _named_record(workshop, seals))
    return FileReport(
        sha256=sha256,
        is_same_bytes=same,
        signatures=seals.signatures,
        certificate=certificate,
        verdict=_verdict(seals, certificate, is_same_bytes=same),
    )


def public_keys(workshop: Workshop) -> Mapping[str, Any]:
    """The JWK set that seals in QRs are checked with (RFC 7517)."""
    return workshop.qr_keys.jwks


def show_answers(
    edition: Edition, answers: Answers
) -> Iterator[tuple[BilingualText, BilingualText]]:
    """Every answered field and table row, label and text, in printed order."""
    for item in edition.items.values():
        value = answers.value(item.id)
        if value in (None, (), {}):
            continue
        if isinstance(item, FieldSpec):
            yield item.label, _show(item, value)
        else:
            yield from _show_rows(item, value)


def _named_record(workshop: Workshop, seals: SealReport) -> DocumentRecord | None:
    """The document that the data inside a file name; what the file says is not yet believed."""
    number = read_number(seals.data_xml) if seals.data_xml else None
    return workshop.records.documents.by_number(number) if number else None


def _verdict(seals: SealReport, certificate: Certificate | None, *, is_same_bytes: bool) -> Verdict:
    if not seals.signatures:
        return Verdict.NOT_SEALED if certificate is None else Verdict.ALTERED
    if certificate is None:
        return Verdict.UNKNOWN
    if not is_same_bytes or not all(facts.intact and facts.valid for facts in seals.signatures):
        return Verdict.ALTERED
    return Verdict.VALID if certificate.is_in_force else Verdict.ANNULLED


def _certificate(workshop: Workshop, record: DocumentRecord | None) -> Certificate | None:
    if record is None or record.pdf_sha256 is None or record.issued_at is None:
        return None
    edition = workshop.edition(record.form_id, record.edition_id)
    office = workshop.records.offices.by_id(record.office_id)
    if edition is None or office is None:
        return None
    return Certificate(
        form_id=record.form_id,
        form_title=edition.title,
        edition_id=edition.id,
        order=edition.order,
        number=record.number,
        issued_at=record.issued_at.astimezone(workshop.zone),
        office=office.name,
        masked_name=record.masked_name,
        state=record.state,
        annulled_at=record.annulled_at.astimezone(workshop.zone) if record.annulled_at else None,
        annulment_reason=record.annulment_reason,
        replaced_by=record.replaced_by,
        token=record.token,
        short_code=record.short_code,
        pdf_sha256=record.pdf_sha256,
        data_sha256=record.data_sha256 or "",
        is_development=workshop.sealer.is_development,
        has_iin=record.iin_last4 is not None,
    )


def _show(spec: FieldSpec, value: Any) -> BilingualText:
    type_ = type_of(spec)
    return BilingualText(
        kk=type_.show(value, spec, Language.KK), ru=type_.show(value, spec, Language.RU)
    )


def _show_rows(table: TableSpec, rows: Any) -> Iterator[tuple[BilingualText, BilingualText]]:
    named = rows.items() if isinstance(rows, Mapping) else ((row.get(ROW), row) for row in rows)
    for index, (row_id, row) in enumerate(named):
        spec = table.row(row_id) if row_id else None
        label = spec.title if spec else BilingualText(kk=str(index + 1), ru=str(index + 1))
        shown = [
            _show(column, row[column.id])
            for column in table.columns
            if row.get(column.id) is not None
        ]
        yield (
            BilingualText(kk=f"{table.label.kk}: {label.kk}", ru=f"{table.label.ru}: {label.ru}"),
            BilingualText(
                kk=", ".join(text.kk for text in shown), ru=", ".join(text.ru for text in shown)
            ),
        )
