"""Steps that all ways to sign share: who may, what the signature says, the document's next file."""

from __future__ import annotations

import hashlib
from datetime import datetime

from forms_server.documents.deferred import Wording
from forms_server.documents.signing_keys import SigningKey
from forms_server.errors import ServiceError, StorageError, words
from forms_server.languages import OUTPUTS, BilingualText, Language
from forms_server.services.accounts import Actor
from forms_server.services.keys import open_key_of_person
from forms_server.services.signers import Desk, account_of, full_name, name_expected
from forms_server.services.workshop import Workshop
from forms_server.storage.records import (
    AccountRecord,
    FileKind,
    NewFile,
    SignatureRecord,
    Signed,
)

OWN_KEY, SERVER_KEY = "own-key", "server-key"
MEANWHILE = {
    "document-file-changed": "signature-outdated",
    "document-not-issued": "signature-outdated",
}
"""What storage refuses because something happened while the person signed."""


def require_role(desk: Desk, record: SignatureRecord, actor: Actor | None) -> Actor:
    """The actor, if they have the role that signs, in the office of the document."""
    spec = desk.spec(record)
    is_theirs = (
        actor is not None
        and actor.role.value == spec.by.value
        and actor.office.id == desk.document.office_id
    )
    if actor is None or not is_theirs:
        raise ServiceError("signer-role")
    return actor


def require_preparer(
    workshop: Workshop, desk: Desk, record: SignatureRecord, actor: Actor | None
) -> None:
    """Who completes the signature of a role is who prepared it: the trail names their account.

    Refuses with ``signer-role``, and with ``signature-not-prepared`` somebody else of that role.
    """
    acting = require_role(desk, record, actor)
    is_theirs = account_of(workshop, acting).iin == record.expected_iin
    if not is_theirs and not desk.is_fixed(record):
        raise ServiceError("signature-not-prepared")


def expect_signer(
    workshop: Workshop,
    desk: Desk,
    record: SignatureRecord,
    *,
    actor: Actor | None,
    now: datetime,
) -> SignatureRecord:
    """The signature, now that it is known whose certificate is taken."""
    if desk.spec(record).is_of_office:
        acting = require_role(desk, record, actor)
        if desk.is_fixed(record):
            return record
        iin = account_of(workshop, acting).iin
        if iin is None:
            raise ServiceError("signer-iin-missing")
        return name_expected(workshop, record, numbers=(iin, None), actor=acting, now=now)
    if record.expected_iin is None and record.expected_bin is None:
        raise ServiceError("signer-not-named")
    return record


def newest_pdf(workshop: Workshop, desk: Desk) -> bytes:
    """The document as it stands."""
    if desk.document.blob_key is None:
        raise ServiceError("signature-missing")
    return workshop.blobs.get(desk.document.blob_key)


def wording_of(  # noqa: PLR0913  # one signature: where, whose, by whom, when
    workshop: Workshop,
    desk: Desk,
    record: SignatureRecord,
    *,
    actor: Actor | None,
    now: datetime,
    serial_number: str = "",
) -> Wording:
    """What the signature says: that it is one, the name, the time, the certificate if known."""
    document, spec = desk.document, desk.spec(record)
    office = workshop.records.offices.by_id(document.office_id)
    moment = now.astimezone(workshop.zone)
    name = full_name(desk, spec) or (actor.display_name if actor and spec.is_of_office else "")
    told = (
        _said_in(desk, words("signature-words")),
        name,
        f"{moment:%d.%m.%Y %H:%M} (UTC{moment.isoformat()[-6:]})",
        f"№ {serial_number}" if serial_number else "",
    )
    return Wording(
        words=told,
        reason=f"{document.form_id} {document.number} {record.signature_id}",
        location=office.code if office else "",
        name=name,
        signed_at=moment,
    )


def _said_in(desk: Desk, text: BilingualText) -> str:
    """The text in the languages that the document is printed in."""
    is_bilingual = desk.edition.is_bilingual_page
    languages = list(Language) if is_bilingual else OUTPUTS[desk.document.output]
    return " / ".join(text[language] for language in languages)


def put_signature(
    workshop: Workshop,
    record: SignatureRecord,
    signed: Signed,
    files: tuple[bytes, bytes],
    *,
    now: datetime,
) -> None:
    """Keeps the document's next file and the signature; ``files`` are before and after.

    Refuses with ``signature-outdated`` if the document is no longer the one before, or somebody
    else is expected than ``record`` says, by which the certificate was judged.
    """
    before, after = files
    new = NewFile(
        kind=FileKind.SIGNED,
        follows=hashlib.sha256(before).hexdigest(),
        sha256=workshop.blobs.put(after),
        added_at=now,
        time_stamp=workshop.new_time_stamp,
    )
    try:
        workshop.records.signatures.sign(record, signed, new)
    except StorageError as error:
        raise ServiceError(MEANWHILE.get(error.code, error.code), **error.values) from error


def open_key(workshop: Workshop, account: AccountRecord, pin: str) -> SigningKey:
    """The key that the server keeps for the account; ``key-missing`` where it keeps none."""
    if account.key_label is None:
        raise ServiceError("key-missing", key=account.login)
    return open_key_of_person(workshop.settings, account.key_label, pin=pin)
