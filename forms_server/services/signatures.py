"""Persons' signatures: who has signed, who is next, and the ways to sign, refuse or print instead.

A signature is given in two steps with the person's own key: what is to be signed is prepared and
kept, the person signs it elsewhere, and what comes back is checked and put into the document.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from forms_server.documents.cms import decode, read_cms
from forms_server.documents.deferred import (
    complete,
    holds_cms,
    prepare,
    sign_with_key,
    signed_bytes,
)
from forms_server.documents.subjects import algorithm_of, common_name
from forms_server.errors import ServiceError
from forms_server.services.acceptance import accept_certificate, accept_cms
from forms_server.services.accounts import Actor, Permission, require
from forms_server.services.numbers import read_number
from forms_server.services.putting import (
    OWN_KEY,
    SERVER_KEY,
    expect_signer,
    newest_pdf,
    open_key,
    put_signature,
    require_preparer,
    require_role,
    wording_of,
)
from forms_server.services.signers import (
    Desk,
    Party,
    account_of,
    name_expected,
    open_desk,
    open_link,
    parties_of,
    require_office,
    require_turn,
    require_waiting,
    signers_of,
)
from forms_server.services.workshop import Workshop
from forms_server.specs.signatures import Way
from forms_server.storage.records import (
    DocumentRecord,
    SignatureRecord,
    SignatureState,
    Signed,
)

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
    (``signerParams``).
    """

    content_base64: str = field(repr=False)
    digest_base64: str
    iin: str | None = field(repr=False)
    bin: str | None = field(repr=False)


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
    return desk.document, newest_pdf(workshop, desk)


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
    another office's), ``signature-not-in-force``, ``signature-settled``, ``signer-fixed`` (the
    answers or the role say who), ``signer-number-missing``, ``signer-iin-wrong`` and
    ``signer-bin-wrong``.
    """
    require(actor, Permission.ISSUE)
    desk, record = open_link(workshop, token)
    require_office(desk, actor)
    require_waiting(desk, record)
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
    desk, record = open_link(workshop, token)
    require_turn(desk, record)
    record = expect_signer(workshop, desk, record, actor=actor, now=now)
    pdf = newest_pdf(workshop, desk)
    wording = wording_of(workshop, desk, record, actor=actor, now=now)
    prepared = prepare(pdf, record.signature_id, wording)
    follows = hashlib.sha256(pdf).hexdigest()
    workshop.records.signatures.prepare(record.id, update=prepared.update, follows=follows, at=now)
    return Preparation(
        content_base64=_base64(signed_bytes(pdf, prepared.update)),
        digest_base64=_base64(prepared.digest),
        iin=record.expected_iin,
        bin=record.expected_bin,
    )


def complete_signature(
    workshop: Workshop, token: str, cms: bytes, *, now: datetime, actor: Actor | None = None
) -> Party:
    """Checks the CMS that came back and puts it into the document; the same one twice is once.

    ``cms``: DER, PEM or Base64, as programs give it. Refuses as :func:`prepare_signature`, with
    ``signature-not-prepared`` and ``signature-outdated`` (prepare again), and with what is wrong
    with the CMS or its certificate: ``cms-unreadable``, ``cms-several-signers``, ``cms-content``,
    ``cms-other-bytes``, ``cms-signature-wrong``, ``cms-algorithm``, ``cms-clock-wrong``,
    ``cms-too-long``, ``cms-certificates``, ``cms-gost-digest``, ``cms-wrong-person``,
    ``certificate-usage``, ``certificate-no-right``,
    ``certificate-untrusted``, ``certificate-expired``, ``certificate-not-yet``,
    ``certificate-revoked``, ``revocation-unknown``, ``ncanode-silent``.
    """
    desk, record = open_link(workshop, token)
    if _is_given(workshop, desk, record, cms):
        return party_of(workshop, token)
    require_turn(desk, record)
    if desk.spec(record).is_of_office:
        require_preparer(workshop, desk, record, actor)
    pdf, update = _prepared(workshop, desk, record, now=now)
    content = signed_bytes(pdf, update)
    facts = read_cms(cms, content)
    signed = Signed(
        way=OWN_KEY,
        is_checked=accept_cms(workshop, record, facts, content, now=now),
        signer=facts.signer,
        serial_number=facts.serial_number,
        algorithm=facts.algorithm,
        by=actor.account_id if actor else None,
    )
    try:
        put_signature(workshop, record, signed, (pdf, complete(pdf, update, facts.der)), now=now)
    except ServiceError:
        desk, record = open_link(workshop, token)
        if not _is_given(workshop, desk, record, cms):
            raise
    return party_of(workshop, token)


def sign_on_server(
    workshop: Workshop, token: str, *, pin: str, actor: Actor, now: datetime
) -> Party:
    """Signs with the key that the server's token keeps for the actor, opened with their PIN.

    Only for a role of the office. Refuses as :func:`prepare_signature`, with ``key-missing`` (the
    account has none), with what is wrong with the key's certificate (``cms-wrong-person`` and
    ``certificate-…`` as :func:`complete_signature`), and as ``tokens.open_person_key``.
    """
    desk, record = open_link(workshop, token)
    require_turn(desk, record)
    acting = require_role(desk, record, actor)
    record = expect_signer(workshop, desk, record, actor=acting, now=now)
    key = open_key(workshop, account_of(workshop, acting), pin)
    accept_certificate(workshop, record, key.certificate, key.chain, now=now)
    pdf = newest_pdf(workshop, desk)
    number = f"{key.certificate.serial_number:x}"
    wording = wording_of(workshop, desk, record, actor=acting, now=now, serial_number=number)
    signed = Signed(
        way=SERVER_KEY,
        is_checked=True,
        signer=common_name(key.certificate),
        serial_number=number,
        algorithm=algorithm_of(key.certificate),
        by=acting.account_id,
    )
    after = sign_with_key(pdf, record.signature_id, wording, key)
    put_signature(workshop, record, signed, (pdf, after), now=now)
    return party_of(workshop, token)


def refuse_signature(
    workshop: Workshop, token: str, *, reason: str, actor: Actor | None = None, now: datetime
) -> Party:
    """The person does not sign and says why; all parties see it, and it is final.

    Refuses with ``signature-not-in-force``, ``signature-settled``, ``signature-reason-missing``,
    ``signature-reason-long``, and, where a role of the office signs, unless the actor has it, with
    ``signer-role``.
    """
    desk, record = open_link(workshop, token)
    require_waiting(desk, record)
    if desk.spec(record).is_of_office:
        require_role(desk, record, actor)
    said = " ".join(reason.split())
    if not said:
        raise ServiceError("signature-reason-missing")
    if len(said) > LONGEST_REASON:
        raise ServiceError("signature-reason-long", longest=LONGEST_REASON)
    by = actor.account_id if actor else None
    workshop.records.signatures.refuse(record.id, reason=said, at=now, by=by)
    return party_of(workshop, token)


def sign_by_hand(workshop: Workshop, token: str, *, actor: Actor, now: datetime) -> Party:
    """The office notes that the printed paper is signed instead; final.

    Refuses with ``signature-electronic-only`` where the form wants an electronic signature, with
    ``not-allowed``, and as ``signers.require_turn`` does.
    """
    require(actor, Permission.ISSUE)
    desk, record = open_link(workshop, token)
    require_office(desk, actor)
    require_turn(desk, record)
    if desk.spec(record).way is not Way.EITHER:
        raise ServiceError("signature-electronic-only")
    workshop.records.signatures.leave_to_hand(record.id, at=now, by=actor.account_id)
    return party_of(workshop, token)


def _is_given(workshop: Workshop, desk: Desk, record: SignatureRecord, cms: bytes) -> bool:
    """Whether it is this very CMS that the document was signed with: a click too many."""
    return (
        record.state is SignatureState.SIGNED
        and record.way == OWN_KEY
        and holds_cms(newest_pdf(workshop, desk), decode(cms))
    )


def _prepared(
    workshop: Workshop, desk: Desk, record: SignatureRecord, *, now: datetime
) -> tuple[bytes, bytes]:
    """The document and the update that was prepared for it, if both are still the same."""
    if record.prepared_update is None or record.prepared_at is None:
        raise ServiceError("signature-not-prepared")
    is_late = not timedelta() <= now - record.prepared_at <= PREPARATION_LASTS
    if is_late or record.prepared_from != desk.document.pdf_sha256:
        raise ServiceError("signature-outdated")
    return newest_pdf(workshop, desk), record.prepared_update


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
