"""Filling a form: the fill page, the check before issuing, the clerk's drafts.

Whatever is posted is saved first and judged afterwards, so that nothing typed is ever lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forms_server.errors import FormsServerError
from forms_server.fields.base import Raw
from forms_server.languages import OUTPUTS, Language
from forms_server.services.accounts import Permission
from forms_server.services.drafts import (
    drop_draft,
    list_drafts,
    masked_name,
    open_draft,
    save_draft,
)
from forms_server.services.earlier import Looks
from forms_server.services.issuing import PERSON_CHANGED, issue
from forms_server.services.prefill import carried_items
from forms_server.services.replacing import ALREADY_REPLACED, replaced_document
from forms_server.services.stored import edition_of
from forms_server.specs.model import Edition, FormSpec
from forms_server.storage.records import DocumentRecord, DraftRecord
from forms_server.web import filling as fill
from forms_server.web.desk import now, show_moment, today, workshop
from forms_server.web.filling import Filling
from forms_server.web.languages import form_language
from forms_server.web.posting import Action, act, read_action, read_posted
from forms_server.web.reviewing import overridden, review
from forms_server.web.sessions import sign_in_required, signed_in_actor

pages = Blueprint("drafts", __name__)

DEFAULT_OUTPUT = "kk-ru"
SHOWN_CHECKED = "checked"
"""In the address of a fill page that shows its messages."""
SHOWN_BEGUN = "begun"
"""In the address of a fill page that opens at its first question."""
SHOWN_CARRIED = "carried"
"""In the address of a fill page that says what was carried over from another document."""
TOOLS = (
    fill.control_of, fill.figures_json, fill.is_narrow, fill.kind_of,
    fill.places_of, fill.show_typed, fill.texts_json, fill.tree_json,
    fill.width_step, fill.working_days_json,
)  # fmt: skip
"""What templates/fields.html calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDraft:
    """A draft that is being worked on, with what it is a draft of."""

    id: str
    edition: Edition
    form: FormSpec
    raw: Mapping[str, Raw]
    updated_at: datetime
    is_issued: bool
    based_on: str | None
    replaces: DocumentRecord | None
    """The document that issuing this draft annuls, as it stands now."""
    replacement_reason: str | None = field(repr=False)

    @property
    def seen(self) -> str:
        """What a window has seen that shows this draft: the same until it is saved again."""
        return self.updated_at.isoformat()

    def filling(self, *, is_checked: bool) -> Filling:
        """The page; earlier documents are looked at only where messages are shown."""
        looks = Looks(workshop(), self.edition, draft_id=self.id) if is_checked else None
        return Filling(
            edition=self.edition,
            language=form_language(),
            raw=self.raw,
            today=today(),
            is_checked=is_checked,
            earlier=looks,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedDraft:
    """A draft in the list; its form is ``None`` where the server no longer has it."""

    draft: DraftRecord
    form: FormSpec | None
    masked_name: str


for _tool in TOOLS:
    pages.add_app_template_global(_tool)


def open_draft_required(
    view: Callable[[OpenDraft], ResponseReturnValue],
) -> Callable[[str], ResponseReturnValue]:
    """Give the page the clerk's own draft; one that has become a document leads to that."""

    @wraps(view)
    def opened(draft_id: str) -> ResponseReturnValue:
        draft = _open(draft_id)
        return _to_document(draft) if draft.is_issued else view(draft)

    return opened


@pages.get("/drafts/")
@sign_in_required
def show_drafts() -> ResponseReturnValue:
    drafts = list_drafts(workshop(), actor=signed_in_actor())
    return render_template("drafts/list.html", drafts=[_listed(draft) for draft in drafts])


@pages.get("/drafts/<draft_id>")
@sign_in_required
@open_draft_required
def show(draft: OpenDraft) -> ResponseReturnValue:
    filling = draft.filling(is_checked=SHOWN_CHECKED in request.args)
    carried = _carried(draft) if SHOWN_CARRIED in request.args else None
    return render_template(
        "drafts/fill.html",
        draft=draft,
        filling=filling,
        carried=carried,
        is_begun=SHOWN_BEGUN in request.args,
    )


@pages.post("/drafts/<draft_id>")
@sign_in_required
@open_draft_required
def take(draft: OpenDraft) -> ResponseReturnValue:
    """Save what was typed, then do what the button says."""
    if _wants_json():
        return _autosave(draft)
    if _is_stale(draft):
        _tell_stale(draft)
    action = read_action(request.form.get("action", ""))
    outcome = act(draft.edition, read_posted(draft.edition, request.form), action)
    _save(draft, outcome.raw, language=_next_language(action))
    return _after(_open(draft.id), action, outcome.target)


@pages.get("/drafts/<draft_id>/check")
@sign_in_required
@open_draft_required
def check(draft: OpenDraft) -> ResponseReturnValue:
    """Every answer once more, before the number is taken."""
    filling = draft.filling(is_checked=True)
    if not filling.reading.is_right:
        return redirect(_fill_address(draft.id, is_checked=True), 303)
    answers = filling.reading.answers
    return render_template(
        "drafts/check.html",
        draft=draft,
        filling=filling,
        sections=review(draft.edition, answers, today=filling.today, language=filling.language),
        doubts=overridden(draft.edition, answers),
        outputs=tuple(OUTPUTS),
        default_output=DEFAULT_OUTPUT,
        may_issue=signed_in_actor().may(Permission.ISSUE),
    )


@pages.post("/drafts/<draft_id>/issue")
@sign_in_required
@open_draft_required
def issue_draft(draft: OpenDraft) -> ResponseReturnValue:
    """A second click comes to the same document; what was not looked over is not issued."""
    if _is_stale(draft):
        _tell_stale(draft)
        return redirect(url_for("drafts.check", draft_id=draft.id), 303)
    reading = draft.filling(is_checked=True).reading
    if not reading.is_right:
        return redirect(_fill_address(draft.id, is_checked=True), 303)
    try:
        document = issue(
            workshop(),
            draft.edition,
            reading.answers,
            output=request.form.get("output", DEFAULT_OUTPUT),
            actor=signed_in_actor(),
            now=now(),
            draft_id=draft.id,
        )
    except FormsServerError as error:
        if error.code not in {PERSON_CHANGED, ALREADY_REPLACED}:
            raise
        flash(error.say(form_language()))
        return redirect(_fill_address(draft.id, is_checked=True), 303)
    return redirect(url_for("documents.show", number=document.number), 303)


@pages.route("/drafts/<draft_id>/drop", methods=["GET", "POST"])
@sign_in_required
@open_draft_required
def drop(draft: OpenDraft) -> ResponseReturnValue:
    """Asks before it throws the draft away."""
    if request.method == "GET":
        return render_template("drafts/drop.html", draft=draft)
    drop_draft(workshop(), draft.id, actor=signed_in_actor())
    flash(_("The draft was deleted."))
    return redirect(url_for("drafts.show_drafts"), 303)


def _listed(draft: DraftRecord) -> ListedDraft:
    form = workshop().forms.get(draft.form_id)
    return ListedDraft(draft=draft, form=form, masked_name=masked_name(workshop(), draft))


def _carried(draft: OpenDraft) -> Sequence[str] | None:
    """The labels of what was carried over; ``None`` where the draft was begun from nothing."""
    if draft.based_on is None:
        return None
    actor, language = signed_in_actor(), form_language()
    items = carried_items(workshop(), draft.based_on, draft.edition, actor=actor)
    return [fill.shorten(item.label[language]) for item in items]


def _is_stale(draft: OpenDraft) -> bool:
    """Whether another window has saved the draft since this one showed it."""
    return request.form.get("seen", "") not in {"", draft.seen}


def _autosave(draft: OpenDraft) -> ResponseReturnValue:
    """What saves itself overwrites nothing that another window has saved; a button does."""
    if _is_stale(draft):
        return jsonify(seen=draft.seen, stale=True)
    raw = read_posted(draft.edition, request.form)
    return jsonify(seen=_save(draft, raw, language=form_language()), stale=False)


def _save(draft: OpenDraft, raw: Mapping[str, Raw], *, language: Language) -> str:
    """When it was saved: what the page then has seen."""
    saved = save_draft(
        workshop(), draft.id, raw=raw, language=language, actor=signed_in_actor(), now=now()
    )
    return saved.updated_at.isoformat()


def _open(draft_id: str) -> OpenDraft:
    record = open_draft(workshop(), draft_id, actor=signed_in_actor())
    edition = edition_of(workshop(), record)
    return OpenDraft(
        id=record.id,
        edition=edition,
        form=workshop().forms[edition.form_id],
        raw=record.raw,
        updated_at=record.updated_at,
        is_issued=record.document_id is not None,
        based_on=record.based_on,
        replaces=replaced_document(workshop(), record),
        replacement_reason=record.replacement_reason,
    )


def _to_document(draft: OpenDraft) -> ResponseReturnValue:
    """A draft that has become a document leads to it."""
    record = workshop().records.documents.by_draft(draft.id)
    if record is None:
        raise FormsServerError("document-missing")
    if _wants_json():
        return jsonify(code="draft-issued"), 409
    return redirect(url_for("documents.show", number=record.number), 303)


def _next_language(action: Action) -> Language:
    language = form_language()
    return language.other if action.word == "language" else language


def _after(draft: OpenDraft, action: Action, target: str) -> ResponseReturnValue:
    """The page that the button leads to, always by redirect."""
    is_checked = SHOWN_CHECKED in request.form
    if action.word == "check":
        if draft.filling(is_checked=True).reading.is_right:
            return redirect(url_for("drafts.check", draft_id=draft.id), 303)
        is_checked = True
    if action.word == "save":
        flash(_("Saved. You can close the page and come back later."))
    more = {"lang": _next_language(action)} if action.word == "language" else {}
    return redirect(_fill_address(draft.id, is_checked=is_checked, anchor=target, **more), 303)


def _fill_address(draft_id: str, *, is_checked: bool, anchor: str = "", **more: str) -> str:
    query = {SHOWN_CHECKED: "1", **more} if is_checked else more
    address = url_for("drafts.show", draft_id=draft_id, **query)  # type: ignore[arg-type]
    return f"{address}#{anchor}" if anchor else address


def _tell_stale(draft: OpenDraft) -> None:
    flash(
        _(
            "This draft was changed in another window at %(time)s. It now holds what you see here.",
            time=show_moment(draft.updated_at),
        )
    )


def _wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"
