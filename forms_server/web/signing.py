"""The signer's pages, ``/s/TOKEN``: read the document, see who has signed, sign or refuse.

Who holds the secret link needs no account; where the form wants the signature of somebody of the
office, that person signs in. No search engine may list such a page, and no browser may keep it.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from flask import (
    Blueprint,
    Response,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import TooManyRequests

from forms_server.errors import FormsServerError, ServiceError
from forms_server.services.accounts import Role
from forms_server.services.signatures import (
    LONGEST_REASON,
    Party,
    Preparation,
    complete_signature,
    document_of,
    overview,
    party_of,
    prepare_signature,
    refuse_signature,
)
from forms_server.services.stored import edition_of
from forms_server.specs.signatures import Signer
from forms_server.storage.records import DocumentRecord, DocumentState, SignatureState
from forms_server.web.desk import now, workshop
from forms_server.web.languages import page_language
from forms_server.web.problems import show_http, status_of
from forms_server.web.security import limiter, policy
from forms_server.web.sessions import current_actor

pages = Blueprint("signing", __name__)

VIEWS_OF_AN_ADDRESS = "120 per minute"
SIGNATURES_OF_AN_ADDRESS = "60 per 10 minutes"
SIGNATURES_OF_A_LINK = "30 per 10 minutes"
"""Preparing and checking cost time; a person who signs needs a few tries at most."""
DIGEST, CONTENT = "digest", "content"


class Standing(StrEnum):
    """Where the holder of a link stands: what the page offers follows from it."""

    READY = "ready"
    SIGNED = "signed"
    REFUSED = "refused"
    BY_HAND = "by-hand"
    NOT_IN_FORCE = "not-in-force"
    NOT_YET = "not-yet"
    REFUSED_BEFORE = "refused-before"
    NOT_NAMED = "not-named"
    SIGN_IN = "sign-in"


SETTLED: Mapping[SignatureState, Standing] = {
    SignatureState.SIGNED: Standing.SIGNED,
    SignatureState.REFUSED: Standing.REFUSED,
    SignatureState.BY_HAND: Standing.BY_HAND,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the page says of what was just sent: a message by the id of an input, and the reason."""

    messages: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""


@pages.get("/s/<token>")
@limiter.limit(VIEWS_OF_AN_ADDRESS)
def show(token: str) -> ResponseReturnValue:
    return _page(token, Answer())


@pages.get("/s/<token>/document.pdf")
@limiter.limit(VIEWS_OF_AN_ADDRESS)
def show_pdf(token: str) -> Response:
    """The document as it stands, with the signatures that are in it; ``?download`` to keep."""
    document, pdf = document_of(workshop(), token)
    way = "attachment" if "download" in request.args else "inline"
    return _file(pdf, name=f"{document.number}.pdf", kind="application/pdf", way=way)


def _token() -> str:
    return str((request.view_args or {}).get("token", ""))


def _link() -> str:
    return f"signing {_token()}"


@pages.post("/s/<token>/prepare")
@limiter.limit(SIGNATURES_OF_AN_ADDRESS)
@limiter.limit(SIGNATURES_OF_A_LINK, key_func=_link)
def prepare(token: str) -> ResponseReturnValue:
    """What is to be signed: as JSON for the page's module, as a file for any other program."""
    try:
        prepared = prepare_signature(workshop(), token, now=now(), actor=current_actor())
    except ServiceError as error:
        return _refused(token, error, at="prepare")
    if _is_for_module():
        return _preparation(prepared)
    number = document_of(workshop(), token)[0].number
    if request.form.get("what") == DIGEST:
        return _binary(prepared.digest_base64, f"{number}.sha256")
    return _binary(prepared.content_base64, f"{number}.to-sign")


@pages.post("/s/<token>/signature")
@limiter.limit(SIGNATURES_OF_AN_ADDRESS)
@limiter.limit(SIGNATURES_OF_A_LINK, key_func=_link)
def take_signature(token: str) -> ResponseReturnValue:
    """The CMS that a program made: Base64 from the page's module, or a file."""
    cms = _sent_cms()
    if not cms:
        message = {"cms": _("Choose the file that your program made.")}
        return _page(token, Answer(messages=message), status=422)
    try:
        complete_signature(workshop(), token, cms, now=now(), actor=current_actor())
    except FormsServerError as error:
        return _refused(token, error, at="cms")
    return _done(token)


@pages.post("/s/<token>/refusal")
@limiter.limit(SIGNATURES_OF_AN_ADDRESS)
def take_refusal(token: str) -> ResponseReturnValue:
    reason = request.form.get("reason", "")
    try:
        refuse_signature(workshop(), token, reason=reason, actor=current_actor(), now=now())
    except ServiceError as error:
        return _refused(token, error, at="reason", reason=reason)
    return _done(token)


@pages.get("/s/<token>/<any(prepare, signature, refusal):_step>")
def show_again(token: str, _step: str) -> ResponseReturnValue:
    """Somebody reloaded, or changed the language of, what a POST had answered."""
    return redirect(url_for("signing.show", token=token), 303)


@pages.after_request
def keep_apart(response: Response) -> Response:
    """No list of a search engine; and NCALayer may be spoken to from these pages alone."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Content-Security-Policy"] = policy(
        connect_src=workshop().settings.ncalayer_url
    )
    return response


@pages.errorhandler(TooManyRequests)
def show_too_many(error: TooManyRequests) -> ResponseReturnValue:
    """A link that does not exist has no page to say it on."""
    message = _("Too many attempts. Wait a few minutes, then try again.")
    if _is_for_module():
        return jsonify(code="problem-too-often", sentence=message), 429
    if request.method == "GET":
        return show_http(error)
    try:
        return _page(_token(), Answer(messages={"": message}), status=429)
    except ServiceError:
        return show_http(error)


def standing_of(document: DocumentRecord, party: Party, before: Sequence[Party]) -> Standing:
    """Where the holder of a link stands; ``before`` are those who sign earlier."""
    if document.state is not DocumentState.ISSUED:
        return Standing.NOT_IN_FORCE
    if party.state in SETTLED:
        return SETTLED[party.state]
    if not party.is_next:
        refused = any(
            other.state is SignatureState.REFUSED for other in before if other.record.required
        )
        return Standing.REFUSED_BEFORE if refused else Standing.NOT_YET
    if party.spec.is_of_office:
        return Standing.READY if _is_this(party.spec.by, document) else Standing.SIGN_IN
    return Standing.READY if party.is_named else Standing.NOT_NAMED


def _is_this(signer: Signer, document: DocumentRecord) -> bool:
    """Whether somebody of that role in that office is signed in."""
    actor = current_actor()
    if actor is None:
        return False
    return actor.role.value == signer.value and actor.office.id == document.office_id


def _page(token: str, answer: Answer, *, status: int = 200) -> ResponseReturnValue:
    party = party_of(workshop(), token)
    document, pdf = document_of(workshop(), token)
    parties = overview(workshop(), document)
    place = [other.record.id for other in parties].index(party.record.id)
    page = render_template(
        "signing/sign.html",
        document=document,
        edition=edition_of(workshop(), document),
        office=workshop().records.offices.by_id(document.office_id),
        size=len(pdf),
        party=party,
        parties=parties,
        standing=standing_of(document, party, parties[:place]),
        role=Role(party.spec.by.value).label if party.spec.is_of_office else None,
        answer=answer,
        longest=LONGEST_REASON,
        ncalayer_url=workshop().settings.ncalayer_url,
        is_test=workshop().sealer.is_development,
    )
    return page, status


def _refused(
    token: str, error: FormsServerError, *, at: str, reason: str = ""
) -> ResponseReturnValue:
    """What was refused: a sentence for the module, or the page with the message where it belongs.

    A link that does not exist has no page to come back to.
    """
    status = status_of(error)
    if status == 404 or status >= 500:
        raise error
    sentence = error.say(page_language())
    if _is_for_module():
        return jsonify(code=error.code, sentence=sentence), status
    return _page(token, Answer(messages={at: sentence}, reason=reason), status=status)


def _done(token: str) -> ResponseReturnValue:
    address = url_for("signing.show", token=token)
    return jsonify(address=address) if _is_for_module() else redirect(address, 303)


def _preparation(prepared: Preparation) -> Response:
    """Either the bytes, which any key can sign, or their digest; and whose key is to be offered."""
    wants_content = request.form.get("what") == CONTENT
    return jsonify(
        data=prepared.content_base64 if wants_content else prepared.digest_base64,
        digested=not wants_content,
        iin=prepared.iin,
        bin=prepared.bin,
    )


def _sent_cms() -> bytes:
    sent = request.files.get("cms")
    return sent.read() if sent else request.form.get("cms", "").encode()


def _binary(content_base64: str, name: str) -> Response:
    content = base64.b64decode(content_base64)
    return _file(content, name=name, kind="application/octet-stream", way="attachment")


def _file(content: bytes, *, name: str, kind: str, way: str) -> Response:
    response = make_response(content)
    response.content_type = kind
    response.headers["Content-Disposition"] = f'{way}; filename="{name}"'
    return response


def _is_for_module() -> bool:
    return request.accept_mimetypes.best == "application/json"
