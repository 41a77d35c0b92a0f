"""What every command does around its work: opens the workshop, says refusals in words."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click

from forms_server.errors import FormsServerError, SpecificationError
from forms_server.services.workshop import Workshop, open_workshop
from forms_server.settings import Settings


@contextmanager
def opened_workshop() -> Iterator[Workshop]:
    """The workshop that the environment describes; closed again."""
    workshop = open_workshop(Settings.from_env(), datetime.now(UTC))
    for login, password in workshop.first_accounts:
        click.echo(f"  {login:<14} {password}", err=True)
    try:
        yield workshop
    finally:
        workshop.close()


@contextmanager
def refusals(output: str = "ru") -> Iterator[None]:
    """Say a refusal in words and end with 1; any other error is a bug and keeps its traceback."""
    try:
        yield
    except FormsServerError as error:
        place = f"{error.path}:{error.line}: " if isinstance(error, SpecificationError) else ""
        complain(f"{place}{error.code}: {error.say('kk' if output == 'kk' else 'ru')}")
        sys.exit(1)


def complain(text: str) -> None:
    """What somebody typed may hold half a letter (a lone surrogate), which no terminal takes."""
    click.echo(text.encode("utf-8", "backslashreplace").decode(), err=True)
