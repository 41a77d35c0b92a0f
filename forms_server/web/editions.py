"""What pages say of an edition: its days in force, its status in words, the edition of a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flask import Flask
from flask_babel import gettext as _

from forms_server.errors import InvalidAnswerError
from forms_server.fields.dates import Date
from forms_server.languages import BilingualText
from forms_server.services.editions import (
    Standing,
    Status,
    edition_in_force,
    edition_to_fill,
    nearest_edition,
    standing_of,
)
from forms_server.specs.model import Edition, FieldSpec, FormSpec
from forms_server.web.desk import show_day, today, workshop
from forms_server.web.languages import form_language

TAGS = {
    Status.IN_FORCE: "good",
    Status.COMING: "warning",
    Status.REPLACED: "warning",
    Status.REPEALED: "bad",
}
DAY = FieldSpec(id="day", type="date", label=BilingualText(kk="", ru=""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A form as the list offers it: the edition to fill first, and all, the newest first."""

    form: FormSpec
    edition: Edition
    editions: tuple[Edition, ...]

    @property
    def asks_for_day(self) -> bool:
        """Whether a document's date decides on which edition it is written, or on none."""
        return len(self.editions) > 1 or self.edition.in_force_until is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The edition of a document's date; where there is none, the nearest in time."""

    day: date
    edition: Edition
    is_in_force: bool


def register_editions(app: Flask) -> None:
    """Give templates the status of an edition."""
    app.jinja_env.globals.update(
        standing=standing,
        standing_tag=standing_tag,
        standing_words=standing_words,
        days_in_force=days_in_force,
    )


def offer_of(form: FormSpec) -> Offer:
    """A form with the edition of today, or the latest, before the others."""
    return Offer(
        form=form,
        edition=edition_to_fill(form, today()),
        editions=tuple(reversed(form.editions)),
    )


def standing(edition: Edition) -> Standing:
    """How an edition stands today."""
    return standing_of(workshop().forms[edition.form_id], edition, today())


def standing_tag(found: Standing) -> str:
    """The kind of tag that the words stand in."""
    return TAGS[found.status]


def standing_words(found: Standing) -> str:
    """The status with the day and the order that it rests on."""
    day, order = show_day(found.until), found.order
    if found.status is Status.COMING:
        return str(_("comes into force on %(day)s", day=show_day(found.first)))
    if found.status is Status.IN_FORCE:
        return str(_("in force"))
    if order is None:
        return str(_("repealed since %(day)s", day=day))
    if found.status is Status.REPLACED:
        return str(_("replaced since %(day)s by order No. %(order)s", day=day, order=order))
    return str(_("repealed since %(day)s, order No. %(order)s", day=day, order=order))


def days_in_force(found: Standing) -> str:
    """The first and the last day, both of them in force."""
    first, last = show_day(found.first), show_day(found.last)
    if not last:
        return str(_("from %(first)s", first=first))
    return str(_("from %(first)s to %(last)s", first=first, last=last))


def read_iso_day(text: str) -> date | None:
    """A day as our own pages post it; anything else is no day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def read_day(typed: str) -> tuple[date | None, str]:
    """A day that a clerk typed, and what is wrong with it: one of the two is there."""
    try:
        return Date().read_text(Date().clean(typed), DAY, today()), ""
    except InvalidAnswerError as error:
        return None, error.say(form_language())


def choose(form: FormSpec, day: date) -> Choice:
    """The edition on which a document of that day is written."""
    edition = edition_in_force(form, day)
    nearest = edition or nearest_edition(form, day)
    return Choice(day=day, edition=nearest, is_in_force=edition is not None)
