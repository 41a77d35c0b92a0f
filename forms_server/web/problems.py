"""Every error as a page: what happened, what to do, a stable code; for programs as problem details.

The only module that may catch ``Exception``. The log gets the kind of an unexpected error and where
it was raised, never its words, which may hold what a person typed.
"""

from __future__ import annotations

import logging
import secrets
import traceback
from collections.abc import Mapping
from dataclasses import dataclass

from flask import Flask, Response, jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge

from forms_server.errors import (
    DocumentError,
    FormsServerError,
    InvalidAnswerError,
    ServiceError,
    StorageError,
    catalogue,
)
from forms_server.languages import Language
from forms_server.web.languages import ENGLISH, NAMES, page_language
from forms_server.web.security import came_from_our_page, drain
from forms_server.web.sessions import take_stale_post

logger = logging.getLogger(__name__)

HELP = "-help"
DETAILS = "application/problem+json"
FOR_PROGRAMS = "/api/"
KINDS: Mapping[int, str] = {
    400: "problem-request",
    401: "problem-forbidden",
    403: "problem-forbidden",
    404: "problem-not-found",
    405: "problem-method",
    409: "problem-conflict",
    410: "problem-not-found",
    413: "problem-too-large",
    415: "problem-request",
    422: "problem-refused",
    429: "problem-too-often",
    500: "problem-unexpected",
    503: "problem-unavailable",
}
"""What is said of a status, and, under an error's own sentence, what to do."""
STATUSES: Mapping[str, int] = {
    "not-allowed": 403,
    "sign-in-refused": 401,
    "value-not-storable": 400,
    "database-failed": 503,
    "blob-store-failed": 503,
    "blob-missing": 500,
    "blob-altered": 500,
    "pdf-too-large": 413,
    "hash-malformed": 422,
    "document-unknown-here": 404,
    "account-missing": 404,
    "document-missing": 404,
    "draft-missing": 404,
    "edition-missing": 404,
    "signature-missing": 404,
}
"""The status of an error that its kind or the end of its code does not tell."""
NOT_FOUND = "-not-found"
STATUS_OF_KIND: Mapping[type[FormsServerError], int] = {
    InvalidAnswerError: 422,
    DocumentError: 422,
    ServiceError: 409,
    StorageError: 409,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What went wrong, by language: the sentence and what to do; ``id`` stands in the log too."""

    code: str
    status: int
    sentences: Mapping[str, str]
    remedies: Mapping[str, str]
    id: str = ""


def register_problems(app: Flask) -> None:
    """Turn whatever a view lets through into a page."""
    app.register_error_handler(CSRFError, _show_stale)
    app.register_error_handler(RequestEntityTooLarge, _show_too_large)
    app.register_error_handler(HTTPException, show_http)
    app.register_error_handler(FormsServerError, _show_ours)
    app.register_error_handler(Exception, _show_unexpected)


def status_of(error: FormsServerError) -> int:
    """The HTTP status that an error of ours answers with."""
    if error.code in STATUSES:
        return STATUSES[error.code]
    if error.code.endswith(NOT_FOUND):
        return 404
    kinds = (status for kind, status in STATUS_OF_KIND.items() if isinstance(error, kind))
    return next(kinds, 500)


def _show_stale(_error: CSRFError) -> ResponseReturnValue:
    answer = take_stale_post() if came_from_our_page() else None
    return answer or _show(_of_kind("problem-stale", 400))


def _show_too_large(_error: RequestEntityTooLarge) -> ResponseReturnValue:
    drain()
    return _show(_of_kind("problem-too-large", 413))


def show_http(error: HTTPException) -> ResponseReturnValue:
    """The page of a status that a view, or the server before it, answers with."""
    status = error.code or 500
    if 300 <= status < 400:
        return error
    answer = make_response(_show(_of_kind(_kind(status), status)))
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        answer.headers["Allow"] = ", ".join(error.valid_methods)  # RFC 9110, section 15.5.6
    return answer


def _show_ours(error: FormsServerError) -> ResponseReturnValue:
    status = status_of(error)
    problem = Problem(
        code=error.code,
        status=status,
        sentences={language: error.say(language) for language in NAMES},
        remedies=_texts(_kind(status) + HELP),
        id=_log(error) if status >= 500 else "",
    )
    return _show(problem)


def _show_unexpected(error: Exception) -> ResponseReturnValue:
    return _show(_of_kind("problem-unexpected", 500, problem_id=_log(error)))


def _show(problem: Problem) -> ResponseReturnValue:
    if _asks_for_json():
        return _in_json(problem), problem.status
    own = page_language()
    others = [language for language in Language if language != own]
    page = render_template(
        "problems/problem.html",
        problem=problem,
        own=own,
        others=others if own != ENGLISH else list(Language),
    )
    return page, problem.status


def _asks_for_json() -> bool:
    is_wanted = request.is_json or request.accept_mimetypes.best in {"application/json", DETAILS}
    return is_wanted or request.path.startswith(FOR_PROGRAMS)


def _in_json(problem: Problem) -> Response:
    """Problem details (RFC 9457); ``code`` to ``id`` are members of our own."""
    response = jsonify(
        type=f"urn:forms-server:problem:{problem.code}",
        title=_in_english(problem.sentences),
        status=problem.status,
        detail=_in_english(problem.remedies),
        code=problem.code,
        message=problem.sentences,
        help=problem.remedies,
        id=problem.id,
    )
    response.content_type = DETAILS
    return response


def _in_english(texts: Mapping[str, str]) -> str:
    return texts.get(ENGLISH, texts[Language.RU])


def _of_kind(kind: str, status: int, *, problem_id: str = "") -> Problem:
    return Problem(
        code=kind,
        status=status,
        sentences=_texts(kind),
        remedies=_texts(kind + HELP),
        id=problem_id,
    )


def _texts(code: str) -> Mapping[str, str]:
    return catalogue()[code]


def _kind(status: int) -> str:
    return KINDS.get(status, "problem-request" if status < 500 else "problem-unexpected")


def _log(error: Exception) -> str:
    """Enters the error in the log and gives the number that the page shows."""
    problem_id = secrets.token_hex(4)
    frames = traceback.extract_tb(error.__traceback__)
    trail = " < ".join(
        f"{frame.name} {frame.filename}:{frame.lineno}" for frame in reversed(frames)
    )
    code = f" {error.code}" if isinstance(error, FormsServerError) else ""
    logger.error("problem %s: %s%s in %s", problem_id, type(error).__name__, code, trail)
    return problem_id
