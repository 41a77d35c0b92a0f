"""``forms-server keys``: what is signed with, until when; what an operator does when it changes."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from forms_server.commands.opening import refusals
from forms_server.services.keys import KeyFacts, list_keys, renew_qr_key, retire_seal
from forms_server.settings import Settings


@click.group(name="keys", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def keys_group(context: click.Context, *, as_json: bool) -> None:
    """List the keys and certificates in use, the former ones, and how many days are left."""
    if context.invoked_subcommand is not None:
        return
    with refusals():
        listed = list_keys(Settings.from_env(), datetime.now(UTC))
    if as_json:
        click.echo(json.dumps([_facts(key) for key in listed], ensure_ascii=False, indent=2))
        return
    for key in listed:
        click.echo(_line(key))


@keys_group.command(name="retire")
@click.argument(
    "file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
def retire_command(file: Path | None) -> None:
    """Keep a former seal trusted: the one in use now, or that of a PEM file (the seal's first)."""
    with refusals():
        kept = retire_seal(Settings.from_env(), file, datetime.now(UTC))
    click.echo(str(kept))


@keys_group.command(name="rotate-qr")
def rotate_qr_command() -> None:
    """Make a new key of the QR; the former one stays published."""
    with refusals():
        keys = renew_qr_key(Settings.from_env(), datetime.now(UTC))
    click.echo(f"{keys.kid}: restart the server, so that all its workers use it.")


def warnings(listed: tuple[KeyFacts, ...]) -> list[str]:
    """A line for each key or certificate that will not last much longer."""
    return [f"WARNING: {_line(key)}" for key in listed if key.is_warned_of]


def _facts(key: KeyFacts) -> dict[str, Any]:
    facts = asdict(key) | {"is_warned_of": key.is_warned_of}
    return facts | {name: facts[name] and facts[name].isoformat() for name in ("since", "until")}


def _line(key: KeyFacts) -> str:
    until = ""
    if key.until is not None:
        warning = " !" if key.is_warned_of else ""
        until = f"until {key.until:%Y-%m-%d}, {key.days_left} days left{warning}"
    return f"{key.use:<12} {key.algorithm:<10} {key.name} ({key.place}) {until}".rstrip()
