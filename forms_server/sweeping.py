"""A process beside the pages that completes the documents which wait for their time stamp.

It looks once a minute, each time in a child of its own: what goes wrong there ends that look and
nothing else. It ends with the process that started it.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from contextlib import suppress
from datetime import UTC, datetime

from forms_server.documents.isolation import LastExit
from forms_server.services.time_stamps import complete_pending, renew_ending
from forms_server.services.workshop import Workshop, open_workshop
from forms_server.settings import Settings

SECONDS_BETWEEN = 60
LOOKS_A_DAY = 24 * 60
LONGEST_LOOK = 30 * 60
"""Seconds; what is not done by then is done by the next look."""

logger = logging.getLogger(__name__)


def start_sweeping(settings: Settings) -> int | None:
    """Start the process and give its id; ``None`` where no document waits for anything.

    It forks: call it from a process without threads.
    """
    if not settings.trust.level.wants_time_stamp:
        return None
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        with LastExit():
            _sweep_while(settings, parent)
    return child


def stop_sweeping(process: int) -> None:
    """End the process; a look that is under way leaves every document whole."""
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGTERM)


def _sweep_while(settings: Settings, parent: int) -> None:
    workshop = open_workshop(settings, datetime.now(UTC))
    looks = 0
    while os.getppid() == parent:
        _look_in_child(workshop, renews=looks % LOOKS_A_DAY == 0)
        looks += 1
        _wait(parent)


def _look_in_child(workshop: Workshop, *, renews: bool) -> None:
    child = os.fork()
    if child == 0:
        with LastExit():
            signal.alarm(LONGEST_LOOK)
            _look(workshop, renews=renews)
    _, status = os.waitpid(child, 0)
    if status:
        logger.error("completing time stamps ended with status %s", status)


def _look(workshop: Workshop, *, renews: bool) -> None:
    complete_pending(workshop, datetime.now(UTC), patiently=True)
    if renews:
        renew_ending(workshop, datetime.now(UTC))


def _wait(parent: int) -> None:
    until = time.monotonic() + SECONDS_BETWEEN
    while time.monotonic() < until and os.getppid() == parent:
        time.sleep(1)
