"""Replacing: a head has a document issued anew, differently; issuing it annuls the one before.

What is said here is kept in the draft; the register does the rest when it becomes a document.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime

from forms_server.errors import ServiceError
from forms_server.fields.base import Raw
from forms_server.fields.values import OVERRIDES
from forms_server.languages import Language
from forms_server.services.accounts import PERMISSIONS, Actor, Permission, Role, require
from forms_server.services.drafts import default_answers
from forms_server.services.issuing import open_document
from forms_server.services.prefill import (
    CONSENT,
    DOCUMENT_DATE,
    Source,
    carry,
    edition_after,
    source_of,
)
from forms_server.services.withdrawing import read_reason
from forms_server.services.workshop import Workshop
from forms_server.specs.model import Edition, FieldSpec, TableSpec
from forms_server.storage.records import (
    AccountRecord,
    DocumentRecord,
    DraftContent,
    DraftRecord,
)

ALREADY_REPLACED = "document-already-replaced"


def start_replacement(  # noqa: PLR0913  # of what, why, by whom, when: all by name
    workshop: Workshop,
    number: str,
    *,
    reason: str,
    filler: int,
    language: Language,
    actor: Actor,
    now: datetime,
) -> DraftRecord:
    """A draft with all that a document answers, which will replace it; a second click gives it too.

    ``filler`` is the account, one of :func:`fillers`, in whose drafts it lies. It is written on the
    edition in force; a consent is given anew. Refuses with ``not-allowed``, ``document-not-found``,
    ``document-not-ready``, ``document-already-replaced``, ``filler-unknown`` and as
    ``withdrawing.read_reason`` does.
    """
    record = open_replaceable(workshop, number, actor=actor)
    told = read_reason(reason)
    check_filler(workshop, filler, actor=actor)
    begun = replacements_of(workshop, number, actor=actor)
    same = next((draft for draft in begun if draft.owner == filler), None)
    if same is not None:
        return same
    source = source_of(workshop, number, actor=actor)
    edition = edition_after(source, source.form, workshop.day_of(now)) or source.edition
    content = DraftContent(
        id=secrets.token_urlsafe(16),
        owner=filler,
        form_id=edition.form_id,
        edition_id=edition.id,
        language=language,
        raw=_answers(workshop, source, edition, actor=actor, now=now),
        replaces=record.number,
        replacement_reason=told,
        replacement_by=actor.account_id,
    )
    return workshop.records.drafts.enter(content, now)


def open_replaceable(workshop: Workshop, number: str, *, actor: Actor) -> DocumentRecord:
    """A document that a head may replace: it was issued, and none has taken its place."""
    require(actor, Permission.ANNUL)
    require(actor, Permission.FILL)
    record = open_document(workshop, number, actor=actor)
    if record.issued_at is None:
        raise ServiceError("document-not-ready", number=number)
    if record.replaced_by is not None:
        raise ServiceError(ALREADY_REPLACED, number=number, replaced_by=record.replaced_by)
    return record


def may_be_replaced(record: DocumentRecord, *, actor: Actor) -> bool:
    """Whether :func:`open_replaceable` would give it."""
    is_left = record.issued_at is not None and record.replaced_by is None
    return is_left and actor.may(Permission.ANNUL) and actor.may(Permission.FILL)


def replacements_of(workshop: Workshop, number: str, *, actor: Actor) -> tuple[DraftRecord, ...]:
    """The drafts that are to replace a document of the actor's office, the oldest first."""
    open_document(workshop, number, actor=actor)
    return workshop.records.drafts.replacing(number)


def fillers(workshop: Workshop, *, actor: Actor) -> tuple[AccountRecord, ...]:
    """Who of the office may fill in and issue, the actor first."""
    accounts = workshop.records.accounts.list(actor.office.id)
    may = (account for account in accounts if account.active and _may_issue(account))
    return tuple(sorted(may, key=lambda account: account.id != actor.account_id))


def check_filler(workshop: Workshop, account_id: int, *, actor: Actor) -> None:
    """Refuses with ``filler-unknown`` whom :func:`fillers` does not name."""
    if account_id not in {account.id for account in fillers(workshop, actor=actor)}:
        raise ServiceError("filler-unknown")


def replaced_document(workshop: Workshop, draft: DraftRecord) -> DocumentRecord | None:
    """The document that a draft is to replace, as it stands now."""
    return workshop.records.documents.by_number(draft.replaces) if draft.replaces else None


def _may_issue(account: AccountRecord) -> bool:
    return {Permission.FILL, Permission.ISSUE} <= PERMISSIONS[Role(account.role)]


def _answers(
    workshop: Workshop, source: Source, edition: Edition, *, actor: Actor, now: datetime
) -> Mapping[str, Raw]:
    """All that the document answers; on another edition what it still asks, and by meaning."""
    answers = source.record.answers
    if source.edition is edition:
        return {name: raw for name, raw in answers.items() if _is_copied(edition, name)}
    same = {
        item.id: answers[item.id]
        for item in edition.items.values()
        if item.id in answers
        and item.id in source.edition.items
        and _is_copied(edition, item.id)
        and _shape(item) == _shape(source.edition.items[item.id])
        and not _is_date(item)
    }
    defaults = default_answers(edition, workshop.day_of(now))
    return {**defaults, **carry(source, edition, actor=actor), **same}


def _is_copied(edition: Edition, name: str) -> bool:
    """Reasons for doubts that were passed over, and consents, are given anew."""
    item = edition.items.get(name)
    is_consent = isinstance(item, FieldSpec) and item.type == CONSENT
    return name != OVERRIDES and not is_consent


def _is_date(item: FieldSpec | TableSpec) -> bool:
    return isinstance(item, FieldSpec) and item.means == DOCUMENT_DATE


def _shape(item: FieldSpec | TableSpec) -> object:
    """What has to be the same for an answer to fit both questions."""
    if isinstance(item, FieldSpec):
        return item.type, item.options, item.reference
    rows = tuple(row.id for row in item.rows)
    return item.rows_are, rows, tuple((column.id, _shape(column)) for column in item.columns)
