"""The frozen values of audits: what a walk along the trail is held against, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from forms_server.storage.values import (
    DocumentRecord,
    EventRecord,
    FileRecord,
    SignatureRecord,
)


class ChainFault(StrEnum):
    """What is wrong with the first row of the audit trail that does not hold.

    ``remade``: the row fits the trail, but not what a signed checkpoint says of it.
    """

    CHANGED = "changed"
    MISSING = "missing"
    INSERTED = "inserted"
    CUT_OFF = "cut-off"
    REMADE = "remade"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """What a signed checkpoint vouches for: the events after number ``after`` up to ``events``.

    ``head`` is the hash of the last of them (hex), ``links`` the first bytes of the hash of each.
    """

    after: int
    events: int
    head: str
    links: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainReport:
    """What a walk along the audit trail found: the first event that does not hold, if any.

    ``length`` events hold; ``head`` is the hash of the last event that was read before the fault:
    noted outside the database, it proves the trail up to here for ever. ``row`` is what stands at
    ``broken_at`` now, if it can be read.
    """

    length: int
    head: str
    broken_at: int | None
    fault: ChainFault | None = None
    row: EventRecord | None = None

    @property
    def is_intact(self) -> bool:
        return self.broken_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailState:
    """What a checkpoint vouches for: the trail's length and ``head``, and how much there is.

    ``links`` are the first bytes of the hash of each event after number ``after``.
    """

    after: int
    events: int
    head: str
    links: bytes = field(repr=False)
    documents: int
    numbers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLedger:
    """All that is recorded of one document, for an audit; what cannot be read back is ``None``."""

    id: int
    number: str
    record: DocumentRecord | None
    files: tuple[FileRecord, ...]
    signatures: tuple[SignatureRecord, ...]
    events: tuple[EventRecord, ...]
