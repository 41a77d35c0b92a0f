"""Who is signed in; and what a POST carried that came after the session had ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Response,
    current_app,
    g,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import TooManyRequests

from forms_server.errors import ServiceError
from forms_server.services.accounts import Actor, actor_of, sign_in
from forms_server.web.desk import now, workshop
from forms_server.web.languages import page_language
from forms_server.web.security import limiter

pages = Blueprint("sessions", __name__)

CARRIED = "carried."
"""Before the name of each posted field that the sign-in page carries on."""
REPLAYED = "replayed"
"""A field that the page which sends on what was typed adds to it."""
TOKEN = "csrf_token"  # noqa: S105 - the name of a field
FAILURES_OF_AN_ADDRESS = "20 per minute; 100 per hour"
FAILURES_OF_A_LOGIN = "10 per 15 minutes"

SECRETS = frozenset({TOKEN, "pin"})
"""What no page may hold: who typed it types it again."""

Fields = Sequence[tuple[str, str]]
P = ParamSpec("P")


def current_actor() -> Actor | None:
    """Who is signed in; ``None`` also once the account was closed or its password changed."""
    if "actor" not in g:
        g.actor = _read_session()
    found: Actor | None = g.actor
    return found


def signed_in_actor() -> Actor:
    """Who is signed in, on a page that ``sign_in_required`` guards."""
    actor = current_actor()
    if actor is None:
        raise RuntimeError("signed_in_actor() on a page without sign_in_required")
    return actor


def sign_in_required(
    view: Callable[P, ResponseReturnValue],
) -> Callable[P, ResponseReturnValue]:
    """Let the signed-in see the page; ask others to sign in, and lose nothing that they posted."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if current_actor() is None:
            return ask_to_sign_in()
        return view(*args, **kwargs)

    vars(guarded)["needs_sign_in"] = True
    return guarded


def ask_to_sign_in() -> ResponseReturnValue:
    """The sign-in page in place of the one asked for; 401 in JSON for a script."""
    if _wants_json():
        return jsonify(code="signed-out"), 401
    if request.method in {"GET", "HEAD"}:
        return redirect(url_for("sessions.show_sign_in", next=request.full_path.rstrip("?")), 303)
    page = _sign_in_page(
        destination=request.path,
        carried=_posted(),
        message=_("Your session has ended. Sign in: what you entered is kept."),
    )
    return page, 401


def take_stale_post() -> ResponseReturnValue | None:
    """What to answer to a POST of ours whose token is no longer good; ``None``: refuse it.

    A file cannot be carried on, so what held one is refused too; and so is what a script sent, and
    what comes a second time, from a browser that keeps no cookies.
    """
    if request.files or REPLAYED in request.form:
        return None
    if request.endpoint == "sessions.take_sign_in":
        return _sign_in_page(
            destination=_safe_address(request.form.get("next")),
            carried=_carried(),
            message=_("The page was open for too long. Sign in once more."),
        )
    if request.endpoint == "sessions.sign_out":
        return _sign_out()
    if _needs_sign_in() and current_actor() is None:
        return ask_to_sign_in()
    if _wants_json():
        return None
    return _replay_page(request.full_path.rstrip("?"), _posted())


@pages.get("/sign-in")
def show_sign_in() -> ResponseReturnValue:
    destination = _safe_address(request.args.get("next"))
    if current_actor() is not None:
        return redirect(destination, 303)
    return _sign_in_page(destination=destination)


def _is_refused(response: Response) -> bool:
    return response.status_code == 401


def _login_typed() -> str:
    return f"login {request.form.get('login', '').strip().lower()}"


@pages.post("/sign-in")
@limiter.limit(FAILURES_OF_AN_ADDRESS, deduct_when=_is_refused)
@limiter.limit(FAILURES_OF_A_LOGIN, key_func=_login_typed, deduct_when=_is_refused)
def take_sign_in() -> ResponseReturnValue:
    destination, carried = _safe_address(request.form.get("next")), _carried()
    login, password = request.form.get("login", ""), request.form.get("password", "")
    try:
        actor = sign_in(workshop().records, login, password=password, now=now())
    except ServiceError as error:
        message = error.say(page_language())
        page = _sign_in_page(destination=destination, carried=carried, message=message, login=login)
        return page, 401
    _open_session(actor)
    return _replay_page(destination, carried) if carried else redirect(destination, 303)


@pages.errorhandler(TooManyRequests)
def show_too_many(_error: TooManyRequests) -> ResponseReturnValue:
    message = _("Too many attempts. Wait a few minutes, then try again: what you entered is kept.")
    page = _sign_in_page(
        destination=_safe_address(request.form.get("next")),
        carried=_carried(),
        message=message,
        login=request.form.get("login", ""),
    )
    return page, 429


@pages.route("/sign-out", methods=["GET", "POST"])
def sign_out() -> ResponseReturnValue:
    """A GET (somebody typed it, or changed the language after) signs nobody out."""
    if request.method == "GET":
        return redirect(url_for("home.show"), 303)
    return _sign_out()


def _sign_out() -> ResponseReturnValue:
    session.clear()
    return redirect(url_for("home.show"), 303)


def _open_session(actor: Actor) -> None:
    """A session of its own: nothing of what the browser had before stays in it."""
    session.clear()
    session["account"] = actor.account_id
    session["epoch"] = actor.session_epoch
    g.actor = actor


def _read_session() -> Actor | None:
    account, epoch = session.get("account"), session.get("epoch")
    if not isinstance(account, int) or not isinstance(epoch, int):
        return None
    return actor_of(workshop().records, account, session_epoch=epoch)


def _sign_in_page(
    *, destination: str, carried: Fields = (), message: str = "", login: str = ""
) -> Response:
    page = render_template(
        "sessions/sign-in.html",
        destination=destination,
        carried=[(CARRIED + name, value) for name, value in carried],
        message=message,
        login=login,
    )
    return make_response(page)


def _replay_page(destination: str, fields: Fields) -> Response:
    marked = [*fields, (REPLAYED, "yes")]
    page = render_template("sessions/replay.html", destination=destination, fields=marked)
    return make_response(page)


def _posted() -> Fields:
    dropped = SECRETS | {REPLAYED}
    return [item for item in request.form.items(multi=True) if item[0] not in dropped]


def _carried() -> Fields:
    return [
        (name.removeprefix(CARRIED), value)
        for name, value in request.form.items(multi=True)
        if name.startswith(CARRIED)
    ]


def _safe_address(wish: str | None) -> str:
    """An address on this server; anything else, that of the start page."""
    home = url_for("home.show")
    if not wish or not wish.startswith("/") or wish.startswith(("//", "/\\")):
        return home
    parts = urlsplit(wish)
    is_ours = not parts.scheme and not parts.netloc and wish.isprintable()
    return wish if is_ours else home


def _needs_sign_in() -> bool:
    view: Any = current_app.view_functions.get(request.endpoint or "")
    return bool(getattr(view, "needs_sign_in", False))


def _wants_json() -> bool:
    return request.is_json or request.accept_mimetypes.best == "application/json"
