"""The day's checkpoint of the audit trail: made at the first request of a day, by one worker."""

from __future__ import annotations

from datetime import date

from flask import Flask, current_app

from forms_server.errors import FormsServerError
from forms_server.services.checkpoints import archive_of, make_checkpoint
from forms_server.web.desk import now, today, workshop

EXTENSION = "forms_server_checkpoint"
"""The day for which this process need not look again."""


def register_checkpoints(app: Flask) -> None:
    """Look at the first request of each day whether somebody has signed for it."""
    app.before_request(_sign_once_a_day)


def _sign_once_a_day() -> None:
    """A checkpoint that cannot be made is told in the log and stops no page."""
    day: date = today()
    if current_app.extensions.get(EXTENSION) == day:
        return
    current_app.extensions[EXTENSION] = day
    try:
        make_checkpoint(archive_of(workshop()), now=now())
    except FormsServerError as error:
        current_app.logger.error("no checkpoint of %s: %s", day, error.code)
