"""A real workshop in a folder of its own: database, keys, printer, accounts; nothing is mocked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from forms_server.fields.answers import read_answers
from forms_server.fields.values import Answers
from forms_server.languages import BilingualText, Language
from forms_server.services.accounts import Actor, actor_of
from forms_server.services.issuing import issue
from forms_server.services.samples import sample_answers
from forms_server.services.workshop import Workshop, open_workshop
from forms_server.settings import Settings
from forms_server.specs.model import Edition
from forms_server.storage.records import Change, DocumentRecord, NewAccount
from tests.databases import migrate

NOW = datetime.now(UTC).replace(microsecond=0)
"""Real, because the judges look at today's clock."""


def moment() -> datetime:
    """The time it is, which programs such as ``openssl`` sign with long after ``NOW``."""
    return datetime.now(UTC)


def settings_in(home: Path, **more: str) -> Settings:
    """Settings whose state lies in ``home``; ``more`` are further variables."""
    return Settings.from_env({"FORMS_SERVER_HOME": str(home), **more})


@contextmanager
def opened(settings: Settings) -> Iterator[Workshop]:
    """A workshop that is closed again."""
    migrate(settings.database_url)
    workshop = open_workshop(settings, NOW)
    yield workshop
    workshop.records.close()


def actor_in(workshop: Workshop, login: str) -> Actor:
    """Who acts: ``clerk``, ``head`` or ``administrator``."""
    account = workshop.records.accounts.by_login(login)
    assert account is not None
    actor = actor_of(workshop.records, account.id, session_epoch=account.session_epoch)
    assert actor is not None
    return actor


def stranger_in(workshop: Workshop, role: str = "head") -> Actor:
    """Somebody of another office."""
    office = workshop.records.offices.ensure("9999", BilingualText(kk="Басқа", ru="Другой"))
    login = f"stranger-{role}"
    if workshop.records.accounts.by_login(login) is None:
        account = NewAccount(
            office_id=office.id,
            login=login,
            display_name=login,
            role=role,
            password_hash="not a hash",  # noqa: S106
        )
        workshop.records.accounts.add(account, Change(at=NOW))
    return actor_in(workshop, login)


def sample_of(
    workshop: Workshop, edition: Edition, language: Language = Language.RU, **more: Any
) -> Answers:
    """The sample's answers, read; ``more`` in place of single ones."""
    today = NOW.astimezone(workshop.zone).date()
    reading = read_answers(edition, {**sample_answers(edition, language, today), **more}, today)
    assert reading.is_right, reading.refusals + reading.warnings
    return reading.answers


def issue_sample(
    workshop: Workshop, form_id: str = "assistance-06", *, output: str = "kk", **more: Any
) -> DocumentRecord:
    """A document issued by the clerk from the form's sample; the SMS journal prints quickest."""
    edition = workshop.forms[form_id].latest
    answers = sample_of(workshop, edition, **more)
    clerk = actor_in(workshop, "clerk")
    return issue(workshop, edition, answers, output=output, actor=clerk, now=NOW)
