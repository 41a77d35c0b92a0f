"""What a citizen sees of a paper (``/v/TOKEN``), of a code and of a file; and the public keys.

Nothing heavy happens on ``/v/TOKEN``: one row is read and shown. What the QR carries after ``#``
never reaches the server; the page's own module checks it in the browser.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import (
    Blueprint,
    Response,
    jsonify,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import TooManyRequests

from forms_server.errors import DocumentError
from forms_server.services.certificates import (
    Certificate,
    look_up,
    look_up_code,
    look_up_hash,
)
from forms_server.services.file_checks import FileReport, verify_pdf
from forms_server.services.verification import (
    DocumentDetails,
    unlock,
)
from forms_server.web.desk import now, workshop
from forms_server.web.languages import page_language
from forms_server.web.security import csrf, limiter
from forms_server.web.still import framed

pages = Blueprint("verification", __name__)

GUESSES_OF_AN_ADDRESS = "10 per 15 minutes"
GUESSES_OF_A_DOCUMENT = "10 per hour; 20 per day"
"""Of ten thousand endings a day's guessing tries twenty, whoever guesses."""
CODES_OF_AN_ADDRESS = "30 per 10 minutes"
HASHES_OF_AN_ADDRESS = "60 per minute"
FILES_OF_AN_ADDRESS = "10 per minute; 60 per hour"
LONGEST_FILE_NAME = 80
OPENED = "opened"
MOST_OPENED = 5
"""Tokens of documents that this visitor opened with the last digits of the IIN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """What the entrance shows again: the code typed, and a message by the input's id."""

    code: str = ""
    messages: Mapping[str, str] = field(default_factory=dict)


@pages.get("/v/<token>")
def show_document(token: str) -> ResponseReturnValue:
    certificate = look_up(workshop(), token)
    return _document_page(certificate), 200 if certificate else 404


def _is_wrong(response: Response) -> bool:
    return response.status_code == 422


def _document_asked() -> str:
    return f"unlock {(request.view_args or {}).get('token', '')}"


# What follows is asked by nobody in particular and changes nothing: a token against forgery would
# only give each visitor a cookie, and the page one that no cache of ours could keep.
@pages.post("/v/<token>")
@csrf.exempt  # type: ignore[untyped-decorator]  # Flask-WTF has no types
@limiter.limit(GUESSES_OF_AN_ADDRESS, deduct_when=_is_wrong)
@limiter.limit(GUESSES_OF_A_DOCUMENT, key_func=_document_asked, deduct_when=_is_wrong)
def open_rest(token: str) -> ResponseReturnValue:
    """The answers, for who knows the last four digits of the IIN."""
    certificate = look_up(workshop(), token)
    if certificate is None:
        return _document_page(None), 404
    details = unlock(workshop(), token, iin_last4=request.form.get("iin_last4", ""))
    if details is None:
        message = _("These are not the last four digits of the IIN in this document.")
        return _document_page(certificate, message=message), 422
    _note_opened(token)
    return _document_page(certificate, details=details)


def _note_opened(token: str) -> None:
    """So that the full check may show the values of a document that was opened with its IIN."""
    session[OPENED] = [token, *session.get(OPENED, ())][:MOST_OPENED]


@pages.get("/verify")
def show_entrance() -> ResponseReturnValue:
    return _entrance_page(Entrance())


@pages.route("/verify/code", methods=["GET", "POST"])
@limiter.limit(CODES_OF_AN_ADDRESS, methods=["POST"])
def find_code() -> ResponseReturnValue:
    """The document of the code under a QR."""
    code = request.form.get("code", "")
    if request.method == "GET":
        return redirect(url_for("verification.show_entrance"), 303)
    try:
        certificate = look_up_code(workshop(), code)
    except DocumentError as error:
        messages = {"code": error.say(page_language())}
        return _entrance_page(Entrance(code=code, messages=messages)), 422
    if certificate is None:
        message = _("No document has this code. Compare it with the paper once more.")
        return _entrance_page(Entrance(code=code, messages={"code": message})), 404
    return redirect(url_for("verification.show_document", token=certificate.token), 303)


@pages.get("/verify/hash/<sha256>")
@limiter.limit(HASHES_OF_AN_ADDRESS)
def find_hash(sha256: str) -> ResponseReturnValue:
    """For the page's module: whose file has this SHA-256, computed in the browser."""
    certificate = look_up_hash(workshop(), sha256)
    if certificate is None:
        return jsonify(known=False)
    return jsonify(
        known=True,
        state=certificate.state.value,
        newest=sha256.lower() == certificate.pdf_sha256,
        address=url_for("verification.show_document", token=certificate.token),
    )


@pages.route("/verify/file", methods=["GET", "POST"])
@csrf.exempt  # type: ignore[untyped-decorator]  # Flask-WTF has no types
@limiter.limit(FILES_OF_AN_ADDRESS, methods=["POST"])
def check_file() -> ResponseReturnValue:
    """The full check of a PDF: each signature's facts, and what they come to."""
    if request.method == "GET":
        return redirect(url_for("verification.show_entrance"), 303)
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        message = _("Choose a PDF file first.")
        return _entrance_page(Entrance(messages={"file": message})), 422
    name = sent.filename[-LONGEST_FILE_NAME:]
    report = verify_pdf(workshop(), sent.read(), now=now())
    return _report_page(name=name, report=report), 200 if report.is_readable else 422


@pages.errorhandler(TooManyRequests)
def show_too_many(error: TooManyRequests) -> ResponseReturnValue:
    message = _("Too many attempts. Wait a few minutes, then try again.")
    if request.endpoint == "verification.open_rest":
        certificate = look_up(workshop(), str((request.view_args or {}).get("token", "")))
        return _document_page(certificate, message=message), 429
    if request.endpoint == "verification.find_code":
        code = request.form.get("code", "")
        return _entrance_page(Entrance(code=code, messages={"code": message})), 429
    if request.endpoint == "verification.check_file":
        return _entrance_page(Entrance(messages={"file": message})), 429
    return jsonify(code="problem-too-often"), error.code


def _document_page(
    certificate: Certificate | None, *, details: DocumentDetails | None = None, message: str = ""
) -> str:
    content = render_template(
        "verification/certificate.html", certificate=certificate, details=details, message=message
    )
    return framed("verification/document.html", content)


def _entrance_page(entrance: Entrance) -> str:
    return render_template("verification/entrance.html", entrance=entrance)


def _report_page(*, name: str, report: FileReport) -> str:
    """The values in which a file differs are shown to whom the document was opened before."""
    token = report.certificate.token if report.certificate else ""
    is_open = token in session.get(OPENED, ())
    return render_template(
        "verification/report.html",
        name=name,
        report=report,
        is_open=is_open,
        language=page_language(),
    )
