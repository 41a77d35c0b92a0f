"""What a phone keeps to check a seal with no network: page, manifest, public keys, status list.

Keys and list belong to nobody, and any cache may keep them as long as it asks whether they have
changed. Page and manifest are in the visitor's language, and the page names who is signed in: no
shared cache keeps them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forms_server.services.status_list import PATH, status_list
from forms_server.services.verification import public_keys
from forms_server.web.desk import now, workshop
from forms_server.web.languages import page_language
from forms_server.web.static_files import static_file

pages = Blueprint("offline", __name__)

REVALIDATE = "public, no-cache"
OF_THE_VISITOR = "private, no-cache"
FIVE_MINUTES = "public, max-age=300"
SHORTEST_COMPRESSED = 1400
"""Bytes; what fits into one packet gains nothing."""
SCOPE = "/v/"
INK, PAPER = "#0f5c63", "#ffffff"
ICONS: Sequence[tuple[str, int, str]] = (
    ("icon-192.png", 192, "any"),
    ("icon-512.png", 512, "any"),
    ("icon-maskable-512.png", 512, "maskable"),
)
"""File, side in pixels, purpose (Web Application Manifest, "icons")."""


@pages.get("/v/offline")
def show_page() -> ResponseReturnValue:
    """The page that a phone keeps: it answers from the seal alone and knows no document."""
    titles = {form.id: form.title for form in workshop().forms.values()}
    response = make_response(render_template("verification/offline.html", titles=titles))
    response.headers["Cache-Control"] = OF_THE_VISITOR
    return response


@pages.get("/v/manifest.webmanifest")
def show_manifest() -> ResponseReturnValue:
    """What the phone calls the installed page and draws for it, in the language of the page."""
    language = page_language()
    response = jsonify(
        id=SCOPE,
        name=_("Checking documents"),
        short_name=_("Checking"),
        description=_("Checks the seal in the QR code of a document, with no network too."),
        lang=language,
        start_url=url_for("offline.show_page", lang=language),
        scope=SCOPE,
        display="standalone",
        background_color=PAPER,
        theme_color=INK,
        icons=[_icon(*icon) for icon in ICONS],
    )
    response.content_type = "application/manifest+json"
    response.headers["Cache-Control"] = OF_THE_VISITOR
    return response


@pages.get("/.well-known/jwks.json")
def show_keys() -> ResponseReturnValue:
    """The keys of the seals in QRs, for anybody's program (RFC 7517): today's key is the first.

    A program that meets an unknown key asks anew; five minutes after a change everybody knows it.
    """
    keys = public_keys(workshop())
    response = jsonify(keys)
    response.content_type = "application/jwk-set+json"
    response.set_etag("-".join(key["kid"] for key in keys["keys"]))
    return _for_anybody(response, FIVE_MINUTES)


@pages.get(PATH)
def show_status_list() -> ResponseReturnValue:
    """What was annulled and replaced, signed: an annulment is in it from the next request on."""
    made = status_list(workshop(), now=now())
    is_compressed = len(made.jwt) > SHORTEST_COMPRESSED and request.accept_encodings["gzip"] > 0
    response = Response(made.gzipped if is_compressed else made.jwt)
    response.content_type = "application/jwt"
    if is_compressed:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.set_etag(made.tag, weak=True)
    return _for_anybody(response, REVALIDATE)


def _icon(name: str, side: int, purpose: str) -> dict[str, Any]:
    size = f"{side}x{side}"
    return {"src": static_file(name), "sizes": size, "type": "image/png", "purpose": purpose}


def _for_anybody(response: Response, caching: str) -> ResponseReturnValue:
    """Readable by the scripts of other sites too; "unchanged" where the asker has it already."""
    response.headers["Cache-Control"] = caching
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response.make_conditional(request)
