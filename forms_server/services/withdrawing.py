"""Withdrawing: a head annuls a document; number, file and record stay, and everybody is told."""

from __future__ import annotations

from datetime import datetime

from forms_server.errors import ServiceError, StorageError
from forms_server.services.accounts import Actor, Permission, require
from forms_server.services.issuing import open_document
from forms_server.services.workshop import Workshop
from forms_server.storage.records import (
    Annulment,
    AnnulmentCategory,
    DocumentRecord,
    DocumentState,
)

LONGEST_REASON = 500
LEAST_LETTERS = 3
"""A dash or a number is no reason."""
CHOSEN = tuple(each for each in AnnulmentCategory if each is not AnnulmentCategory.REPLACED)
"""What a head chooses from; ``replaced`` is said of what another document takes the place of."""


def annul(  # noqa: PLR0913  # what, why, who, when: all by name
    workshop: Workshop,
    number: str,
    *,
    reason: str,
    actor: Actor,
    now: datetime,
    category: AnnulmentCategory = AnnulmentCategory.OTHER,
) -> DocumentRecord:
    """Annul a document: everybody who checks it learns when and of which ``category``.

    The reason itself is for the office, and for who opens the rest of the document. Refuses with
    ``not-allowed``, ``document-not-found``, ``document-already-annulled`` and as
    :func:`read_reason` does.
    """
    require(actor, Permission.ANNUL)
    record = open_document(workshop, number, actor=actor)
    if record.state is DocumentState.ANNULLED:
        raise _already_annulled(record)
    annulment = Annulment(
        by=actor.account_id, at=now, reason=read_reason(reason), category=category
    )
    documents = workshop.records.documents
    change = documents.void if record.state is DocumentState.ISSUING else documents.annul
    try:
        return change(number, annulment)
    except StorageError as error:
        changed = open_document(workshop, number, actor=actor)
        if changed.state is not DocumentState.ANNULLED:
            raise
        raise _already_annulled(changed) from error


def read_reason(typed: str) -> str:
    """The reason as it is kept; ``annulment-reason-missing``, ``annulment-reason-long``."""
    reason = " ".join(typed.split())
    if sum(map(str.isalpha, reason)) < LEAST_LETTERS:
        raise ServiceError("annulment-reason-missing")
    if len(reason) > LONGEST_REASON:
        raise ServiceError("annulment-reason-long", longest=LONGEST_REASON)
    return reason


def read_category(typed: str) -> AnnulmentCategory:
    """One of ``CHOSEN``; refuses with ``annulment-category-missing``."""
    found = next((category for category in CHOSEN if category.value == typed), None)
    if found is None:
        raise ServiceError("annulment-category-missing")
    return found


def name_of_annuller(workshop: Workshop, record: DocumentRecord) -> str:
    """Who annulled a document, empty where nobody did."""
    account = record.annulled_by and workshop.records.accounts.by_id(record.annulled_by)
    return account.display_name if account else ""


def _already_annulled(record: DocumentRecord) -> ServiceError:
    return ServiceError("document-already-annulled", number=record.number)
