"""The start page, and the address that tells a watchman that the server lives."""

from __future__ import annotations

from flask import Blueprint, jsonify, render_template
from flask.typing import ResponseReturnValue

pages = Blueprint("home", __name__)


@pages.get("/")
def show() -> ResponseReturnValue:
    return render_template("home/home.html")


@pages.get("/health")
def show_health() -> ResponseReturnValue:
    """The database is asked for nothing: a busy database is no reason to restart the server."""
    return jsonify(status="ok")


@pages.get("/favicon.ico")
def show_icon() -> ResponseReturnValue:
    """Browsers ask for it where no page names an icon, as in front of a PDF."""
    return "", 204
