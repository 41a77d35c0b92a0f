"""What pages say to everybody alike: rendered once a language and process, then kept.

The page behind a QR is asked far oftener than any other, and most of it never changes. What a
visitor sees only when signed in is not kept, and nothing of an address is.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, current_app, render_template, request
from markupsafe import Markup

from forms_server.web.languages import page_language
from forms_server.web.sessions import current_actor

EXTENSION = "forms_server_still"
HOLE = "\ue000"
"""Stands where the content of a frame will; a private sign that no text of ours has."""


def register_still(app: Flask) -> None:
    """Give templates ``still("verification/seal.html", "seal_panel")``: a macro of no arguments."""
    app.extensions[EXTENSION] = {}
    app.jinja_env.globals["still"] = still


def still(template: str, macro: str) -> Markup:
    """What the macro says in the page's language; it may depend on nothing else."""

    def render() -> str:
        return str(getattr(current_app.jinja_env.get_template(template).module, macro)())

    return _kept(f"{template} {macro}", render)[0]


def framed(template: str, content: str) -> str:
    """The page with this content; ``template`` prints ``content`` once and depends on nothing else.

    Who is signed in gets a frame of their own, with their name and their links.
    """
    if current_actor() is not None:
        return render_template(template, content=Markup(content))  # noqa: S704 - a template's own
    before, after = _kept(template, lambda: render_template(template, content=HOLE))
    return f"{before}{content}{after}"


def _kept(name: str, render: Callable[[], str]) -> tuple[Markup, ...]:
    """The text as it was rendered first, parted at the hole."""
    kept: dict[tuple[str, ...], tuple[Markup, ...]] = current_app.extensions[EXTENSION]
    key = (name, page_language(), request.script_root)
    if key not in kept:
        kept[key] = tuple(Markup(part) for part in render().split(HOLE))  # noqa: S704
    return kept[key]
