"""docs/forms.md says what the specifications say, and its pictures show what is printed."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from forms_server.fields.registry import TYPES
from forms_server.specs.reading import read_forms
from scripts.write_forms_page import PAGE, PICTURES, are_alike, first_pages, page_text
from tests.judges import ROOT

MEND = "run `make forms-page` and commit docs/"


def test_the_page_says_what_the_specifications_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page_text(read_forms(ROOT, TYPES)), MEND


def test_its_pictures_show_what_is_printed(tmp_path: Path) -> None:
    forms = read_forms(ROOT, TYPES)
    assert {path.stem for path in PICTURES.glob("*.png")} == {*forms}, MEND
    for form, picture in first_pages(forms.values(), tmp_path):
        with Image.open(PICTURES / f"{form.id}.png") as shown:
            assert are_alike(shown, picture), f"{form.id}: {MEND}"


def test_a_changed_page_is_seen(tmp_path: Path) -> None:
    forms = read_forms(ROOT, TYPES)
    pictures = [picture for _, picture in first_pages([forms["mse-01"], forms["mse-04"]], tmp_path)]
    assert not are_alike(*pictures)
