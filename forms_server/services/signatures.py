"""Persons' signatures: who has signed, who is next, and the ways to sign, refuse or print instead.

A signature is given in two steps with the person's own key: what is to be signed is prepared and
kept, the person signs it elsewhere, and what comes back is checked and put into the document.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from forms_server.errors import ServiceError
from forms_server.services.accounts import Actor, Permission, require
from forms_server.services.signers import (
    Party,
    name_expected,
    open_desk,
    open_link,
    parties_of,
    read_number,
    require_office,
    require_turn,
    signers_of,
)
from forms_server.services.workshop import Workshop
from forms_server.specs.model import Way
from forms_server.storage.records import DocumentRecord, SignatureRecord, SignatureState

__all__ = [
    "Party",
    "Preparation",
    "complete_signature",
    "document_of",
    "name_signer",
    "overview",
    "party_of",
    "prepare_signature",
    "refuse_signature",
    "sign_by_hand",
    "sign_on_server",
    "signers_of",
]

LONGEST_REASON = 500
PREPARATION_LASTS = timedelta(minutes=15)
"""How long the time printed in a prepared signature may stand for the time of signing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """What a person's program is given to sign.

    ``content_base64``: the bytes themselves (NCALayer ``basics.sign``: ``data``, ``decode`` true,
    ``digested`` false, ``encapsulate`` false): any key can sign them, GOST keys only these.
    ``digest_base64``: their SHA-256, for programs that sign a digest (``digested`` true) with an
    RSA or EC key.  ``iin`` and ``bin``: whose certificate is taken, to offer no other
    (``signerParams``).  ``expires_at``: later the signature has to be prepared anew.
    """

    content_base64: str
    digest_base64: str
    iin: str | None
    bin: str | None
    expires_at: datetime


def overview(workshop: Workshop, document: DocumentRecord) -> tuple[Party, ...]:
    """Everybody who signs the document electronically, in order; nobody for most forms."""
    return parties_of(open_desk(workshop, document))


def party_of(workshop: Workshop, token: str) -> Party:
    """Whom a secret link belongs to; refuses with ``signature-missing``."""
    desk, record = open_link(workshop, token)
    return next(party for party in parties_of(desk) if party.record.id == record.id)


def document_of(workshop: Workshop, token: str) -> tuple[DocumentRecord, bytes]:
    """The document of a secret link and its PDF as it stands: what the signer reads first."""
    desk, _ = open_link(workshop, token)
    if desk.document.blob_key is None:
        raise ServiceError("signature-missing")
    return desk.document, workshop.blobs.get(desk.document.blob_key)


def name_signer(  # noqa: PLR0913  # one signer by two numbers, who says so and when
    workshop: Workshop,
    token: str,
    *,
    iin: str = "",
    bin_: str = "",
    actor: Actor,
    now: datetime,
) -> Party:
    """The office says whose certificate is taken: by IIN, by BIN (whoever may sign for it) or both.

    ``iin`` and ``bin_`` are as typed. Refuses with ``not-allowed``, ``signature-missing`` (also
    another office's), ``signature-settled``, ``signer-fixed`` (the answers or the role say who),
    ``signer-number-missing``, ``signer-iin-wrong`` and ``signer-bin-wrong``.
    """
    require(actor, Permission.ISSUE)
    desk, record = open_link(workshop, token)
    require_office(desk, actor)
    _require_waiting(record)
    spec = desk.spec(record)
    if spec.is_of_office or desk.is_fixed(record):
        raise ServiceError("signer-fixed")
    numbers = (
        read_number(iin, code="signer-iin-wrong"),
        read_number(bin_, code="signer-bin-wrong"),
    )
    if not any(numbers):
        raise ServiceError("signer-number-missing")
    name_expected(workshop, record, numbers=numbers, actor=actor, now=now)
    return party_of(workshop, token)


def prepare_signature(
    workshop: Workshop, token: str, *, now: datetime, actor: Actor | None = None
) -> Preparation:
    """Makes and keeps what the person is to sign; the signature's time and place stand in it.

    ``actor`` is who is signed in: where the form wants an account's role (``spec.is_of_office``),
    somebody of that role in that office has to be, and their account's IIN is then expected.
    A second time replaces the first. Refuses with ``signature-missing``,
    ``signature-not-in-force``, ``signature-settled``, ``signature-not-yet``,
    ``signature-refused-before``, ``signer-not-named``, ``signer-role`` and ``signer-iin-missing``.
    """
    raise ServiceError("signature-missing")


def complete_signature(
    workshop: Workshop, token: str, cms: bytes, *, now: datetime, actor: Actor | None = None
) -> Party:
    """Checks the CMS that came back and puts it into the document; the same one twice is once.

    ``cms``: DER, PEM or Base64, as programs give it. Refuses as :func:`prepare_signature`, with
    ``signature-not-prepared`` and ``signature-outdated`` (prepare again), and with what is wrong
    with the CMS or its certificate: ``cms-unreadable``, ``cms-several-signers``, ``cms-content``,
    ``cms-other-bytes``, ``cms-signature-wrong``, ``cms-algorithm``, ``cms-clock-wrong``,
    ``cms-too-long``, ``cms-wrong-person``, ``certificate-usage``, ``certificate-no-right``,
    ``certificate-untrusted``, ``certificate-expired``, ``certificate-not-yet``,
    ``certificate-revoked``, ``revocation-unknown``.
    """
    raise ServiceError("signature-missing")


def sign_on_server(
    workshop: Workshop, token: str, *, pin: str, actor: Actor, now: datetime
) -> Party:
    """Signs with the key that the server's token keeps for the actor, opened with their PIN.

    Only for a role of the office. Refuses as :func:`prepare_signature`, with ``key-missing`` (the
    account has none), ``cms-wrong-person`` (the key's certificate is somebody else's), and as
    ``tokens.open_person_key`` (a wrong PIN).
    """
    raise ServiceError("signature-missing")


def refuse_signature(
    workshop: Workshop, token: str, *, reason: str, actor: Actor | None = None, now: datetime
) -> Party:
    """The person does not sign and says why; all parties see it, and it is final.

    Refuses with ``signature-reason-missing``, ``signature-reason-long``, and, where a role of the
    office signs, unless the actor has it, with ``signer-role``.
    """
    raise ServiceError("signature-missing")


def sign_by_hand(workshop: Workshop, token: str, *, actor: Actor, now: datetime) -> Party:
    """The office notes that the printed paper is signed instead; final.

    Refuses with ``signature-electronic-only`` where the form wants an electronic signature, with
    ``signature-settled``, ``signature-not-yet`` and ``not-allowed``.
    """
    require(actor, Permission.ISSUE)
    desk, record = open_link(workshop, token)
    require_office(desk, actor)
    require_turn(desk, record)
    if desk.spec(record).way is not Way.EITHER:
        raise ServiceError("signature-electronic-only")
    workshop.records.signatures.leave_to_hand(record.id, at=now, by=actor.account_id)
    return party_of(workshop, token)


def _require_waiting(record: SignatureRecord) -> None:
    if record.state is not SignatureState.WAITING:
        raise ServiceError("signature-settled", state=record.state.value)
