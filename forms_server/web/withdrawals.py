"""How a head takes a document out of force: annulment, and a draft that will replace it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import LazyString, lazy_gettext
from flask_babel import gettext as _

from forms_server.errors import ServiceError
from forms_server.services.accounts import Permission
from forms_server.services.issuing import open_document
from forms_server.services.replacing import (
    ALREADY_REPLACED,
    check_filler,
    fillers,
    open_replaceable,
    replacements_of,
    start_replacement,
)
from forms_server.services.withdrawing import (
    CHOSEN,
    LONGEST_REASON,
    annul,
    read_category,
    read_reason,
)
from forms_server.storage.records import AnnulmentCategory, DraftRecord
from forms_server.web.desk import now, workshop
from forms_server.web.languages import form_language, page_language
from forms_server.web.sessions import sign_in_required, signed_in_actor

pages = Blueprint("withdrawals", __name__)

CATEGORIES: Mapping[AnnulmentCategory, LazyString] = {
    AnnulmentCategory.DATA_ERROR: lazy_gettext("An error in the data"),
    AnnulmentCategory.BY_MISTAKE: lazy_gettext("Issued by mistake"),
    AnnulmentCategory.ON_REQUEST: lazy_gettext("At the person's request"),
    AnnulmentCategory.REPLACED: lazy_gettext("Replaced by another document"),
    AnnulmentCategory.OTHER: lazy_gettext("Another reason"),
}
INPUTS: Mapping[str, str] = {
    "annulment-category-missing": f"category-{CHOSEN[0]}",
    "annulment-reason-missing": "reason",
    "annulment-reason-long": "reason",
    "filler-unknown": "filler",
}
"""The input at which a refusal is shown."""
ALREADY_ANNULLED = "document-already-annulled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What was typed on the page, and the refusal by the input's id."""

    reason: str = ""
    category: str = ""
    filler: int = 0
    messages: Mapping[str, str] = field(default_factory=dict)


@pages.app_template_global()
def category_title(category: AnnulmentCategory | None) -> LazyString:
    return CATEGORIES[category or AnnulmentCategory.OTHER]


@pages.get("/documents/<number>/annul")
@sign_in_required
def show_annulment(number: str) -> ResponseReturnValue:
    return _annulment_page(number, Typed())


@pages.post("/documents/<number>/annul")
@sign_in_required
def take_annulment(number: str) -> ResponseReturnValue:
    """A second click, or another head's, changes nothing and says so."""
    typed = _typed()
    wrong = _refused(typed, (read_category, typed.category), (read_reason, typed.reason))
    if wrong.messages:
        return _annulment_page(number, wrong), 422
    try:
        annul(
            workshop(),
            number,
            category=read_category(typed.category),
            reason=typed.reason,
            actor=signed_in_actor(),
            now=now(),
        )
    except ServiceError as error:
        if error.code != ALREADY_ANNULLED:
            raise
        flash(error.say(page_language()))
    else:
        flash(_("The document was annulled. Whoever checks it is told so."))
    return redirect(url_for("documents.show", number=number), 303)


@pages.get("/documents/<number>/replace")
@sign_in_required
def show_replacement(number: str) -> ResponseReturnValue:
    """What has been replaced leads back to its page, which names the replacement."""
    try:
        return _replacement_page(number, Typed(filler=signed_in_actor().account_id))
    except ServiceError as error:
        return _to_replaced(number, error)


@pages.post("/documents/<number>/replace")
@sign_in_required
def take_replacement(number: str) -> ResponseReturnValue:
    """The draft, if it is one's own; it lies with whoever is to fill it in."""
    typed, actor = _typed(), signed_in_actor()
    wrong = _refused(typed, (read_reason, typed.reason), (_read_filler, typed.filler))
    if wrong.messages:
        return _replacement_page(number, wrong), 422
    try:
        draft = start_replacement(
            workshop(),
            number,
            reason=typed.reason,
            filler=typed.filler,
            language=form_language(),
            actor=actor,
            now=now(),
        )
    except ServiceError as error:
        return _to_replaced(number, error)
    return _after_start(number, draft)


def _to_replaced(number: str, error: ServiceError) -> ResponseReturnValue:
    """The document's page says by which one it was replaced; any other refusal is a problem."""
    if error.code != ALREADY_REPLACED:
        raise error
    flash(error.say(page_language()))
    return redirect(url_for("documents.show", number=number), 303)


def _after_start(number: str, draft: DraftRecord) -> ResponseReturnValue:
    if draft.owner == signed_in_actor().account_id:
        return redirect(url_for("drafts.show", draft_id=draft.id), 303)
    flash(_("The draft lies with whoever you chose, among the drafts."))
    return redirect(url_for("documents.show", number=number), 303)


def _typed() -> Typed:
    return Typed(
        reason=request.form.get("reason", ""),
        category=request.form.get("category", ""),
        filler=request.form.get("filler", 0, type=int),
    )


def _refused(typed: Typed, *readings: tuple[Callable[[Any], object], object]) -> Typed:
    """The same with a message at each input that cannot be read so."""
    messages = {}
    for read, value in readings:
        try:
            read(value)
        except ServiceError as error:
            messages[INPUTS[error.code]] = error.say(page_language())
    return replace(typed, messages=messages)


def _read_filler(account_id: int) -> None:
    check_filler(workshop(), account_id, actor=signed_in_actor())


def _annulment_page(number: str, typed: Typed) -> str:
    actor = signed_in_actor()
    document = open_document(workshop(), number, actor=actor)
    if not actor.may(Permission.ANNUL):
        raise ServiceError("not-allowed")
    return render_template(
        "documents/annul.html",
        document=document,
        form=workshop().forms.get(document.form_id),
        typed=typed,
        categories=CHOSEN,
        longest=LONGEST_REASON,
    )


def _replacement_page(number: str, typed: Typed) -> str:
    actor = signed_in_actor()
    document = open_replaceable(workshop(), number, actor=actor)
    return render_template(
        "documents/replace.html",
        document=document,
        form=workshop().forms.get(document.form_id),
        typed=typed,
        fillers=fillers(workshop(), actor=actor),
        begun=replacements_of(workshop(), number, actor=actor),
        longest=LONGEST_REASON,
    )
