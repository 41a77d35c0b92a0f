"""The office's pages of a document's signatures: the link for each signer, and what is noted of it.

That is whose key is taken, a signature with the key that the server keeps, one by hand on paper,
and a refusal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import LazyString, lazy_gettext
from flask_babel import gettext as _
from werkzeug.exceptions import TooManyRequests

from forms_server.errors import FormsServerError, ServiceError
from forms_server.services.accounts import Actor, Permission, Role
from forms_server.services.certificates import Certificate
from forms_server.services.issuing import open_document
from forms_server.services.signatures import (
    LONGEST_REASON,
    Party,
    name_signer,
    overview,
    refuse_signature,
    sign_by_hand,
    sign_on_server,
)
from forms_server.services.signing_lists import (
    Progress,
    PublicSigning,
    WaitingDocument,
    progress_of,
    public_signing,
    waiting_for,
)
from forms_server.services.stored import edition_of
from forms_server.specs.signatures import Way
from forms_server.storage.records import DocumentRecord, DocumentState, SignatureState
from forms_server.web.desk import now, workshop
from forms_server.web.languages import page_language
from forms_server.web.problems import status_of
from forms_server.web.security import limiter
from forms_server.web.sessions import current_actor, sign_in_required, signed_in_actor

pages = Blueprint("signatures", __name__)

PINS_OF_AN_ACCOUNT = "5 per 15 minutes"
"""Wrong ones: a token locks itself after a few, and its owner with it."""
INPUTS: Mapping[str, str] = {"signer-iin-wrong": "iin", "signer-bin-wrong": "bin"}
"""At which input a refusal is said that does not belong to the first of its form."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that the office does with a signature that waits: what does it, and what is said.

    ``place`` is the first input of its form on the page; ``stays``: there is more to do on it.
    """

    act: Callable[[str, Actor], Party]
    done: LazyString
    place: str
    stays: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was typed, to be shown again (never a PIN), and messages by the id of an input."""

    messages: Mapping[str, str] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict, repr=False)


def _typed(name: str) -> str:
    return request.form.get(name, "")


def _name(token: str, actor: Actor) -> Party:
    iin, bin_ = _typed("iin"), _typed("bin")
    return name_signer(workshop(), token, iin=iin, bin_=bin_, actor=actor, now=now())


def _sign_on_server(token: str, actor: Actor) -> Party:
    return sign_on_server(workshop(), token, pin=_typed("pin"), actor=actor, now=now())


def _leave_to_hand(token: str, actor: Actor) -> Party:
    return sign_by_hand(workshop(), token, actor=actor, now=now())


def _refuse(token: str, actor: Actor) -> Party:
    return refuse_signature(workshop(), token, reason=_typed("reason"), actor=actor, now=now())


STEPS: Mapping[str, Step] = {
    "signer": Step(
        _name, lazy_gettext("It is noted whose certificate is taken."), "iin", stays=True
    ),
    "key": Step(_sign_on_server, lazy_gettext("The document is signed."), "pin"),
    "hand": Step(_leave_to_hand, lazy_gettext("It is noted that the paper is signed."), "hand"),
    "refusal": Step(_refuse, lazy_gettext("The refusal and its reason are noted."), "reason"),
}


def register_signatures(app: Flask) -> None:
    """Give templates of other pages what they show of signatures."""
    app.jinja_env.globals.update(
        public_signing=signing_of,
        signatures_waiting=signatures_waiting,
        signing_progress=signing_progress,
        parties_of=parties_of,
        party_addresses=party_addresses,
    )


@pages.get("/documents/<number>/signatures/<signature_id>")
@sign_in_required
def show(number: str, signature_id: str) -> ResponseReturnValue:
    return _page(number, signature_id, Answer())


def _is_refused(response: Response) -> bool:
    return response.status_code >= 400


def _pin_of_account() -> str:
    return f"pin {signed_in_actor().account_id}"


def _asks_no_pin() -> bool:
    """Whoever is not signed in has no key, and is asked to sign in."""
    return (request.view_args or {}).get("step") != "key" or current_actor() is None


@pages.post("/documents/<number>/signatures/<signature_id>/<step>")
@limiter.limit(
    PINS_OF_AN_ACCOUNT,
    key_func=_pin_of_account,
    deduct_when=_is_refused,
    exempt_when=_asks_no_pin,
)
@sign_in_required
def take(number: str, signature_id: str, step: str) -> ResponseReturnValue:
    """Do one of ``STEPS``; what is refused is said at its input."""
    actor, chosen = signed_in_actor(), STEPS.get(step)
    _document, party = _open(number, signature_id, actor)
    if chosen is None:
        abort(404)
    try:
        chosen.act(party.token, actor)
    except FormsServerError as error:
        status = status_of(error)
        if status in {403, 404} or status >= 500:
            raise
        place = INPUTS.get(error.code, chosen.place)
        return _page(number, signature_id, _answer(place, error.say(page_language())), status)
    flash(str(chosen.done))
    if chosen.stays:
        return redirect(url_for("signatures.show", number=number, signature_id=signature_id), 303)
    return redirect(url_for("documents.show", number=number), 303)


@pages.get("/documents/<number>/signatures/<signature_id>/<_step>")
@sign_in_required
def show_again(number: str, signature_id: str, _step: str) -> ResponseReturnValue:
    """Somebody reloaded, or changed the language of, what a POST had answered."""
    return redirect(url_for("signatures.show", number=number, signature_id=signature_id), 303)


@pages.errorhandler(TooManyRequests)
def show_too_many(_error: TooManyRequests) -> ResponseReturnValue:
    message = _("Too many attempts. Wait a few minutes, then try again.")
    asked = request.view_args or {}
    return _page(asked["number"], asked["signature_id"], _answer("pin", message), 429)


def signatures_waiting() -> Sequence[WaitingDocument]:
    """What waits for the signature of who is signed in."""
    actor = current_actor()
    return waiting_for(workshop(), actor) if actor else ()


def signing_progress(documents: Iterable[DocumentRecord]) -> Mapping[int, Progress]:
    """How far the signing of each document of a list is, by its id."""
    return progress_of(workshop(), documents)


def signing_of(certificate: Certificate) -> PublicSigning | None:
    """What anybody may see of the signatures of a QR's document."""
    return public_signing(workshop(), certificate)


def parties_of(document: DocumentRecord) -> tuple[Party, ...]:
    """Everybody who signs a document electronically; its answers are read only if somebody does."""
    if document.state is DocumentState.ISSUING:
        return ()
    return overview(workshop(), document)


def party_addresses(document: DocumentRecord, parties: tuple[Party, ...]) -> Mapping[int, str]:
    """Where the office goes on with each signature, by its id."""
    return {
        party.record.id: url_for(
            "signatures.show", number=document.number, signature_id=party.spec.id
        )
        for party in parties
    }


def _answer(place: str, message: str) -> Answer:
    typed = {name: _typed(name) for name in ("iin", "bin", "reason")}
    return Answer(messages={place: message}, typed=typed)


def _open(number: str, signature_id: str, actor: Actor) -> tuple[DocumentRecord, Party]:
    """The document and the signer; what is another office's is as if it were not there."""
    document = open_document(workshop(), number, actor=actor)
    for party in parties_of(document):
        if party.spec.id == signature_id:
            return document, party
    raise ServiceError("signature-missing")


def _page(number: str, signature_id: str, answer: Answer, status: int = 200) -> ResponseReturnValue:
    actor = signed_in_actor()
    document, party = _open(number, signature_id, actor)
    is_open = document.state is DocumentState.ISSUED and party.state is SignatureState.WAITING
    page = render_template(
        "signatures/signature.html",
        document=document,
        edition=edition_of(workshop(), document),
        party=party,
        answer=answer,
        is_open=is_open,
        steps=_steps_offered(actor, party) if is_open else (),
        role=Role(party.spec.by.value).label if party.spec.is_of_office else None,
        link=workshop().settings.public_url + url_for("signing.show", token=party.token),
        longest=LONGEST_REASON,
    )
    return page, status


def _steps_offered(actor: Actor, party: Party) -> tuple[str, ...]:
    """The steps that this person can take now, in the order of the page."""
    is_role = party.spec.by.value == actor.role.value
    may_issue = actor.may(Permission.ISSUE)
    offered = {
        "key": is_role and party.is_next and _has_key(actor),
        "signer": may_issue and not party.spec.is_of_office and not party.is_fixed,
        "hand": may_issue and party.is_next and party.spec.way is Way.EITHER,
        "refusal": party.is_next and (is_role or not party.spec.is_of_office),
    }
    return tuple(step for step, is_offered in offered.items() if is_offered)


def _has_key(actor: Actor) -> bool:
    account = workshop().records.accounts.by_id(actor.account_id)
    return account is not None and account.key_label is not None
