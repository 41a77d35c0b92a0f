"""Who signs a document: those whom its specification names, and whose certificate is taken."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from forms_server.documents.qr import TOKEN_BYTES, mask_name, new_token
from forms_server.errors import ServiceError
from forms_server.fields.values import Answers
from forms_server.languages import BilingualText
from forms_server.services.accounts import Actor, Permission, require
from forms_server.services.persons import NAME_PARTS
from forms_server.services.stored import answers_of, edition_of
from forms_server.services.workshop import Workshop
from forms_server.specs.model import Edition
from forms_server.specs.signatures import SignatureSpec
from forms_server.storage.records import (
    AccountRecord,
    DocumentRecord,
    DocumentState,
    NewSignature,
    SignatureRecord,
    SignatureState,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A signer of a document and how far they are; ``name`` is as the document's answers tell it.

    ``is_next``: may sign now: waits, and nobody who has to sign before still does.
    ``is_named``: it is known whose certificate is taken, or the role of an account says it;
    ``is_fixed``: the document's own answers say it, and the office cannot name another.
    ``is_checked``: ``False`` for a signature that is there and could not be checked: never call
    it valid.  ``signer``, ``serial_number`` and ``algorithm`` are the certificate's.
    Names and ``token`` (the secret link ``/s/TOKEN``) are for the office and the signers alone:
    to everybody else show ``masked_name``.
    """

    record: SignatureRecord
    spec: SignatureSpec
    label: BilingualText
    name: str = field(repr=False)
    masked_name: str
    is_next: bool
    is_named: bool
    is_fixed: bool

    @property
    def token(self) -> str:
        return self.record.token

    @property
    def state(self) -> SignatureState:
        return self.record.state

    @property
    def is_checked(self) -> bool | None:
        return self.record.is_checked

    @property
    def settled_at(self) -> datetime | None:
        return self.record.settled_at

    @property
    def way(self) -> str | None:
        """``server-key`` or ``own-key`` once it is signed."""
        return self.record.way

    @property
    def reason(self) -> str | None:
        """Why it was refused."""
        return self.record.reason


@dataclass(frozen=True, slots=True)
class Desk:
    """A document that is being signed, with its edition, answers and signatures in order."""

    document: DocumentRecord
    edition: Edition
    answers: Answers
    records: tuple[SignatureRecord, ...]

    def spec(self, record: SignatureRecord) -> SignatureSpec:
        """Refuses with ``signature-missing`` what the edition does not name."""
        for spec in signers_of(self.edition):
            if spec.id == record.signature_id:
                return spec
        raise ServiceError("signature-missing")

    def is_fixed(self, record: SignatureRecord) -> bool:
        """Whether the document's own answers say whose certificate is taken."""
        spec = self.spec(record)
        return any(_told(self.answers, number) for number in (spec.iin, spec.bin))

    def blocks(self, record: SignatureRecord) -> SignatureRecord | None:
        """Who has to sign first and has not: what is not required is not waited for."""
        for other in self.records:
            is_settled = other.state in {SignatureState.SIGNED, SignatureState.BY_HAND}
            if other.position < record.position and other.required and not is_settled:
                return other
        return None


def signers_of(edition: Edition) -> tuple[SignatureSpec, ...]:
    """Who may sign electronically, in the order of signing."""
    return tuple(spec for spec in edition.signatures if spec.is_electronic)


def signatures_of(edition: Edition, answers: Answers) -> tuple[NewSignature, ...]:
    """What a document of this edition waits for once it is issued."""
    return tuple(
        NewSignature(
            position=position,
            signature_id=spec.id,
            required=spec.required,
            token=new_token(secrets.token_bytes(TOKEN_BYTES)),
            expected_iin=_told(answers, spec.iin),
            expected_bin=_told(answers, spec.bin),
        )
        for position, spec in enumerate(signers_of(edition), 1)
    )


def open_desk(workshop: Workshop, document: DocumentRecord) -> Desk:
    """Refuses with ``edition-missing`` where the server no longer has the edition."""
    edition = edition_of(workshop, document)
    records = workshop.records.signatures.of_document(document.id)
    return Desk(document, edition, answers_of(workshop, document, edition), records)


def open_link(workshop: Workshop, token: str) -> tuple[Desk, SignatureRecord]:
    """What a signer's secret link opens; refuses with ``signature-missing``."""
    record = workshop.records.signatures.by_token(token)
    document = workshop.records.documents.by_id(record.document_id) if record else None
    if record is None or document is None:
        raise ServiceError("signature-missing")
    return open_desk(workshop, document), record


def require_office(desk: Desk, actor: Actor) -> None:
    """Of another office's document nobody learns that there is one."""
    require(actor, Permission.READ_DOCUMENTS)
    if desk.document.office_id != actor.office.id:
        raise ServiceError("signature-missing")


def require_waiting(desk: Desk, record: SignatureRecord) -> None:
    """Refuses with ``signature-not-in-force`` and ``signature-settled``."""
    if desk.document.state is not DocumentState.ISSUED:
        raise ServiceError("signature-not-in-force", number=desk.document.number)
    if record.state is not SignatureState.WAITING:
        raise ServiceError("signature-settled")


def require_turn(desk: Desk, record: SignatureRecord) -> None:
    """Refuses what cannot be signed now.

    As :func:`require_waiting`, with ``signature-not-yet`` and, where who comes before has refused,
    ``signature-refused-before``.
    """
    require_waiting(desk, record)
    before = desk.blocks(record)
    if before is not None:
        refused = before.state is SignatureState.REFUSED
        raise ServiceError("signature-refused-before" if refused else "signature-not-yet")


def parties_of(desk: Desk) -> tuple[Party, ...]:
    """Everybody who signs, in order."""
    return tuple(_party(desk, record) for record in desk.records)


def name_expected(
    workshop: Workshop,
    record: SignatureRecord,
    *,
    numbers: tuple[str | None, str | None],
    actor: Actor,
    now: datetime,
) -> SignatureRecord:
    """Keeps whose certificate is taken, by IIN and BIN; nothing is written if it is known."""
    iin, bin_ = numbers
    if (record.expected_iin, record.expected_bin) == numbers:
        return record
    return workshop.records.signatures.expect(
        record.id, iin=iin, bin_=bin_, by=actor.account_id, at=now
    )


def account_of(workshop: Workshop, actor: Actor) -> AccountRecord:
    """The actor's account as it stands now."""
    account = workshop.records.accounts.by_id(actor.account_id)
    if account is None:
        raise ServiceError("not-allowed")
    return account


def full_name(desk: Desk, spec: SignatureSpec) -> str:
    """As the document's answers tell it, empty where they do not."""
    return " ".join(filter(None, _name_parts(desk.answers, spec)))


def _party(desk: Desk, record: SignatureRecord) -> Party:
    spec = desk.spec(record)
    parts = _name_parts(desk.answers, spec)
    is_next = (
        desk.document.state is DocumentState.ISSUED
        and record.state is SignatureState.WAITING
        and desk.blocks(record) is None
    )
    return Party(
        record=record,
        spec=spec,
        label=spec.label,
        name=full_name(desk, spec),
        masked_name=mask_name(*parts),
        is_next=is_next,
        is_named=spec.is_of_office or bool(record.expected_iin or record.expected_bin),
        is_fixed=desk.is_fixed(record),
    )


def _name_parts(answers: Answers, spec: SignatureSpec) -> tuple[str, str, str]:
    name = answers.value(spec.name) if spec.name else None
    told = name if isinstance(name, Mapping) else {}
    surname, given_name, patronymic = (str(told.get(part) or "") for part in NAME_PARTS)
    return surname, given_name, patronymic


def _told(answers: Answers, field_id: str | None) -> str | None:
    value = answers.value(field_id) if field_id else None
    return str(value) if value else None
