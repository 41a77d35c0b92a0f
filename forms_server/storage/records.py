"""The door of the room: ``open_records`` gives the one object that stories keep records with."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine

from forms_server.storage.accounts import Accounts, Change, Offices
from forms_server.storage.audit_values import (
    ChainFault,
    ChainReport,
    DocumentLedger,
    Pin,
    TrailState,
)
from forms_server.storage.cards import CardRecord, Cards
from forms_server.storage.checkpoints import Checkpoints
from forms_server.storage.database import open_engine
from forms_server.storage.drafts import Drafts
from forms_server.storage.events import Events
from forms_server.storage.files import Files
from forms_server.storage.ledger import Ledger, digest_of_fixed
from forms_server.storage.register import Documents
from forms_server.storage.signatures import Signatures
from forms_server.storage.values import (
    AccountRecord,
    Annulment,
    AnnulmentCategory,
    CheckpointRecord,
    DocumentRecord,
    DocumentState,
    DraftContent,
    DraftRecord,
    EventRecord,
    FileKind,
    FileRecord,
    Issuance,
    JsonObject,
    NewAccount,
    NewDocument,
    NewEvent,
    NewFile,
    NewSignature,
    NumberPattern,
    OfficeRecord,
    Seen,
    SignatureRecord,
    SignatureState,
    Signed,
    TimeStampState,
)
from forms_server.storage.withdrawn import Withdrawn, WithdrawnDocument, WithdrawnMark

__all__ = [
    "AccountRecord",
    "Accounts",
    "Annulment",
    "AnnulmentCategory",
    "CardRecord",
    "Cards",
    "ChainFault",
    "ChainReport",
    "Change",
    "CheckpointRecord",
    "Checkpoints",
    "DocumentLedger",
    "DocumentRecord",
    "DocumentState",
    "Documents",
    "DraftContent",
    "DraftRecord",
    "Drafts",
    "EventRecord",
    "Events",
    "FileKind",
    "FileRecord",
    "Files",
    "Issuance",
    "JsonObject",
    "Ledger",
    "NewAccount",
    "NewDocument",
    "NewEvent",
    "NewFile",
    "NewSignature",
    "NumberPattern",
    "OfficeRecord",
    "Offices",
    "Pin",
    "Records",
    "Seen",
    "SignatureRecord",
    "SignatureState",
    "Signatures",
    "Signed",
    "TimeStampState",
    "TrailState",
    "Withdrawn",
    "WithdrawnDocument",
    "WithdrawnMark",
    "digest_of_fixed",
    "open_records",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """All records of one database; safe to share between threads, and across a fork."""

    engine: Engine
    documents: Documents
    cards: Cards
    drafts: Drafts
    accounts: Accounts
    offices: Offices
    events: Events
    files: Files
    signatures: Signatures
    checkpoints: Checkpoints
    ledger: Ledger
    withdrawn: Withdrawn

    def close(self) -> None:
        """Gives the connections back; the next use would open new ones."""
        self.engine.dispose()


def open_records(database_url: str) -> Records:
    """The records of a database that ``database.upgrade`` has brought up to date."""
    engine = open_engine(database_url)
    return Records(
        engine=engine,
        documents=Documents(engine),
        cards=Cards(engine),
        drafts=Drafts(engine),
        accounts=Accounts(engine),
        offices=Offices(engine),
        events=Events(engine),
        files=Files(engine),
        signatures=Signatures(engine),
        checkpoints=Checkpoints(engine),
        ledger=Ledger(engine),
        withdrawn=Withdrawn(engine),
    )
