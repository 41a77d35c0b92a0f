"""Inspection: what is wrong between specifications and templates is told with file and line.

That our own forms are in order is seen by ``tests/test_cli.py``.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from forms_server.services.inspection import inspect_forms
from tests.judges import ROOT

FORM = "form_specs/mse/01-application.xml"
TEMPLATE = "templates/ru/mse/01-application.html"


KEPT = {"mse/01-application.xml", "mse/17-protocol-journal.xml", "assistance/09-sheet.xml"}
"""The forms that are spoilt, and what they look back at; to read them all takes a second."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of a few forms and all templates, to be spoilt."""
    for name in ("form_specs", "templates"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=_other_forms)
    return tmp_path


def _other_forms(folder: str, names: list[str]) -> set[str]:
    where = Path(folder)
    if where.parent.name != "form_specs" or where.name == "reference":
        return set()
    return {name for name in names if f"{where.name}/{name}" not in KEPT}


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def problems(root: Path) -> list[tuple[str, str, int]]:
    return [
        (str(problem.path.relative_to(root)), problem.code, problem.line)
        for problem in inspect_forms(root)
    ]


def test_a_copy_is_in_order(root: Path) -> None:
    assert problems(root) == []


def test_a_file_that_cannot_be_read_is_the_only_thing_told(root: Path) -> None:
    change(root / FORM, 'type="iin"', 'type="inn"')
    (found,) = problems(root)
    assert found[:2] == (FORM, "spec-unknown-type")


def test_a_field_that_a_template_forgot_is_named(root: Path) -> None:
    change(root / TEMPLATE, '{{ line("phone") }}', "")
    (problem,) = inspect_forms(root)
    assert problem.code == "spec-template-silent"
    assert problem.path == root / TEMPLATE
    assert "phone" in problem.say("en")
    assert "templates/ru" in problem.say("en")


def test_a_field_that_is_not_printed_may_be_forgotten(root: Path) -> None:
    change(root / TEMPLATE, '{{ line("phone") }}', "")
    change(
        root / FORM, '<field id="phone" type="phone"', '<field id="phone" type="phone" printed="no"'
    )
    assert problems(root) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('{{ line("phone") }}', '{{ line("phon") }}'),
        ('{{ line("phone") }}', '{{ line("phone", colour="red") }}'),
        ('{{ line("phone") }}', '{{ lines("phone") }}'),
        ('{{ line("phone") }}', '{{ line("phone" }}'),
    ],
)
def test_a_broken_template_is_told_with_its_line(root: Path, old: str, new: str) -> None:
    lines = (root / TEMPLATE).read_text("utf-8").splitlines()
    line = next(number for number, text in enumerate(lines, 1) if old in text)
    change(root / TEMPLATE, old, new)
    assert problems(root) == [(TEMPLATE, "spec-template-broken", line)]


def test_everything_that_is_wrong_is_told_at_once(root: Path) -> None:
    change(root / TEMPLATE, '{{ line("phone") }}', "")
    change(root / TEMPLATE, '{{ line("email") }}', "")
    change(root / "templates/kk/mse/01-application.html", '{{ line("iin") }}', '{{ line("nni") }}')
    codes = [code for _, code, _ in problems(root)]
    assert sorted(codes) == [
        "spec-template-broken", "spec-template-silent", "spec-template-silent",
    ]  # fmt: skip


def test_a_template_without_a_place_to_sign_is_told(root: Path) -> None:
    template = "templates/ru/assistance/09-sheet-2021-03-03.html"
    change(root / template, 'sign_place("assistant_signature")', '""')
    (problem,) = inspect_forms(root)
    assert problem.code == "spec-template-unsigned"
    assert problem.path == root / template
    assert "assistant_signature" in problem.say("en")
