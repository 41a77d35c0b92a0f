"""What is measured: one document of a scratch installation, printed and sealed over and over."""

from __future__ import annotations

import dataclasses
import os
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from forms_server.documents.context import Output
from forms_server.documents.isolation import LastExit
from forms_server.fields.answers import read_answers
from forms_server.fields.base import Raw
from forms_server.fields.values import Answers
from forms_server.services import issuing
from forms_server.services.accounts import Actor, actor_of
from forms_server.services.workshop import Workshop, open_workshop
from forms_server.settings import Settings
from forms_server.specs.model import Edition
from forms_server.storage.records import DocumentRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One document to print and seal over and over."""

    workshop: Workshop
    actor: Actor
    edition: Edition
    answers: Answers
    record: DocumentRecord

    def issue(self) -> DocumentRecord:
        """The same answers once more, under the next number."""
        return issuing.issue(
            self.workshop,
            self.edition,
            self.answers,
            output=self.record.output,
            actor=self.actor,
            now=datetime.now(UTC),
        )

    def html(self) -> str:
        """The document as WeasyPrint alone would print it."""
        stamp = issuing.stamp_of(self.workshop, self.record)
        pages = issuing.pages_of(
            self.edition, self.record.output, Output.ISSUED, answers=self.answers, stamp=stamp
        )
        return self.workshop.templates.write_html(pages)

    @property
    def style(self) -> str:
        """The style sheet of all prints."""
        return (self.workshop.settings.root / "static" / "print.css").read_text(encoding="utf-8")


def open_scratch(settings: Settings, folder: Path) -> tuple[Workshop, Actor]:
    """A workshop with a database to throw away, and its clerk."""
    scratch = dataclasses.replace(
        settings, home=folder / "home", database_url=f"sqlite:///{folder / 'home' / 'bench.db'}"
    )
    workshop = open_workshop(scratch, datetime.now(UTC))
    account = workshop.records.accounts.by_login("clerk")
    actor = account and actor_of(workshop.records, account.id, session_epoch=account.session_epoch)
    if not actor:
        raise RuntimeError("the first start makes a clerk")
    return workshop, actor


def issue_subject(
    workshop: Workshop, actor: Actor, form: str, raw: Mapping[str, Raw], *, output: str
) -> Subject:
    """A document of the form's latest edition with these answers, issued once."""
    now = datetime.now(UTC)
    edition = workshop.forms[form].latest
    answers = read_answers(edition, raw, now.date()).answers
    record = issuing.issue(workshop, edition, answers, output=output, actor=actor, now=now)
    return Subject(workshop=workshop, actor=actor, edition=edition, answers=answers, record=record)


def alternate(contenders: Mapping[str, Callable[[], object]], runs: int) -> dict[str, float]:
    """Median milliseconds of each, measured in turn after one warm-up."""
    for contender in contenders.values():
        contender()
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(runs):
        for name, contender in contenders.items():
            began = time.perf_counter()
            contender()
            times[name].append((time.perf_counter() - began) * 1000)
    return {name: statistics.median(values) for name, values in times.items()}


def told_by_child(work: Callable[[Callable[[str], object]], object]) -> list[str]:
    """The lines that ``work`` tells in a forked process, whose memory is its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        with LastExit(), os.fdopen(writing, "w") as pipe:
            work(lambda line: pipe.write(f"{line}\n"))
    os.close(writing)
    with os.fdopen(reading) as pipe:
        lines = pipe.read().splitlines()
    _, status = os.waitpid(child, 0)
    if status:
        raise RuntimeError("the measuring process failed: see above")
    return lines


def megabytes(field: str) -> float:
    """A figure of this process: ``VmRSS`` is resident now, ``VmHWM`` the most it ever was."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"/proc/self/status names no {field}")
