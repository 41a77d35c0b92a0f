"""Issued documents: the register, one document with its paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask import url_for as address_of
from flask.typing import ResponseReturnValue
from flask_babel import LazyString, lazy_gettext

from forms_server.fields.registry import type_of
from forms_server.fields.values import Answers
from forms_server.languages import Language
from forms_server.services.accounts import Permission
from forms_server.services.issuing import open_document, pdf_of, recent_documents
from forms_server.services.prefill import begun_from, offers
from forms_server.services.replacing import may_be_replaced, replacements_of
from forms_server.services.stored import answers_of, edition_of
from forms_server.services.withdrawing import name_of_annuller
from forms_server.specs.model import Edition, FieldSpec, TableSpec
from forms_server.specs.signatures import Way
from forms_server.storage.records import DocumentRecord, DocumentState
from forms_server.web.desk import today, workshop
from forms_server.web.languages import form_language
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
    "replaced": lazy_gettext("Replaced"),
}
TAGS: Mapping[str, str] = {
    "issuing": "warning",
    "issued": "good",
    "annulled": "bad",
    "replaced": "bad",
}
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

    id: str
    label: str
    way: LazyString
    name: str
    is_required: bool


@pages.app_template_global()
def standing_of_document(document: DocumentRecord) -> str:
    """Its state; of the annulled ``replaced`` where another one has taken its place."""
    return "replaced" if document.replaced_by else document.state.value


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
    asked = request.args.get("state", "")
    standing = asked if asked in STATES else ""
    page = min(request.args.get("page", 1, type=int), LAST_PAGE)
    listing = recent_documents(
        workshop(), actor=signed_in_actor(), search=search, standing=standing, page=page
    )
    kept = {"number": search or None, "state": standing or None}
    if listing.page > listing.pages:
        return redirect(
            address_of("documents.show_documents", **kept, page=listing.pages),  # type: ignore[arg-type]
            303,
        )
    return render_template(
        "documents/list.html",
        listing=listing,
        forms=workshop().forms,
        search=search,
        standing=standing,
        states=STATES,
        kept=kept,
    )


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
        may_replace=may_be_replaced(document, actor=actor),
        annulled_by=name_of_annuller(workshop(), document),
        replacements=replacements_of(workshop(), number, actor=actor),
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


def _signers(edition: Edition, document: DocumentRecord) -> Sequence[Signer]:
    """Who is to sign; the answers, of a journal thousands, are read once, if a name is in them."""
    language = form_language()
    is_named = any(signature.name for signature in edition.signatures)
    answers = answers_of(workshop(), document, edition) if is_named else Answers({})
    return [
        Signer(
            id=signature.id,
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
