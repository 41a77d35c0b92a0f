"""Measures the product against named baselines, alternating in one process; asserts nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from forms_server.bench.baselines import chromium, has_chromium, naive
from forms_server.bench.documents import (
    add_seal,
    issue_first,
    issue_next_person,
    memory_of_worker,
    visit_verification,
)
from forms_server.bench.files import check_files
from forms_server.bench.journals import JournalFigures, measure_journals, show_journals
from forms_server.bench.pages import PageFigures, measure_pages, show_pages
from forms_server.bench.subjects import alternate, issue_subject, open_scratch
from forms_server.languages import Language
from forms_server.services.samples import sample_answers
from forms_server.settings import Settings

FORM = "mse-01"
OUTPUT = "kk-ru"
DOCUMENTS = 500
MOST_FILE_RUNS = 3
"""The baseline takes seconds."""
BASELINES = ("naive", "chromium", "chromium, tagged")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Medians in milliseconds, ratios to baselines, resident memory in MB by documents issued."""

    runs: int
    milliseconds: Mapping[str, float]
    ratios: Mapping[str, float]
    memory: Mapping[int, float]
    journals: tuple[JournalFigures, ...]
    pages: tuple[PageFigures, ...]
    notes: tuple[str, ...]


def run_bench(settings: Settings, *, runs: int = 20, documents: int = DOCUMENTS) -> Report:
    """Issuing, its baselines, the verification page, memory; then journals and their baseline."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        workshop, actor = open_scratch(settings, Path(folder))
        sample = sample_answers(workshop.forms[FORM].latest, Language.RU, datetime.now(UTC).date())
        subject = issue_subject(workshop, actor, FORM, sample, output=OUTPUT)
        memory = memory_of_worker(subject, documents)
        journals = measure_journals(workshop, actor, runs)
        pages = measure_pages(subject)
        contenders: dict[str, Callable[[], object]] = {
            "issuing": issue_next_person(subject),
            "issuing, new stencil": issue_first(subject),
            "sealing alone, RSA-2048": add_seal(subject),
            "naive": naive(subject),
            "verification page": visit_verification(subject),
        }
        notes = []
        if has_chromium():
            untagged, tagged = stack.enter_context(chromium(subject))
            contenders |= {"chromium": untagged, "chromium, tagged": tagged}
        else:
            notes.append("chromium: not measured, Playwright or Chromium is not installed")
        medians = alternate(contenders, runs)
        files = check_files(workshop, actor, Path(folder))
        medians |= alternate(files, min(runs, MOST_FILE_RUNS))
    return Report(
        runs=runs,
        milliseconds=medians,
        ratios=_ratios(medians),
        memory=memory,
        journals=journals,
        pages=pages,
        notes=tuple(notes),
    )


def show_bench(report: Report) -> str:
    """The report as lines of text."""
    lines = [f"medians of {report.runs} alternating runs"]
    lines += [f"  {name:<40} {value:8.1f} ms" for name, value in report.milliseconds.items()]
    lines += [f"  {name:<40} {value:8.2f} x" for name, value in report.ratios.items()]
    lines += [
        f"  after {count:>4} documents {size:6.0f} MB" for count, size in report.memory.items()
    ]
    more = [*show_journals(report.journals), *show_pages(report.pages), *report.notes]
    return "\n".join([*lines, *more])


def _ratios(medians: Mapping[str, float]) -> dict[str, float]:
    baselines = [name for name in BASELINES if name in medians]
    ours = [name for name in medians if name.startswith("issuing")]
    return {
        f"{name} / {base}": medians[name] / medians[base] for name in ours for base in baselines
    }
