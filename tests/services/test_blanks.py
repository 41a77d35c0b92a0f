"""Blanks: every form to write on and to fill on a screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from forms_server.errors import ServiceError
from forms_server.fields.registry import TYPES
from forms_server.languages import OUTPUTS
from forms_server.services.blanks import blank_pdf
from forms_server.services.workshop import Workshop
from forms_server.specs.model import Edition
from forms_server.specs.reading import read_forms
from tests.judges import ROOT, pdf_text, qpdf_check, verapdf_both, verapdf_many

EDITIONS = [edition for form in read_forms(ROOT, TYPES).values() for edition in form.editions]


def edition_in(workshop: Workshop, edition: Edition) -> Edition:
    found = workshop.edition(edition.form_id, edition.id)
    assert found is not None
    return found


def inputs(pdf: pikepdf.Pdf) -> Iterator[Any]:
    form = pdf.Root.get("/AcroForm")
    yield from form.get("/Fields", ()) if form is not None else ()


@pytest.mark.parametrize("output", sorted(OUTPUTS))
@pytest.mark.parametrize("edition", EDITIONS, ids=lambda edition: edition.key)
def test_a_fillable_blank_has_an_input_for_every_question(
    workshop: Workshop, edition: Edition, output: str, tmp_path: Path
) -> None:
    path = tmp_path / "fillable.pdf"
    path.write_bytes(
        blank_pdf(workshop, edition_in(workshop, edition), output=output, fillable=True)
    )
    qpdf_check(path)
    with pikepdf.open(path) as pdf:
        assert bool(pdf.Root.MarkInfo.Marked)
        assert pdf.Root.get("/StructTreeRoot") is not None
        assert str(pdf.Root.Lang) in {"kk", "ru"}
        names = Counter(str(field.T) for field in inputs(pdf))
        assert names
        assert max(names.values()) == 1, [name for name, times in names.items() if times > 1]
        assert all(str(field.get("/TU", "")) for field in inputs(pdf)), "said by a screen reader"
        asked = {part for name in names for part in name.split(".")}
        unasked = [
            item.id for item in edition.items.values()
            if item.id not in asked and item.shown_if is None
            and getattr(item, "printed", True) and getattr(item, "type", "") != "consent"
        ]  # fmt: skip
        assert not unasked


def test_blanks_to_write_on_keep_to_both_standards(workshop: Workshop, tmp_path: Path) -> None:
    paths = []
    for edition in EDITIONS:
        path = tmp_path / f"{edition.key.replace('/', '-')}.pdf"
        pdf = blank_pdf(workshop, edition_in(workshop, edition), output="kk-ru", fillable=False)
        path.write_bytes(pdf)
        qpdf_check(path)
        with pikepdf.open(path) as opened:
            assert "/AcroForm" not in opened.Root
            assert bool(opened.Root.MarkInfo.Marked)
        paths.append(path)
    verapdf_both(paths)


def test_fillable_blanks_are_accessible(workshop: Workshop, tmp_path: Path) -> None:
    """Every edition, the languages in turn; PDF/A has no room for fields that a reader draws."""
    paths = []
    for number, edition in enumerate(EDITIONS):
        output = ("kk", "ru")[number % 2]
        path = tmp_path / f"{edition.key.replace('/', '-')}-{output}.pdf"
        named = edition_in(workshop, edition)
        path.write_bytes(blank_pdf(workshop, named, output=output, fillable=True))
        paths.append(path)
    verapdf_many(paths, "ua1")


def test_a_blank_is_printed_once_and_kept(workshop: Workshop) -> None:
    edition = workshop.forms["assistance-06"].latest
    first = blank_pdf(workshop, edition, output="kk", fillable=False)
    assert blank_pdf(workshop, edition, output="kk", fillable=False) is first
    assert blank_pdf(workshop, edition, output="ru", fillable=False) != first


def test_a_blank_says_which_edition_it_is(workshop: Workshop, tmp_path: Path) -> None:
    for edition in workshop.forms["assistance-08"].editions:
        path = tmp_path / f"{edition.id}.pdf"
        path.write_bytes(blank_pdf(workshop, edition, output="ru", fillable=False))
        assert f"{edition.in_force_from:%d.%m.%Y}" in pdf_text(path)


def test_a_working_translation_says_that_it_is_one(workshop: Workshop, tmp_path: Path) -> None:
    edition = workshop.forms["mse-01"].latest
    for output, is_marked in (("kk", True), ("ru", False)):
        path = tmp_path / f"{output}.pdf"
        path.write_bytes(blank_pdf(workshop, edition, output=output, fillable=False))
        assert ("Жұмыс аудармасы" in pdf_text(path)) is is_marked


def test_both_languages_are_one_file(workshop: Workshop) -> None:
    edition = workshop.forms["mse-01"].latest
    pages = {}
    for output in OUTPUTS:
        with pikepdf.open(
            BytesIO(blank_pdf(workshop, edition, output=output, fillable=False))
        ) as pdf:
            pages[output] = len(pdf.pages)
    assert pages["kk-ru"] == pages["kk"] + pages["ru"]


def test_an_unknown_output_is_refused(workshop: Workshop) -> None:
    with pytest.raises(ServiceError, match="output-unknown"):
        blank_pdf(workshop, workshop.forms["mse-01"].latest, output="en", fillable=False)
