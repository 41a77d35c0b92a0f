"""Drafts: what a clerk has typed so far, right or wrong, kept until it is issued or dropped."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

from forms_server.errors import ServiceError
from forms_server.fields.base import Raw
from forms_server.languages import Language
from forms_server.services.accounts import Actor, Permission, require
from forms_server.services.persons import masked_name_in
from forms_server.services.prefill import CLERK, DOCUMENT_DATE, OFFICE, carry, open_source
from forms_server.services.stored import edition_of
from forms_server.services.workshop import Workshop
from forms_server.specs.model import Edition, FieldSpec, FormSpec
from forms_server.storage.records import DraftContent, DraftRecord

TODAY = "today"
RECENT = 20
"""How many of the office's last documents are asked for what it answers every time."""
RECENT_FORMS = 5
"""How many of the forms filled lately are at hand."""


def start_draft(  # noqa: PLR0913  # on what, from what, who, when: all by name
    workshop: Workshop,
    edition: Edition,
    *,
    language: Language,
    actor: Actor,
    now: datetime,
    source_number: str | None = None,
    document_day: date | None = None,
) -> DraftRecord:
    """A new draft with the specification's defaults and what the office answers every time.

    Fields that mean ``office.…`` repeat the office's last document, those that mean ``clerk.…``
    the clerk's own last one: nobody types the name of his department twice a day. With
    ``source_number`` all that this document of the office tells by meaning goes before
    (``document-not-found``, ``source-not-issued``); ``document_day`` is the date of the paper,
    today if left out.
    """
    require(actor, Permission.FILL)
    source = open_source(workshop, source_number, actor=actor) if source_number else None
    known = _known(workshop, actor)
    today = workshop.day_of(now)
    raw = {
        **{
            spec.id: known[spec.means]
            for spec in edition.fields()
            if spec.means and spec.means in known
        },
        **default_answers(edition, today, document_day),
    }
    carried = carry(source, edition, actor=actor) if source else {}
    content = _content(
        edition,
        draft_id=secrets.token_urlsafe(16),
        raw={**raw, **carried},
        language=language,
        actor=actor,
    )
    return workshop.records.drafts.enter(replace(content, based_on=source_number), now)


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


def masked_name(workshop: Workshop, draft: DraftRecord) -> str:
    """Whom the draft is about, as far as it was typed; masked as in the register of documents."""
    edition = workshop.edition(draft.form_id, draft.edition_id)
    return masked_name_in(edition, draft.raw) if edition else ""


def recent_forms(workshop: Workshop, *, actor: Actor) -> tuple[FormSpec, ...]:
    """The forms of the actor's last drafts, issued or not, the last touched first."""
    require(actor, Permission.FILL)
    ids = workshop.records.drafts.recent_forms(actor.account_id, limit=RECENT_FORMS)
    return tuple(workshop.forms[form_id] for form_id in ids if form_id in workshop.forms)


def drop_draft(workshop: Workshop, draft_id: str, *, actor: Actor) -> None:
    """Throw a draft away."""
    open_draft(workshop, draft_id, actor=actor)
    workshop.records.drafts.delete(draft_id, owner=actor.account_id)


def default_answers(
    edition: Edition, today: date, document_day: date | None = None
) -> Mapping[str, Raw]:
    """What the specification itself answers in a new draft; ``document_day`` dates the paper."""
    found = ((spec.id, _default(spec, today, document_day)) for spec in edition.fields())
    return {name: raw for name, raw in found if raw}


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
            if answer and (means.startswith(OFFICE) or (means.startswith(CLERK) and is_own)):
                known.setdefault(means, answer)
    return known


def _default(spec: FieldSpec, today: date, document_day: date | None) -> Raw:
    if spec.default != TODAY:
        return spec.default
    day = document_day if document_day and spec.means == DOCUMENT_DATE else today
    return f"{day:%d.%m.%Y}"
