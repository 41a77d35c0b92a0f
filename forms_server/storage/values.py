"""The frozen values that go into storage and come out of it; rows never leave the room.

Personal data is kept out of ``repr``, so that a record in a log line or a traceback tells nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeAlias

from forms_server.languages import BilingualText, Language

JsonObject: TypeAlias = Mapping[str, Any]
NumberPattern: TypeAlias = str | Callable[[int], str]
"""How a number is printed: ``"MSE-2025-{number:06d}"``, or a function of the bare number."""


class DocumentState(StrEnum):
    """A document's life: reserved with its number, issued, perhaps annulled; never deleted."""

    ISSUING = "issuing"
    ISSUED = "issued"
    ANNULLED = "annulled"


class FileKind(StrEnum):
    """Why a document got a further file: each is the one before with something added."""

    SEALED = "sealed"
    SIGNED = "signed"
    TIME_STAMPED = "time-stamped"


class TimeStampState(StrEnum):
    """Whether the newest file still waits for its time stamp; ``none`` where none is wanted."""

    NONE = "none"
    PENDING = "pending"
    DONE = "done"


class SignatureState(StrEnum):
    """What has become of a person's signature; ``by-hand``: on the printed paper instead."""

    WAITING = "waiting"
    SIGNED = "signed"
    REFUSED = "refused"
    BY_HAND = "by-hand"


class AnnulmentCategory(StrEnum):
    """What everybody is told of why a document was annulled; the reason itself is the office's."""

    DATA_ERROR = "data-error"
    BY_MISTAKE = "by-mistake"
    ON_REQUEST = "on-request"
    REPLACED = "replaced"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeRecord:
    """An office that issues documents."""

    id: int
    code: str
    name: BilingualText


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """An account to be entered; ``login`` is compared as it stands, so fold its case before."""

    office_id: int
    login: str
    display_name: str
    role: str
    password_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRecord:
    """Who may sign in; a session that carries another ``session_epoch`` is over."""

    id: int
    office: OfficeRecord
    login: str
    display_name: str
    role: str
    password_hash: str = field(repr=False)
    active: bool
    session_epoch: int
    created_at: datetime
    iin: str | None = field(repr=False)
    key_label: str | None
    """Where the server keeps a key for this person: its label on the PKCS#11 token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDocument:
    """All that is known of a document before it is printed; ``scope`` says what is counted.

    ``iins`` are the persons whom it is about; of a person known otherwise there is no look-up.
    """

    scope: str
    number_pattern: NumberPattern
    token: str
    short_code: str
    form_id: str
    edition_id: str
    output: str
    answers: JsonObject = field(repr=False)
    masked_name: str = field(repr=False)
    iin_last4: str | None = field(repr=False)
    office_id: int
    issued_by: int
    reserved_at: datetime
    draft_id: str | None = None
    iins: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a look-up of persons' documents found: ``ids`` of those of ``form_ids``.

    A number is given out on the strength of it only while the same look-up finds the same; the
    document that is being ``replaced``, by its number, counts for neither.
    """

    iins: frozenset[str] = field(repr=False)
    form_ids: frozenset[str]
    ids: frozenset[int]
    replaced: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Annulment:
    """Who annuls a document, when and why; ``replaced_by`` is the number of its replacement."""

    by: int
    at: datetime
    reason: str = field(repr=False)
    replaced_by: str | None = None
    category: AnnulmentCategory = AnnulmentCategory.OTHER


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRecord:
    """A document as its row stands; what is ``None`` in state ``issuing`` is set when it is issued.

    ``draft_id`` stays after the draft is deleted: it is what makes a second click harmless.
    """

    id: int
    draft_id: str | None
    token: str
    short_code: str
    form_id: str
    edition_id: str
    number: str
    output: str
    state: DocumentState
    answers: JsonObject = field(repr=False)
    masked_name: str = field(repr=False)
    iin_last4: str | None = field(repr=False)
    data_sha256: str | None
    pdf_sha256: str | None
    blob_key: str | None
    office_id: int
    issued_by: int
    reserved_at: datetime
    issued_at: datetime | None
    annulled_at: datetime | None
    annulled_by: int | None
    annulment_reason: str | None = field(repr=False)
    annulment_category: AnnulmentCategory | None
    replaced_by: str | None
    based_on: str | None
    """The number of the document that its draft was begun from."""
    time_stamp: TimeStampState
    time_stamped_at: datetime | None
    """What the newest time stamp says, whether or not a signature has followed since."""
    time_stamp_until: datetime | None
    """When the certificate of the newest time stamp ends."""
    replaces: str | None
    """The number of the document that this one is issued in place of."""
    replacement_reason: str | None = field(repr=False)
    replacement_by: int | None
    is_development: bool
    """Sealed with a development key; false in state ``issuing``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSignature:
    """A signature that a document will wait for once it is issued.

    ``expected_iin`` or ``expected_bin`` is whose certificate is taken, where it is known.
    """

    position: int
    signature_id: str
    required: bool
    token: str
    expected_iin: str | None = field(default=None, repr=False)
    expected_bin: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuance:
    """What makes a reserved document an issued one: its sealed file and what it then waits for."""

    pdf_sha256: str
    data_sha256: str
    issued_at: datetime
    signatures: tuple[NewSignature, ...] = ()
    time_stamp: TimeStampState = TimeStampState.NONE
    is_development: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile:
    """A document's next file: what it ``follows`` and what it is, by SHA-256 (hex).

    ``time_stamped_at`` is the time of its newest time stamp where one was added, and
    ``time_stamp_until`` the end of that authority's certificate.
    """

    kind: FileKind
    follows: str
    sha256: str
    added_at: datetime
    time_stamp: TimeStampState
    time_stamped_at: datetime | None = None
    time_stamp_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """A file that a document is or once was; ``sequence`` counts from 1."""

    document_id: int
    sequence: int
    kind: FileKind
    sha256: str
    added_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What is known of a signature that was just put: the certificate's subject and numbers.

    ``way``: ``server-key`` or ``own-key``. ``is_checked`` is false where nobody could check it.
    """

    way: str
    is_checked: bool
    signer: str = field(repr=False)
    serial_number: str
    algorithm: str
    by: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureRecord:
    """A person's signature as its row stands; ``settled_at`` is when the state became final."""

    id: int
    document_id: int
    position: int
    signature_id: str
    required: bool
    token: str = field(repr=False)
    state: SignatureState
    expected_iin: str | None = field(repr=False)
    expected_bin: str | None = field(repr=False)
    prepared_from: str | None
    prepared_update: bytes | None = field(repr=False)
    prepared_at: datetime | None
    way: str | None
    is_checked: bool | None
    signer: str | None = field(repr=False)
    serial_number: str | None
    algorithm: str | None
    settled_at: datetime | None
    settled_by: int | None
    reason: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointRecord:
    """The audit trail as it stood that day: so many ``events``, the last one's hash, signed."""

    day: date
    events: int
    head: str
    jws: str
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftContent:
    """A draft to be saved: ``raw`` is what was typed, strings or lists by field name.

    ``based_on``, the number of the document that it is begun from, is kept from the first saving,
    and so is what is said of the document that it is to replace.
    """

    id: str
    owner: int
    form_id: str
    edition_id: str
    language: Language
    raw: JsonObject = field(repr=False)
    based_on: str | None = None
    replaces: str | None = None
    replacement_reason: str | None = field(default=None, repr=False)
    replacement_by: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRecord:
    """A saved draft; once a document has been reserved from it, ``document_id`` names that."""

    id: str
    owner: int
    form_id: str
    edition_id: str
    language: Language
    raw: JsonObject = field(repr=False)
    created_at: datetime
    updated_at: datetime
    document_id: int | None
    based_on: str | None
    replaces: str | None
    replacement_reason: str | None = field(repr=False)
    replacement_by: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """Something that happened to ``subject``, a document's number or an account's login.

    ``detail`` is plain JSON and holds no personal data: the trail is shown to auditors and kept.
    """

    at: datetime
    kind: str
    subject: str
    account_id: int | None = None
    detail: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecord:
    """One link of the audit trail; ``hash`` covers all the other values."""

    id: int
    at: datetime
    account_id: int | None
    kind: str
    subject: str
    detail: JsonObject
    previous_hash: str
    hash: str
