"""Papers as they come out of a server, and what the QR on them says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.browser.conftest import LiveServer
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


def write_answers(server: LiveServer, form: str, folder: Path) -> Path:
    """The form's sample, to issue papers from."""
    answers = folder / f"{form}.json"
    answers.write_text(server.run("sample", form).stdout, encoding="utf-8")
    return answers


def issue_paper(server: LiveServer, answers: Path, pdf: Path) -> Paper:
    """A paper of the form that the file of answers is named after; its QR is read from a scan."""
    done = server.run("issue", answers.stem, str(answers), "--language", "kk", "-o", str(pdf))
    assert done.returncode == 0, done.stderr
    address = next(_qr_codes(pdf_pages_png(pdf, RESOLUTION)))
    path, _, seal = address.removeprefix(server.url).partition("#")
    return Paper(done.stdout.strip(), pdf, path, seal)


def annul_paper(server: LiveServer, paper: Paper) -> None:
    done = server.run("annul", paper.number, "--reason", "Қате күн", "--as", "head")
    assert done.returncode == 0, done.stderr


def altered(seal: str) -> str:
    """The seal with one letter of its signature changed, the last but four."""
    letter = "A" if seal[-5] != "A" else "B"
    return f"{seal[:-5]}{letter}{seal[-4:]}"


def _qr_codes(pages: Sequence[Path]) -> Iterator[str]:
    for page in pages:
        try:
            yield read_qr(page)
        except AssertionError:
            continue
