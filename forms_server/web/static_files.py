"""The files of ``static/``: addressed with a fingerprint, so that a browser keeps them for a year.

A module that another one imports is asked for without a fingerprint, and then always revalidated.
"""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path

from flask import Flask, Response, current_app, request

from forms_server.errors import SettingsError

NCALAYER_CLIENT = "packages/ncalayer-client.js"
"""What set-up fetches (package-lock.json); the pages of signing cannot do without it."""
WORKER = "js/verification-worker.js"
WORKER_SCOPE = "/v/"
FINGERPRINT_LENGTH = 10
FOR_A_YEAR = "public, max-age=31536000, immutable"
REVALIDATE = "public, no-cache"


def register_static_files(app: Flask) -> None:
    """Give templates ``static_file`` and the files their caching.

    Refuses with ``settings-packages-missing`` where set-up has not fetched what is not ours.
    """
    fetched = Path(app.static_folder or "") / NCALAYER_CLIENT
    if not fetched.is_file():
        raise SettingsError("settings-packages-missing", path=fetched)
    app.jinja_env.globals["static_file"] = static_file
    app.after_request(_cache)


def static_file(name: str) -> str:
    """The address of a file of ``static/``, with its fingerprint."""
    path = f"{current_app.static_folder}/{name}"
    version = fingerprint(path, os.stat(path).st_mtime_ns)  # noqa: PTH116 - a page asks ten times
    return f"{request.script_root}{current_app.static_url_path}/{name}?v={version}"


@cache
def fingerprint(path: str, _changed_at: int) -> str:
    """The first letters of the SHA-256 of the file as it stood at that time."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:FINGERPRINT_LENGTH]


def _cache(response: Response) -> Response:
    if request.endpoint == "static" and response.status_code in {200, 206, 304}:
        response.headers["Cache-Control"] = FOR_A_YEAR if "v" in request.args else REVALIDATE
        if (request.view_args or {}).get("filename") == WORKER:
            response.headers["Service-Worker-Allowed"] = WORKER_SCOPE
    return response
