"""The list of forms and the start of a draft."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from forms_server.errors import ServiceError
from forms_server.services.drafts import start_draft
from forms_server.specs.model import Edition, FormSpec, Kind
from forms_server.web.desk import now, today, workshop
from forms_server.web.languages import form_language
from forms_server.web.sessions import sign_in_required, signed_in_actor

pages = Blueprint("forms", __name__)

KINDS: Mapping[Kind, LazyString] = {
    Kind.APPLICATION: _("Application"),
    Kind.RECEIPT: _("Receipt"),
    Kind.NOTIFICATION: _("Notification"),
    Kind.JOURNAL: _("Journal"),
    Kind.CARD: _("Card"),
    Kind.ACT: _("Act"),
    Kind.SHEET: _("Sheet"),
    Kind.EXTRACT: _("Extract"),
    Kind.ORDER: _("Order form"),
    Kind.REGISTER: _("Register"),
    Kind.PROGRAMME: _("Programme"),
    Kind.CHECKLIST: _("Checklist"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A form as the list offers it: the edition to fill first, then the older ones."""

    form: FormSpec
    edition: Edition
    others: tuple[Edition, ...]


@pages.app_template_global()
def kind_title(kind: Kind) -> LazyString:
    return KINDS[kind]


@pages.app_template_global()
def repealed_since(edition: Edition) -> date | None:
    """The day from which an edition is no longer in force; ``None`` while it is, or will be."""
    until = edition.in_force_until
    return until if until is not None and until <= today() else None


@pages.get("/forms/")
def show_forms() -> ResponseReturnValue:
    groups: dict[str, list[Offer]] = {}
    for form in workshop().forms.values():
        groups.setdefault(form.rules, []).append(_offer(form))
    return render_template("forms/list.html", groups=groups)


@pages.post("/forms/<form_id>/new")
@sign_in_required
def start(form_id: str) -> ResponseReturnValue:
    draft = start_draft(
        workshop(),
        _edition(form_id, request.args.get("edition", "")),
        language=form_language(),
        actor=signed_in_actor(),
        now=now(),
    )
    return redirect(url_for("drafts.show", draft_id=draft.id), 303)


def _offer(form: FormSpec) -> Offer:
    edition = form.edition_on(today()) or form.latest
    others = tuple(other for other in reversed(form.editions) if other is not edition)
    return Offer(form=form, edition=edition, others=others)


def _edition(form_id: str, edition_id: str) -> Edition:
    form = workshop().forms.get(form_id)
    if form is None:
        raise ServiceError("form-not-found", form=form_id)
    edition = form.edition(edition_id) if edition_id else _offer(form).edition
    if edition is None:
        raise ServiceError("edition-missing", form=form_id, edition=edition_id)
    return edition
