"""What every page works with: the workshop, the clock, and dates as people write them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from flask import Flask, current_app

from forms_server.services.workshop import Workshop

EXTENSION = "forms_server"
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The workshop and the clock of one application; ``clock`` gives aware moments."""

    workshop: Workshop
    clock: Clock


def register_desk(app: Flask, desk: Desk) -> None:
    """Lay the desk where the pages find it."""
    app.extensions[EXTENSION] = desk
    app.add_template_filter(show_day, "day")
    app.add_template_filter(show_moment, "moment")
    app.add_template_filter(show_iso_day, "iso_day")


def workshop() -> Workshop:
    """The workshop of the running application."""
    return _desk().workshop


def now() -> datetime:
    """This moment, aware of its zone."""
    return _desk().clock()


def today() -> date:
    """The day at the office."""
    return workshop().day_of(now())


def show_day(day: date | datetime | None) -> str:
    """``02.05.2025``: read alike in Kazakh, Russian and, with its four-digit year, in English."""
    if day is None:
        return ""
    local = _at_the_office(day) if isinstance(day, datetime) else day
    return f"{local:%d.%m.%Y}"


def show_iso_day(day: str) -> str:
    """``2025-05-02`` as people write it; what is no date stays as it is."""
    try:
        return show_day(date.fromisoformat(day))
    except ValueError:
        return day


def show_moment(moment: datetime | None) -> str:
    """``02.05.2025 14:05``, the office's time."""
    return "" if moment is None else f"{_at_the_office(moment):%d.%m.%Y %H:%M}"


def _at_the_office(moment: datetime) -> datetime:
    return moment.astimezone(workshop().zone)


def _desk() -> Desk:
    desk = current_app.extensions[EXTENSION]
    assert isinstance(desk, Desk)  # noqa: S101 - for the type checker
    return desk
