"""The door of the room: ``open_records`` gives the one object that stories keep records with."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine

from forms_server.storage.accounts import Accounts, Change, Offices
from forms_server.storage.database import open_engine
from forms_server.storage.drafts import Drafts
from forms_server.storage.events import Events
from forms_server.storage.register import Documents
from forms_server.storage.values import (
    AccountRecord,
    Annulment,
    ChainReport,
    DocumentRecord,
    DocumentState,
    DraftContent,
    DraftRecord,
    EventRecord,
    JsonObject,
    NewAccount,
    NewDocument,
    NewEvent,
    NumberPattern,
    OfficeRecord,
    Seen,
)

__all__ = [
    "AccountRecord",
    "Accounts",
    "Annulment",
    "ChainReport",
    "Change",
    "DocumentRecord",
    "DocumentState",
    "Documents",
    "DraftContent",
    "DraftRecord",
    "Drafts",
    "EventRecord",
    "Events",
    "JsonObject",
    "NewAccount",
    "NewDocument",
    "NewEvent",
    "NumberPattern",
    "OfficeRecord",
    "Offices",
    "Records",
    "Seen",
    "open_records",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """All records of one database; safe to share between threads, and across a fork."""

    engine: Engine
    documents: Documents
    drafts: Drafts
    accounts: Accounts
    offices: Offices
    events: Events

    def close(self) -> None:
        """Gives the connections back; the next use would open new ones."""
        self.engine.dispose()


def open_records(database_url: str) -> Records:
    """The records of a database that ``database.upgrade`` has brought up to date."""
    engine = open_engine(database_url)
    return Records(
        engine=engine,
        documents=Documents(engine),
        drafts=Drafts(engine),
        accounts=Accounts(engine),
        offices=Offices(engine),
        events=Events(engine),
    )
