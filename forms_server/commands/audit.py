"""``forms-server audit``: proves that nothing was changed, and signs for how things stand."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from forms_server.commands.opening import complain, refusals
from forms_server.services.auditing import AuditReport
from forms_server.services.auditing import audit as run_audit
from forms_server.services.checkpoints import Archive, make_checkpoint, open_archive
from forms_server.settings import Settings


@click.group(name="audit")
def audit_group() -> None:
    """The trail of events, the numbers, the papers: are they what they were."""


@audit_group.command(name="verify")
@click.option("--json", "as_json", is_flag=True)
@click.option(
    "--checkpoints",
    "copies",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of checkpoints that were kept elsewhere.",
)
def verify_command(*, as_json: bool, copies: Path | None) -> None:
    """Prove the trail, the checkpoints, the numbers and the files; exit 0 only if all hold."""
    with refusals(), _archive() as archive:
        report = run_audit(archive, copies=copies)
    click.echo(
        json.dumps(_facts(report), ensure_ascii=False, indent=2) if as_json else _say(report)
    )
    for finding in () if as_json else report.findings:
        complain(f"{finding.code}: {finding.say('ru')}")
    sys.exit(0 if report.holds else 1)


@audit_group.command(name="checkpoint")
def checkpoint_command() -> None:
    """Sign for the trail as it stands, once a day; for cron where the server is not running."""
    with refusals(), _archive() as archive:
        made = make_checkpoint(archive, now=datetime.now(UTC))
        last = made or archive.records.checkpoints.last()
    if last:
        word = "signed" if made else "already signed"
        click.echo(f"{last.day} {word}: {last.events} events, {last.head}")


@contextmanager
def _archive() -> Iterator[Archive]:
    archive = open_archive(Settings.from_env(), datetime.now(UTC))
    try:
        yield archive
    finally:
        archive.records.close()


def _facts(report: AuditReport) -> dict[str, Any]:
    facts = {field.name: getattr(report, field.name) for field in fields(report)}
    found = [finding.facts for finding in report.findings]
    return {**facts, "findings": found, "holds": report.holds}


def _say(report: AuditReport) -> str:
    facts = {
        **_facts(report),
        "unfinished": ", ".join(report.unfinished) or "none",
        "findings": len(report.findings),
        "holds": "yes" if report.holds else "NO",
    }
    return "\n".join(f"{name}: {value}" for name, value in facts.items())
