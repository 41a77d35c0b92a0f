"""The links at the top of every page: who sees which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Flask, current_app, request, url_for
from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from forms_server.services.accounts import Actor, Permission
from forms_server.web.sessions import current_actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A page of the navigation; ``needs`` is the permission without which it is not shown.

    ``key`` leads to it from other pages: Alt+Shift and this letter, see static/js/keys.js.
    """

    endpoint: str
    text: LazyString
    needs: Permission | None = None
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLink:
    """A link as this page shows it."""

    address: str
    text: LazyString
    is_here: bool
    key: str


LINKS = (
    Link(endpoint="forms.show_forms", text=_("Forms"), needs=Permission.FILL, key="f"),
    Link(endpoint="drafts.show_drafts", text=_("Drafts"), needs=Permission.FILL),
    Link(endpoint="documents.show_documents", text=_("Documents"), needs=Permission.READ_DOCUMENTS),
    Link(endpoint="blanks.show_blanks", text=_("Blank forms")),
    Link(endpoint="verification.show_entrance", text=_("Check a document")),
)


def register_navigation(app: Flask) -> None:
    """Give templates ``navigation`` and ``current_actor``."""
    app.jinja_env.globals.update(navigation=navigation, current_actor=current_actor)


def navigation() -> Sequence[ShownLink]:
    """The links that this person may follow."""
    actor = current_actor()
    return [_shown(link) for link in LINKS if _is_offered(link, actor)]


def _shown(link: Link) -> ShownLink:
    family = link.endpoint.partition(".")[0]
    is_here = request.blueprint == family
    address = url_for(link.endpoint)
    key = "" if request.endpoint == link.endpoint else link.key
    return ShownLink(address=address, text=link.text, is_here=is_here, key=key)


def _is_offered(link: Link, actor: Actor | None) -> bool:
    if link.endpoint not in current_app.view_functions:
        return False
    return link.needs is None or (actor is not None and actor.may(link.needs))
