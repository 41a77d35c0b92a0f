"""What protects the pages: headers, cookies, the secret key, tokens, limits of size and rate."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from flask import Flask, Response, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf.csrf import CSRFProtect

from forms_server.settings import Settings

POLICY: Mapping[str, str] = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "font-src": "'self'",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "manifest-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}


def policy(**more: str) -> str:
    """The content security policy; ``more`` adds to a directive: ``connect_src="wss://…"``."""
    added = {name.replace("_", "-"): f" {value}" for name, value in more.items()}
    return "; ".join(f"{name} {value}{added.get(name, '')}" for name, value in POLICY.items())


HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": policy(),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
SESSION_LIFETIME = timedelta(hours=10)
"""A working day; the cookie itself ends with the browser."""
SECRET_FILE = "web-secret.key"  # noqa: S105 - the name of a file
SECRET_BYTES = 32

MEGABYTE = 1024**2
LARGEST_BODY = 4 * MEGABYTE
LARGEST_FORM = 3 * MEGABYTE
MOST_INPUTS = 20_000
"""A table of a hundred rows and fourteen columns, with room to spare."""
WITH_A_FILE: Mapping[str, int] = {
    "verification.check_file": 21 * MEGABYTE,
    "signing.take_signature": MEGABYTE,
}
"""Pages that take a file, and how large a body: the file's own limit and a margin."""
MOST_DRAINED = 256 * MEGABYTE
DRAINED_AT_ONCE = 64 * 1024

csrf = CSRFProtect()
limiter = Limiter(get_remote_address, storage_uri="memory://")
"""Counts in memory: each worker process counts for itself, so the true limit is theirs together."""


def register_security(app: Flask, settings: Settings) -> None:
    """Configure cookies, tokens, limits and headers."""
    is_https = settings.public_url.startswith("https:")
    app.config.update(
        SECRET_KEY=read_secret_key(settings.home),
        SESSION_COOKIE_NAME="__Host-session" if is_https else "session",
        SESSION_COOKIE_SECURE=is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=SESSION_LIFETIME,
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
        MAX_FORM_PARTS=MOST_INPUTS,
        # A token lives as long as its session: a form filled for two hours is still taken.
        WTF_CSRF_TIME_LIMIT=None,
        # This check wants a Referer, which our own Referrer-Policy keeps browsers from sending.
        WTF_CSRF_SSL_STRICT=False,
    )
    app.before_request(_widen_for_a_file)
    csrf.init_app(app)
    limiter.init_app(app)
    app.after_request(_strict_transport if is_https else _headers)


def read_secret_key(home: Path) -> bytes:
    """The key that signs sessions, made at the first start in a file of mode 0600.

    Of two processes that start at once, one links its key to the name and both read that one.
    """
    path = home / SECRET_FILE
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        fresh = home / f"{SECRET_FILE}.{secrets.token_hex(8)}"
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(SECRET_BYTES))
        _link_unless_there(fresh, path)
        fresh.unlink()
    return path.read_bytes()


def drain() -> None:
    """Read the rest of a body that is refused, within a bound.

    A browser that is still sending when the connection closes shows its own error, not our page.
    """
    stream = request.environ["wsgi.input"]
    left = min(request.content_length or MOST_DRAINED, MOST_DRAINED)
    while left > 0:
        part = stream.read(min(DRAINED_AT_ONCE, left))
        if not part:
            return
        left -= len(part)


def came_from_our_page() -> bool:
    """Whether the browser vouches that a page of ours sent this (Fetch Metadata; Origin before it).

    Under our Referrer-Policy a browser says ``Origin: null`` even of our own forms, so where there
    is no ``Sec-Fetch-Site`` a missing or ``null`` origin vouches for nothing.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    return request.headers.get("Origin") == request.host_url.rstrip("/")


def _link_unless_there(fresh: Path, path: Path) -> None:
    try:
        path.hardlink_to(fresh)
    except FileExistsError:
        return


def _widen_for_a_file() -> None:
    largest = WITH_A_FILE.get(request.endpoint or "")
    if largest is not None:
        request.max_content_length = largest


def _headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _strict_transport(response: Response) -> Response:
    response.headers["Strict-Transport-Security"] = "max-age=31536000"
    return _headers(response)
