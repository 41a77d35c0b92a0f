"""Journals of SMS with 100, 1,000 and 5,000 entries, against WeasyPrint alone."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from forms_server.bench.baselines import naive
from forms_server.bench.documents import NAMES
from forms_server.bench.subjects import Subject, alternate, issue_subject, megabytes, told_by_child
from forms_server.fields.base import Raw
from forms_server.languages import Language
from forms_server.services import issuing
from forms_server.services.accounts import Actor
from forms_server.services.samples import sample_answers
from forms_server.services.workshop import Workshop

FORM = "assistance-06"
ENTRIES = (100, 1000, 5000)
OUTPUTS = ("kk", "kk-ru")
BASELINE_SIZE = (100, "kk")
"""WeasyPrint alone needs a quarter of a gigabyte for each thousand entries."""
BASELINE = f"naive, {FORM} kk, 100 entries"
MOST_RUNS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalFigures:
    """One journal: median seconds of printing and sealing it, and the memory that issuing it took.

    ``megabytes`` are the most that a process of its own had resident, program and all; ``ratio`` is
    to the baseline, by the entry.
    """

    name: str
    entries: int
    seconds: float
    milliseconds_an_entry: float
    ratio: float
    megabytes: float


def measure_journals(workshop: Workshop, actor: Actor, runs: int) -> tuple[JournalFigures, ...]:
    """Journals of all sizes in turn with the baseline, which is the last of the figures."""
    issue = partial(_issue, workshop, actor)
    sizes = {(entries, output): _name(entries, output) for entries in ENTRIES for output in OUTPUTS}
    memory = {name: _most_memory(partial(issue, *size)) for size, name in sizes.items()}
    memory[BASELINE] = _most_memory(partial(_issue_naively, issue))
    subjects = {size: issue(*size) for size in sizes}
    contenders: dict[str, Callable[[], object]] = {
        name: partial(_seal, subjects[size]) for size, name in sizes.items()
    }
    contenders[BASELINE] = naive(subjects[BASELINE_SIZE])
    medians = alternate(contenders, min(runs, MOST_RUNS))
    entries_of = {name: entries for (entries, _), name in sizes.items()}
    entries_of[BASELINE] = BASELINE_SIZE[0]
    an_entry = {name: median / entries_of[name] for name, median in medians.items()}
    return tuple(
        JournalFigures(
            name=name,
            entries=entries_of[name],
            seconds=median / 1000,
            milliseconds_an_entry=an_entry[name],
            ratio=an_entry[name] / an_entry[BASELINE],
            megabytes=memory[name],
        )
        for name, median in medians.items()
    )


def show_journals(figures: tuple[JournalFigures, ...]) -> list[str]:
    """The figures as lines of text."""
    lines = ["journals, by the entry against the naive pipeline"]
    lines += [
        f"  {each.name:<40} {each.seconds:8.2f} s {each.milliseconds_an_entry:7.2f} ms an entry"
        f" {each.ratio:6.3f} x {each.megabytes:6.0f} MB"
        for each in figures
    ]
    return lines


def _name(entries: int, output: str) -> str:
    return f"{FORM} {output}, {entries} entries"


def _issue(workshop: Workshop, actor: Actor, entries: int, output: str) -> Subject:
    return issue_subject(workshop, actor, FORM, _answers(workshop, entries), output=output)


def _issue_naively(issue: Callable[[int, str], Subject]) -> object:
    return naive(issue(*BASELINE_SIZE))()


def _seal(subject: Subject) -> object:
    return issuing.seal_record(subject.workshop, subject.record)


def _answers(workshop: Workshop, entries: int) -> Mapping[str, Raw]:
    """The sample with so many entries, which differ in their names and stages."""
    edition = workshop.forms[FORM].latest
    raw = sample_answers(edition, Language.KK, datetime.now(UTC).date())
    names = itertools.cycle(NAMES)
    rows = itertools.cycle(raw["entries"])
    return {
        **raw,
        "entries": [
            {
                **next(rows),
                "person": {"surname": next(names), "given_name": "Үлгі"},
                "case_number": str(number),
            }
            for number in range(1, entries + 1)
        ],
    }


def _most_memory(contender: Callable[[], object]) -> float:
    """The most megabytes that a forked process had resident while it did this once."""

    def measure(tell: Callable[[str], object]) -> None:
        contender()
        tell(str(megabytes("VmHWM")))

    (told,) = told_by_child(measure)
    return float(told)
