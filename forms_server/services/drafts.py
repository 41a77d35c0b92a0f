"""Drafts: what a clerk has typed so far, right or wrong, kept until it is issued or dropped."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime

from forms_server.errors import ServiceError
from forms_server.fields.base import Raw
from forms_server.languages import Language
from forms_server.services.accounts import Actor, Permission, require
from forms_server.services.workshop import Workshop
from forms_server.specs.model import Edition, FieldSpec
from forms_server.storage.records import DraftContent, DraftRecord

TODAY = "today"
RECENT = 20
"""How many of the office's last documents are asked for what it answers every time."""


def start_draft(
    workshop: Workshop, edition: Edition, *, language: Language, actor: Actor, now: datetime
) -> DraftRecord:
    """A new draft with the specification's defaults and what the office answers every time.

    Fields that mean ``office.…`` repeat the office's last document, those that mean ``clerk.…``
    the clerk's own last one: nobody types the name of his department twice a day.
    """
    require(actor, Permission.FILL)
    known = _known(workshop, actor)
    raw = {
        spec.id: default
        for spec in edition.fields()
        if (default := _default(spec, workshop, now) or known.get(spec.means or "")) is not None
    }
    return workshop.records.drafts.save(
        _content(
            edition, draft_id=secrets.token_urlsafe(16), raw=raw, language=language, actor=actor
        ),
        now,
    )


def save_draft(  # noqa: PLR0913  # what, in which language, who, when: all by name
    workshop: Workshop,
    draft_id: str,
    *,
    raw: Mapping[str, Raw],
    language: Language,
    actor: Actor,
    now: datetime,
) -> DraftRecord:
    """Keep what was typed, as it was typed; ``draft-issued`` once it has become a document."""
    draft = open_draft(workshop, draft_id, actor=actor)
    edition = edition_of(workshop, draft)
    content = _content(edition, draft_id=draft_id, raw=raw, language=language, actor=actor)
    return workshop.records.drafts.save(content, now)


def open_draft(workshop: Workshop, draft_id: str, *, actor: Actor) -> DraftRecord:
    """The actor's own draft; anybody else's is as if it were not there."""
    require(actor, Permission.FILL)
    draft = workshop.records.drafts.load(draft_id, owner=actor.account_id)
    if draft is None:
        raise ServiceError("draft-not-found")
    return draft


def list_drafts(workshop: Workshop, *, actor: Actor) -> tuple[DraftRecord, ...]:
    """The actor's drafts that are not documents yet, the latest first."""
    require(actor, Permission.FILL)
    return workshop.records.drafts.list(actor.account_id)


def drop_draft(workshop: Workshop, draft_id: str, *, actor: Actor) -> None:
    """Throw a draft away."""
    open_draft(workshop, draft_id, actor=actor)
    workshop.records.drafts.delete(draft_id, owner=actor.account_id)


def edition_of(workshop: Workshop, draft: DraftRecord) -> Edition:
    """The edition that a draft was started on; it keeps that one when a newer comes into force."""
    edition = workshop.edition(draft.form_id, draft.edition_id)
    if edition is None:
        raise ServiceError("edition-missing", form=draft.form_id, edition=draft.edition_id)
    return edition


def _content(
    edition: Edition, *, draft_id: str, raw: Mapping[str, Raw], language: Language, actor: Actor
) -> DraftContent:
    return DraftContent(
        id=draft_id,
        owner=actor.account_id,
        form_id=edition.form_id,
        edition_id=edition.id,
        language=language,
        raw=dict(raw),
    )


def _known(workshop: Workshop, actor: Actor) -> Mapping[str, Raw]:
    """Raw answers by meaning, of the last documents of the office and of the actor."""
    known: dict[str, Raw] = {}
    for record in workshop.records.documents.recent(actor.office.id, limit=RECENT):
        edition = workshop.edition(record.form_id, record.edition_id)
        for spec in edition.fields() if edition else ():
            means, answer = spec.means or "", record.answers.get(spec.id)
            is_own = record.issued_by == actor.account_id
            if answer and (means.startswith("office.") or (means.startswith("clerk.") and is_own)):
                known.setdefault(means, answer)
    return known


def _default(spec: FieldSpec, workshop: Workshop, now: datetime) -> Raw:
    if spec.default == TODAY:
        return f"{now.astimezone(workshop.zone):%d.%m.%Y}"
    return spec.default
