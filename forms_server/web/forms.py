"""The list of forms and the start of a draft."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _

from forms_server.errors import ServiceError
from forms_server.services.accounts import Permission
from forms_server.services.drafts import recent_forms, start_draft
from forms_server.specs.model import Edition, FormSpec, Kind
from forms_server.web.desk import now, workshop
from forms_server.web.editions import Offer, choose, offer_of, read_day, read_iso_day, standing
from forms_server.web.finding import form_words, is_found, words_of
from forms_server.web.languages import form_language
from forms_server.web.sessions import current_actor, sign_in_required, signed_in_actor

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
LONGEST_SEARCH = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A form in the list, and whether the search finds it; ``words`` are what it is found by."""

    offer: Offer
    words: str
    is_found: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The forms of one set of rules."""

    entries: Sequence[Entry]

    @property
    def form(self) -> FormSpec:
        """Any of them: all know what their rules are called."""
        return self.entries[0].offer.form

    @property
    def is_over(self) -> bool:
        """Nothing of these rules is in force: they stand at the end of the list."""
        return all(standing(entry.offer.edition).is_over for entry in self.entries)

    @property
    def found(self) -> int:
        return sum(entry.is_found for entry in self.entries)


@pages.app_template_global()
def kind_title(kind: Kind) -> LazyString:
    return KINDS[kind]


@pages.get("/forms/")
def show_forms() -> ResponseReturnValue:
    """All forms; those that a search does not find are there too, hidden, for the page's script."""
    search = request.args.get("find", "").strip()[:LONGEST_SEARCH]
    groups = _groups(search)
    return render_template(
        "forms/list.html",
        groups=groups,
        found=sum(group.found for group in groups),
        recent=_recent(),
        search=search,
    )


@pages.get("/forms/<form_id>/edition")
@sign_in_required
def show_edition_of_day(form_id: str) -> ResponseReturnValue:
    """The edition on which a document of the typed day is written."""
    form = _form(form_id)
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
    carried, begun = ("1", None) if source else (None, "1")
    return redirect(url_for("drafts.show", draft_id=draft.id, carried=carried, begun=begun), 303)


def _recent() -> Sequence[Offer]:
    """What this clerk filled lately; nothing to one who fills no forms."""
    actor = current_actor()
    if actor is None or not actor.may(Permission.FILL):
        return ()
    return [offer_of(form) for form in recent_forms(workshop(), actor=actor)]


def _groups(search: str) -> Sequence[Group]:
    """The sets of rules with their forms; those in force before those that are not."""
    by_rules: dict[str, list[Entry]] = {}
    for form in workshop().forms.values():
        by_rules.setdefault(form.rules, []).append(_entry(form, words_of(search)))
    groups = [Group(entries=entries) for entries in by_rules.values()]
    return sorted(groups, key=lambda group: group.is_over)


def _entry(form: FormSpec, search: tuple[str, ...]) -> Entry:
    appendix = gettext("appendix %(number)s", number=form.appendix)
    words = form_words(form, str(kind_title(form.kind)), appendix)
    return Entry(offer=offer_of(form), words=" ".join(words), is_found=is_found(search, words))


def _form(form_id: str) -> FormSpec:
    form = workshop().forms.get(form_id)
    if form is None:
        raise ServiceError("form-not-found", form=form_id)
    return form


def _edition(form_id: str, edition_id: str) -> Edition:
    form = _form(form_id)
    edition = form.edition(edition_id) if edition_id else offer_of(form).edition
    if edition is None:
        raise ServiceError("edition-missing", form=form_id, edition=edition_id)
    return edition
