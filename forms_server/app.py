"""Puts the application together: the only module that knows all page families."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from forms_server.services.workshop import Workshop, open_workshop
from forms_server.settings import Settings
from forms_server.web import (
    api,
    blanks,
    documents,
    drafts,
    forms,
    home,
    offline,
    sessions,
    signatures,
    signing,
    verification,
    withdrawals,
)
from forms_server.web.checkpoints import register_checkpoints
from forms_server.web.desk import Clock, Desk, register_desk
from forms_server.web.editions import register_editions
from forms_server.web.languages import register_languages
from forms_server.web.navigation import register_navigation
from forms_server.web.problems import register_problems
from forms_server.web.security import register_security
from forms_server.web.signatures import register_signatures
from forms_server.web.static_files import register_static_files
from forms_server.web.still import register_still

PAGES = (
    home.pages,
    sessions.pages,
    forms.pages,
    drafts.pages,
    documents.pages,
    withdrawals.pages,
    signatures.pages,
    signing.pages,
    blanks.pages,
    verification.pages,
    api.pages,
    offline.pages,
)


def current_moment() -> datetime:
    """The clock of the real world, in UTC."""
    return datetime.now(UTC)


def create_app(
    settings: Settings, workshop: Workshop | None = None, *, clock: Clock = current_moment
) -> Flask:
    """The application; opens the workshop unless the caller has done so already."""
    app = Flask(
        "forms_server",
        static_folder=settings.root / "static",
        template_folder="web/templates",
    )
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    register_desk(app, Desk(workshop=workshop or open_workshop(settings, clock()), clock=clock))
    register_checkpoints(app)
    register_security(app, settings)
    register_languages(app)
    register_static_files(app)
    register_still(app)
    register_editions(app)
    register_signatures(app)
    register_navigation(app)
    register_problems(app)
    for pages in PAGES:
        app.register_blueprint(pages)
    _trust_proxies(app, settings)
    return app


def _trust_proxies(app: Flask, settings: Settings) -> None:
    """Believe the address and scheme that so many proxies in front of us report; by default, none.

    A server that believes ``X-Forwarded-For`` without such a proxy lets anybody pass the limits.
    """
    count: int = settings.trusted_proxies
    if count:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count)  # type: ignore[method-assign]
