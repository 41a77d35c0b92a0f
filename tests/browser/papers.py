"""Papers as they come out of a server, and what the QR on them says."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.browser.conftest import ROOT, LiveServer
from tests.judges import pdf_pages_png, read_qr

RESOLUTION = 150


@dataclass(frozen=True, slots=True)
class Paper:
    """An issued document: its number, its file, and what the QR on it says."""

    number: str
    pdf: Path
    path: str
    seal: str

    @property
    def address(self) -> str:
        return f"{self.path}#{self.seal}"


def issue_papers(server: LiveServer, form: str, folder: Path, *, count: int) -> list[Paper]:
    """Samples of the form, issued beside the server in one process; each QR is read from a scan."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.browser.issuing", form, str(folder), str(count)],
        cwd=ROOT,
        env=dict(server.environment),
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    numbers = done.stdout.split()
    return [_paper(server, number, folder / f"{turn}.pdf") for turn, number in enumerate(numbers)]


def annul_paper(server: LiveServer, paper: Paper) -> None:
    done = server.run("annul", paper.number, "--reason", "Қате күн", "--as", "head")
    assert done.returncode == 0, done.stderr


def altered(seal: str) -> str:
    """The seal with one letter of its signature changed, the last but four."""
    letter = "A" if seal[-5] != "A" else "B"
    return f"{seal[:-5]}{letter}{seal[-4:]}"


def _paper(server: LiveServer, number: str, pdf: Path) -> Paper:
    address = next(_qr_codes(pdf_pages_png(pdf, RESOLUTION)))
    path, _, seal = address.removeprefix(server.url).partition("#")
    return Paper(number, pdf, path, seal)


def _qr_codes(pages: Sequence[Path]) -> Iterator[str]:
    for page in pages:
        try:
            yield read_qr(page)
        except AssertionError:
            continue
