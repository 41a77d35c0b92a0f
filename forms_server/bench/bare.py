"""The baseline of pages: a bare Flask application that answers with ready text."""

from __future__ import annotations

from flask import Flask

PAGE_BYTES = 20_000
"""About what the page behind a QR weighs."""

application = Flask(__name__)
PAGE = "x" * PAGE_BYTES


@application.get("/v/<token>")
def show(token: str) -> str:
    """The same for every token."""
    return PAGE
