"""The command ``forms-server``: the same stories as the pages, for operators and scripts."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from forms_server.bench import run_bench, show_bench
from forms_server.commands.audit import audit_group
from forms_server.commands.keys import keys_group
from forms_server.commands.opening import complain as _complain
from forms_server.commands.opening import opened_workshop as _workshop
from forms_server.commands.opening import refusals as _refusals
from forms_server.documents.data_xml import write_schema
from forms_server.errors import ServiceError
from forms_server.fields.registry import TYPES
from forms_server.fields.values import Reading
from forms_server.languages import OUTPUTS, Language
from forms_server.services.accounts import (
    Actor,
    SignerRequest,
    actor_of,
    reset_password,
    set_signer,
)
from forms_server.services.blanks import blank_pdf
from forms_server.services.earlier import judge
from forms_server.services.editions import standing_of
from forms_server.services.file_checks import verify_pdf
from forms_server.services.file_facts import facts_of
from forms_server.services.inspection import inspect_forms, inspect_sentences
from forms_server.services.issuing import issue, pdf_of
from forms_server.services.samples import sample_answers
from forms_server.services.time_stamps import complete_pending, renew_ending, time_source
from forms_server.services.withdrawing import CHOSEN, annul
from forms_server.services.workshop import Workshop
from forms_server.serving import serve_forever
from forms_server.settings import Settings
from forms_server.specs.model import Edition, FormSpec
from forms_server.specs.reading import read_forms
from forms_server.storage.records import AnnulmentCategory

LARGEST_ANSWERS = 5 * 1024 * 1024


def _check_folder(_context: click.Context, _parameter: click.Parameter, target: Path) -> Path:
    """Before anything is issued: a paper that cannot be written down would have its number."""
    if not target.parent.is_dir():
        raise click.BadParameter(f"there is no folder {target.parent}")
    return target


language_option = click.option(
    "--language", "output", type=click.Choice(sorted(OUTPUTS)), default="kk-ru", show_default=True
)
edition_option = click.option(
    "--edition",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The edition of this order's date, or in force on this day; the latest if left out.",
)
output_option = click.option(
    "-o",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    callback=_check_folder,
)
actor_option = click.option("--as", "login", default="clerk", show_default=True, help="Who acts.")


@click.group()
@click.version_option(package_name="forms-server")
def main() -> None:
    """Statutory forms: fill in, issue, seal, verify."""


main.add_command(audit_group)
main.add_command(keys_group)


@main.command()
@click.option("--json", "as_json", is_flag=True)
def forms(*, as_json: bool) -> None:
    """List the forms and their editions."""
    with _refusals():
        today = datetime.now(ZoneInfo(Settings.from_env().time_zone)).date()
        listed = [_form_facts(form, today) for form in _read().values()]
    if as_json:
        click.echo(json.dumps(listed, ensure_ascii=False, indent=2))
        return
    for form in listed:
        click.echo(f"{form['id']:<16} {form['title']['ru']}")
        for edition in form["editions"]:
            ended = f", repealed by order {order}" if (order := edition["repealed_by"]) else ""
            until = f" until {edition['until']}{ended}" if edition["until"] else ""
            click.echo(f"{'':<16}   edition {edition['id']}, order {edition['order']}{until}")


@main.command()
def check() -> None:
    """Check all specifications and templates, and the sentences of equivalence."""
    with _refusals():
        settings = Settings.from_env()
        problems = inspect_forms(settings.root) + inspect_sentences(settings.sentences_file)
        for problem in problems:
            click.echo(str(problem), err=True)
        if problems:
            sys.exit(1)
        click.echo(f"{len(_read())} forms are in order.")


@main.command()
@click.argument("form_id")
@click.option("--language", type=click.Choice([item.value for item in Language]), default="kk")
@edition_option
def sample(form_id: str, language: str, day: datetime | None) -> None:
    """Print plausible, valid answers of a form as JSON."""
    with _refusals():
        edition = _edition(_read(), form_id, day)
        today = datetime.now(ZoneInfo(Settings.from_env().time_zone)).date()
        answers = sample_answers(edition, Language(language), today)
    click.echo(json.dumps(answers, ensure_ascii=False, indent=2))


@main.command()
@click.argument("form_id")
@edition_option
def schema(form_id: str, day: datetime | None) -> None:
    """Print the XML Schema of a form's data."""
    with _refusals():
        edition = _edition(_read(), form_id, day)
    click.echo(write_schema(edition).decode(), nl=False)


@main.command()
@click.argument("form_id")
@language_option
@click.option("--fillable", is_flag=True, help="With fields to fill on a screen.")
@edition_option
@output_option
def blank(form_id: str, *, output: str, fillable: bool, day: datetime | None, target: Path) -> None:
    """Print a form without answers."""
    with _refusals(), _workshop() as workshop:
        edition = _edition(workshop.forms, form_id, day)
        target.write_bytes(blank_pdf(workshop, edition, output=output, fillable=fillable))
    click.echo(str(target))


@main.command(name="issue")
@click.argument("form_id")
@click.argument("answers", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@language_option
@edition_option
@output_option
@actor_option
def issue_command(  # noqa: PLR0913  # click gives every option by name
    *, form_id: str, answers: Path, output: str, day: datetime | None, target: Path, login: str
) -> None:
    """Issue a document from answers in JSON (see `sample`)."""
    now = datetime.now(UTC)
    with _refusals(output), _workshop() as workshop:
        actor = _actor(workshop, login)
        edition = _edition(workshop.forms, form_id, day)
        today = workshop.day_of(now)
        reading = judge(workshop, edition, _read_json(answers), today=today).reading
        _refuse_wrong(reading, output)
        record = issue(workshop, edition, reading.answers, output=output, actor=actor, now=now)
        target.write_bytes(pdf_of(workshop, record.number, actor=actor))
    click.echo(record.number)


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True)
def verify(file: Path, *, as_json: bool) -> None:
    """Check a PDF; exit 0 only if it is valid: sealed, intact, known, the newest and in force."""
    with _refusals(), _workshop() as workshop:
        report = verify_pdf(workshop, file.read_bytes(), now=datetime.now(UTC))
    facts = facts_of(report)
    click.echo(json.dumps(facts, ensure_ascii=False, indent=2) if as_json else _say_facts(facts))
    sys.exit(0 if facts["verdict"] == "valid" else 1)


@main.command(name="annul")
@click.argument("number")
@click.option("--reason", required=True, help="For the office and the document's owner.")
@click.option(
    "--category",
    type=click.Choice([category.value for category in CHOSEN]),
    default=AnnulmentCategory.OTHER.value,
    show_default=True,
    help="What everybody who checks the document is told.",
)
@click.option("--as", "login", default="head", show_default=True, help="Who acts.")
def annul_command(number: str, *, reason: str, category: str, login: str) -> None:
    """Annul an issued document."""
    with _refusals(), _workshop() as workshop:
        actor = _actor(workshop, login)
        annul(
            workshop,
            number,
            reason=reason,
            category=AnnulmentCategory(category),
            actor=actor,
            now=datetime.now(UTC),
        )
    click.echo(f"{number} annulled")


@main.command(name="time-stamps")
@click.option("--all", "of_all", is_flag=True, help="Every issued document, not the waiting alone.")
def time_stamps_command(*, of_all: bool) -> None:
    """Complete the documents that wait for their time stamp; exit 0 only if none waits on."""
    with _refusals(), _workshop() as workshop:
        if time_source(workshop) is None:
            raise ServiceError("time-stamps-not-wanted")
        if of_all:
            workshop.records.files.await_time_stamps()
        sweeps = [sweep(workshop, datetime.now(UTC)) for sweep in (complete_pending, renew_ending)]
    completed = sum(len(sweep.completed) for sweep in sweeps)
    waiting = [line for sweep in sweeps for line in sweep.waiting]
    for number, code in waiting:
        _complain(f"{number}: {code}")
    click.echo(f"{completed} completed, {len(waiting)} waiting")
    sys.exit(1 if waiting else 0)


@main.command(name="reset-password")
@click.argument("login")
def reset_password_command(login: str) -> None:
    """Give an account a new password and print it once."""
    with _refusals(), _workshop() as workshop:
        administrator, account_id = _administrator_for(workshop, login)
        _, password = reset_password(
            workshop.records, administrator, account_id=account_id, now=datetime.now(UTC)
        )
    click.echo(f"  {login:<14} {password}")


@main.group(name="account")
def account_group() -> None:
    """Accounts: who they are where they sign documents."""


@account_group.command(name="set")
@click.argument("login")
@click.option("--iin", help="Whose certificate is taken; empty: nobody's.")
@click.option("--key-label", help="The key that the server keeps on its token; empty: none.")
def set_account_command(login: str, *, iin: str | None, key_label: str | None) -> None:
    """Say who an account is where it signs documents."""
    request = SignerRequest(iin=iin, key_label=key_label)
    with _refusals(), _workshop() as workshop:
        administrator, account_id = _administrator_for(workshop, login)
        set_signer(
            workshop.records,
            administrator,
            account_id=account_id,
            request=request,
            now=datetime.now(UTC),
        )


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--workers", default=2, show_default=True)
def serve(*, host: str, port: int, workers: int) -> None:
    """Serve the pages."""
    with _refusals():
        here = {"FORMS_SERVER_PUBLIC_URL": f"http://{host}:{port}"}
        settings = Settings.from_env({**here, **os.environ})
        serve_forever(settings, host=host, port=port, workers=workers)


@main.command()
@click.option("--json", "as_json", is_flag=True)
@click.option("--runs", default=20, show_default=True)
def bench(*, as_json: bool, runs: int) -> None:
    """Measure issuing and verification against named baselines, alternating in one process."""
    with _refusals():
        report = run_bench(Settings.from_env(), runs=runs)
    click.echo(json.dumps(asdict(report), indent=2) if as_json else show_bench(report))


def _read() -> dict[str, FormSpec]:
    return dict(read_forms(Settings.from_env().root, TYPES))


def _edition(known: Any, form_id: str, day: datetime | None) -> Edition:
    form: FormSpec | None = known.get(form_id)
    if form is None:
        raise ServiceError("form-not-found", form=form_id)
    if day is None:
        return form.latest
    found = form.edition_on(day.date())
    if found is None:
        raise ServiceError("edition-missing", form=form_id, edition=f"{day:%Y-%m-%d}")
    return found


def _actor(workshop: Workshop, login: str) -> Actor:
    """Whoever can run this command has the keys and the database: no password is asked."""
    account = workshop.records.accounts.by_login(login)
    found = account and actor_of(workshop.records, account.id, session_epoch=account.session_epoch)
    if not found:
        raise ServiceError("account-missing", login=login)
    return found


def _administrator_for(workshop: Workshop, login: str) -> tuple[Actor, int]:
    """Who changes the account of this login, and its id."""
    account = workshop.records.accounts.by_login(login)
    if account is None:
        raise ServiceError("account-missing", login=login)
    return _actor(workshop, "administrator"), account.id


def _read_json(path: Path) -> Any:
    if path.stat().st_size > LARGEST_ANSWERS:
        raise ServiceError("answers-too-large", most=LARGEST_ANSWERS // 1024 // 1024)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # a number of 5000 digits is a ValueError too
        raise ServiceError("answers-not-json", reason=str(error)) from error


def _refuse_wrong(reading: Reading, output: str) -> None:
    if reading.is_right:
        return
    language = Language.KK if output == "kk" else Language.RU
    for refusal in (*reading.refusals, *reading.warnings):
        _complain(f"{refusal.path or '.'}: {refusal.code}: {refusal.message[language]}")
    sys.exit(1)


def _form_facts(form: FormSpec, today: date) -> dict[str, Any]:
    """``original`` and ``translation`` are those of the latest edition."""
    return {
        "id": form.id,
        "kind": form.kind.value,
        "rules": form.rules,
        "appendix": form.appendix,
        "title": {"kk": form.title.kk, "ru": form.title.ru},
        "original": form.latest.original.value,
        "translation": form.latest.translation,
        "editions": [_edition_facts(form, edition, today) for edition in form.editions],
    }


def _edition_facts(form: FormSpec, edition: Edition, today: date) -> dict[str, Any]:
    """``edition`` says the same as ``id``; ``until`` is the first day no longer in force."""
    until: date | None = edition.in_force_until
    return {
        "id": edition.id,
        "edition": edition.id,
        "title": {"kk": edition.title.kk, "ru": edition.title.ru},
        "order": edition.order,
        "from": edition.in_force_from.isoformat(),
        "until": until.isoformat() if until else None,
        "repealed_by": edition.repealed_by,
        "status": standing_of(form, edition, today).status.value,
        "original": edition.original.value,
        "translation": edition.translation,
    }


def _say_facts(facts: dict[str, Any]) -> str:
    """The verdict, the reasons in English, then the facts of the file and of each signature."""
    lines = [f"verdict: {facts['verdict']} ({facts['indication']})", f"number: {facts['number']}"]
    lines += [f"{each['code']}: {each['says']['en']}" for each in facts["reasons"]]
    lines += [f"{each['code']}: {each['says']['en']}" for each in facts["remarks"]]
    lines += [f"{name}: {'yes' if holds else 'NO'}" for name, holds in facts["holds"].items()]
    data = facts["data"] or {"differences": ()}
    lines += [f"differs: {each['path']} ({each['ru']})" for each in data["differences"]]
    for number, signature in enumerate(facts["signatures"], start=1):
        lines += [f"signature {number}:"]
        lines += [f"  {name}: {_said(value)}" for name, value in signature.items()]
    return "\n".join(line for line in lines if not line.endswith(": None"))


def _said(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value
