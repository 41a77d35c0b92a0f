"""Certificates: what anybody may know of an issued document, by token, short code or file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from forms_server.documents.qr import normalise_short_code
from forms_server.languages import BilingualText
from forms_server.services.workshop import Workshop
from forms_server.storage.records import (
    AnnulmentCategory,
    CardRecord,
    DocumentState,
    TimeStampState,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What anybody may know of an issued document; why it was annulled only as a category."""

    document_id: int
    form_id: str
    form_title: BilingualText
    edition_id: str
    order: str
    number: str
    issued_at: datetime
    office_code: str
    office: BilingualText
    masked_name: str
    state: DocumentState
    time_stamp: TimeStampState
    time_stamped_at: datetime | None
    annulled_at: datetime | None
    annulment_category: AnnulmentCategory | None
    replaces: str | None
    replaced_by: str | None
    replaced_by_token: str | None
    """The way to the replacement, where that is about the same person."""
    token: str
    short_code: str
    pdf_sha256: str
    data_sha256: str
    is_development: bool
    has_iin: bool

    @property
    def is_in_force(self) -> bool:
        return self.state is DocumentState.ISSUED


def look_up(workshop: Workshop, token: str) -> Certificate | None:
    """The document of a QR, ``None`` if there is no such token."""
    return certificate_of(workshop, workshop.records.cards.by_token(token))


def look_up_code(workshop: Workshop, typed: str) -> Certificate | None:
    """The document of a short code; ``short-code-wrong`` if it cannot be one."""
    code = normalise_short_code(typed)
    return certificate_of(workshop, workshop.records.cards.by_short_code(code))


def look_up_hash(workshop: Workshop, sha256: str) -> Certificate | None:
    """The document that a file with this SHA-256 (hex) is or once was, byte for byte."""
    return certificate_of(workshop, workshop.records.cards.by_pdf_sha256(sha256.lower()))


def certificate_of(workshop: Workshop, card: CardRecord | None) -> Certificate | None:
    """``None`` too where the server no longer has the edition."""
    edition = workshop.edition(card.form_id, card.edition_id) if card else None
    if card is None or edition is None:
        return None
    return Certificate(
        document_id=card.id,
        form_id=card.form_id,
        form_title=edition.title,
        edition_id=edition.id,
        order=edition.order,
        number=card.number,
        issued_at=card.issued_at.astimezone(workshop.zone),
        office_code=card.office_code,
        office=card.office,
        masked_name=card.masked_name,
        state=card.state,
        time_stamp=card.time_stamp,
        time_stamped_at=card.time_stamped_at.astimezone(workshop.zone)
        if card.time_stamped_at
        else None,
        annulled_at=card.annulled_at.astimezone(workshop.zone) if card.annulled_at else None,
        annulment_category=card.annulment_category,
        replaces=card.replaces,
        replaced_by=card.replaced_by,
        replaced_by_token=card.replaced_by_token,
        token=card.token,
        short_code=card.short_code,
        pdf_sha256=card.pdf_sha256,
        data_sha256=card.data_sha256,
        is_development=card.is_development,
        has_iin=card.has_iin,
    )
