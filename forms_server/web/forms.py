"""The list of forms and the start of a draft."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from forms_server.errors import ServiceError
from forms_server.services.drafts import start_draft
from forms_server.specs.model import Edition, Kind
from forms_server.web.desk import now, workshop
from forms_server.web.editions import Offer, choose, offer_of, read_day, read_iso_day
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


@pages.app_template_global()
def kind_title(kind: Kind) -> LazyString:
    return KINDS[kind]


@pages.get("/forms/")
def show_forms() -> ResponseReturnValue:
    groups: dict[str, list[Offer]] = {}
    for form in workshop().forms.values():
        groups.setdefault(form.rules, []).append(offer_of(form))
    return render_template("forms/list.html", groups=groups)


@pages.get("/forms/<form_id>/edition")
@sign_in_required
def show_edition_of_day(form_id: str) -> ResponseReturnValue:
    """The edition on which a document of the typed day is written."""
    form = workshop().forms.get(form_id)
    if form is None:
        raise ServiceError("form-not-found", form=form_id)
    typed = request.args.get("day", "").strip()[:40]
    day, message = read_day(typed)
    page = render_template(
        "forms/edition.html",
        form=form,
        editions=offer_of(form).editions,
        typed=typed,
        choice=choose(form, day) if day else None,
        message=message,
    )
    return page, 422 if message else 200


@pages.post("/forms/<form_id>/new")
@sign_in_required
def start(form_id: str) -> ResponseReturnValue:
    """A new draft; the form may say of which day its document is, or which document it follows."""
    source = request.form.get("source") or None
    draft = start_draft(
        workshop(),
        _edition(form_id, request.args.get("edition", "")),
        language=form_language(),
        actor=signed_in_actor(),
        now=now(),
        source_number=source,
        document_day=read_iso_day(request.form.get("day", "")),
    )
    carried = "1" if source else None
    return redirect(url_for("drafts.show", draft_id=draft.id, carried=carried), 303)


def _edition(form_id: str, edition_id: str) -> Edition:
    form = workshop().forms.get(form_id)
    if form is None:
        raise ServiceError("form-not-found", form=form_id)
    edition = form.edition(edition_id) if edition_id else offer_of(form).edition
    if edition is None:
        raise ServiceError("edition-missing", form=form_id, edition=edition_id)
    return edition
