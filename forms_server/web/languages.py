"""The language of a page: picked by ``?lang=``, kept in a cookie, Kazakh where nothing was picked.

Citizens' pages are also offered in English; what a form says exists in Kazakh and Russian alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from flask import Flask, Response, current_app, g, request
from flask_babel import Babel, get_translations

from forms_server.languages import BilingualText, Language

COOKIE = "language"
COOKIE_LIFETIME = 365 * 24 * 3600
ENGLISH = "en"
NAMES = {Language.KK.value: "Қазақша", Language.RU.value: "Русский", ENGLISH: "English"}
"""What a language calls itself, in the order of the switch."""
CITIZENS = frozenset({None, "home", "blanks", "offline", "verification", "signing"})
"""Blueprints whose pages citizens read; ``None`` is a page that was not found."""
TRANSLATIONS = Path(__file__).parent / "translations"


def register_languages(app: Flask) -> None:
    """Gettext for the templates, the switch, and the cookie that remembers it."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(TRANSLATIONS)
    app.config["BABEL_DEFAULT_LOCALE"] = Language.KK.value
    Babel(app, locale_selector=page_language)
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=lambda text: _words().ugettext(text),
        ngettext=lambda one, many, count: _words().ungettext(one, many, count),
        newstyle=True,
    )
    app.jinja_env.globals.update(
        endpoints=app.view_functions,
        page_language=page_language,
        page_languages=offered_languages,
        language_names=NAMES,
        language_address=language_address,
        say=say,
        said_in=said_in,
    )
    app.after_request(_remember)


def page_language() -> str:
    """``kk``, ``ru`` or, on a citizen's page, ``en``."""
    if "page_language" not in g:
        g.page_language = _pick()
    return str(g.page_language)


def form_language() -> Language:
    """The page's language where it must be one that forms have; an English page reads Russian."""
    language = page_language()
    return Language.RU if language == ENGLISH else Language(language)


def offered_languages() -> Sequence[str]:
    """What the switch of this page offers."""
    return [name for name in NAMES if name != ENGLISH or request.blueprint in CITIZENS]


def language_address(language: str) -> str:
    """This page's own address in another language; the start page where only a POST led here."""
    rule = request.url_rule
    can_be_opened = rule is None or "GET" in (rule.methods or ())
    path = quote(request.script_root + request.path) if can_be_opened else "/"
    kept = [(name, value) for name, value in request.args.items(multi=True) if name != "lang"]
    return f"{path}?{urlencode([*(kept if can_be_opened else []), ('lang', language)])}"


def say(text: BilingualText) -> str:
    """A bilingual text in the page's language."""
    return text[form_language()]


def said_in() -> Language | str:
    """The ``lang`` attribute of what ``say`` gives, empty where it is the page's own."""
    return form_language() if page_language() == ENGLISH else ""


def _words() -> Any:
    """The page's catalogue, looked for once a request: a page asks it for a hundred sentences."""
    if "words" not in g:
        g.words = get_translations()
    return g.words


def _pick() -> str:
    offered = offered_languages()
    for wish in (request.args.get("lang"), request.cookies.get(COOKIE)):
        if wish is not None and wish in offered:
            return wish
    return Language.KK.value


def _remember(response: Response) -> Response:
    wish = request.args.get("lang")
    if wish in NAMES and wish != request.cookies.get(COOKIE):
        secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
        response.set_cookie(
            COOKIE, wish, COOKIE_LIFETIME, secure=secure, httponly=True, samesite="Lax"
        )
    response.headers["Content-Language"] = page_language()
    return response
