"""Issued documents: the register, one document with its paper, annulment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from flask import url_for as address_of
from flask.typing import ResponseReturnValue
from flask_babel import LazyString, lazy_gettext
from flask_babel import gettext as _

from forms_server.errors import ServiceError
from forms_server.fields.registry import type_of
from forms_server.fields.values import Answers
from forms_server.languages import Language
from forms_server.services.accounts import Permission
from forms_server.services.issuing import (
    LONGEST_ANNULMENT_REASON,
    annul,
    open_document,
    pdf_of,
    recent_documents,
)
from forms_server.services.prefill import begun_from, offers
from forms_server.services.stored import answers_of, edition_of
from forms_server.specs.model import Edition, FieldSpec, TableSpec, Way
from forms_server.storage.records import DocumentRecord, DocumentState
from forms_server.web.desk import now, today, workshop
from forms_server.web.languages import form_language, page_language
from forms_server.web.sessions import sign_in_required, signed_in_actor

pages = Blueprint("documents", __name__)

LAST_PAGE = 1_000_000
"""Far beyond any register, within what a database counts."""
MOST_OFFERS = 6
"""Forms to begin from a document that are seen at once."""
STATES: Mapping[str, LazyString] = {
    "issuing": lazy_gettext("Being issued"),
    "issued": lazy_gettext("Issued"),
    "annulled": lazy_gettext("Annulled"),
}
TAGS: Mapping[str, str] = {"issuing": "warning", "issued": "good", "annulled": "bad"}
WAYS: Mapping[Way, LazyString] = {
    Way.HAND: lazy_gettext("by hand"),
    Way.ELECTRONIC: lazy_gettext("by electronic signature"),
    Way.EITHER: lazy_gettext("by hand or by electronic signature"),
}
OUTPUTS: Mapping[str, LazyString] = {
    "kk": lazy_gettext("In Kazakh"),
    "ru": lazy_gettext("In Russian"),
    "kk-ru": lazy_gettext("In Kazakh and in Russian"),
}


@dataclass(frozen=True, slots=True)
class Signer:
    """Who is to sign the paper, how, and the name if the answers tell it."""

    label: str
    way: LazyString
    name: str
    is_required: bool


@pages.app_template_global()
def state_title(state: str) -> LazyString:
    return STATES[state]


@pages.app_template_global()
def state_tag(state: str) -> str:
    return TAGS[state]


@pages.app_template_global()
def output_title(output: str) -> LazyString:
    return OUTPUTS[output]


@pages.get("/documents/")
@sign_in_required
def show_documents() -> ResponseReturnValue:
    search = request.args.get("number", "").strip()[:80]
    page = min(request.args.get("page", 1, type=int), LAST_PAGE)
    listing = recent_documents(workshop(), actor=signed_in_actor(), search=search, page=page)
    if listing.page > listing.pages:
        last = address_of("documents.show_documents", number=search or None, page=listing.pages)
        return redirect(last, 303)
    forms = workshop().forms
    return render_template("documents/list.html", listing=listing, forms=forms, search=search)


@pages.get("/documents/<number>")
@sign_in_required
def show(number: str) -> ResponseReturnValue:
    actor = signed_in_actor()
    document = open_document(workshop(), number, actor=actor)
    edition = edition_of(workshop(), document)
    can_begin = document.state is DocumentState.ISSUED and actor.may(Permission.FILL)
    return render_template(
        "documents/document.html",
        document=document,
        offers=offers(workshop(), number, actor=actor, today=today()) if can_begin else (),
        most_offers=MOST_OFFERS,
        followers=begun_from(workshop(), number, actor=actor),
        form=workshop().forms[edition.form_id],
        edition=edition,
        signers=_signers(edition, document),
        may_annul=actor.may(Permission.ANNUL),
    )


@pages.get("/documents/<number>.pdf")
@sign_in_required
def show_pdf(number: str) -> Response:
    """The stored bytes, to look at and print; with ``?download`` to keep."""
    pdf = pdf_of(workshop(), number, actor=signed_in_actor())
    response = make_response(pdf)
    way = "attachment" if "download" in request.args else "inline"
    response.content_type = "application/pdf"
    response.headers["Content-Disposition"] = f'{way}; filename="{number}.pdf"'
    return response


@pages.get("/documents/<number>/annul")
@sign_in_required
def show_annulment(number: str) -> ResponseReturnValue:
    return _annulment_page(number)


@pages.post("/documents/<number>/annul")
@sign_in_required
def take_annulment(number: str) -> ResponseReturnValue:
    reason = request.form.get("reason", "")
    try:
        annul(workshop(), number, reason=reason, actor=signed_in_actor(), now=now())
    except ServiceError as error:
        if not error.code.startswith("annulment-reason"):
            raise
        return _annulment_page(number, reason=reason, message=error.say(page_language())), 422
    flash(_("The document was annulled. Whoever checks it is told so."))
    return redirect(address_of("documents.show", number=number), 303)


def _annulment_page(number: str, *, reason: str = "", message: str = "") -> str:
    actor = signed_in_actor()
    document = open_document(workshop(), number, actor=actor)
    if not actor.may(Permission.ANNUL):
        raise ServiceError("not-allowed")
    return render_template(
        "documents/annul.html",
        document=document,
        form=workshop().forms.get(document.form_id),
        reason=reason,
        message=message,
        longest=LONGEST_ANNULMENT_REASON,
    )


def _signers(edition: Edition, document: DocumentRecord) -> Sequence[Signer]:
    """Who is to sign; the answers, of a journal thousands, are read once, if a name is in them."""
    language = form_language()
    is_named = any(signature.name for signature in edition.signatures)
    answers = answers_of(workshop(), document, edition) if is_named else Answers({})
    return [
        Signer(
            label=signature.label[language],
            way=WAYS[signature.way],
            name=_signer_name(edition.items.get(signature.name or ""), answers, language),
            is_required=signature.required,
        )
        for signature in edition.signatures
    ]


def _signer_name(spec: FieldSpec | TableSpec | None, answers: Answers, language: Language) -> str:
    if not isinstance(spec, FieldSpec) or answers.value(spec.id) is None:
        return ""
    return type_of(spec).show(answers.value(spec.id), spec, language)
