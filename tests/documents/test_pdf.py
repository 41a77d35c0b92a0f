"""Printing: no network, no warning let pass, the same bytes for the same page, nothing cut off."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest

from forms_server.documents.pdf import DataFile, Printer
from forms_server.errors import DocumentError
from forms_server.services.accounts import Actor
from forms_server.services.issuing import issue, pdf_of
from forms_server.services.workshop import Workshop
from tests.judges import ROOT, pdf_text, verapdf
from tests.workshop import NOW, sample_of

STYLE = ROOT / "static" / "print.css"
DATA = DataFile(
    name="0001.xml", description="Жауаптар", content=b"<answers/>",
    made_at=datetime(2026, 5, 2, 9, 30, tzinfo=UTC),
)  # fmt: skip
PAGE = """<!DOCTYPE html><html lang="kk"><head><title>Үлгі</title>
<meta name="dcterms.created" content="2026-05-02T09:30:00+00:00">
<meta name="dcterms.modified" content="2026-05-02T09:30:00+00:00"></head>
<body><section class="form portrait" lang="kk"><h1>Әғқңөұүһі</h1>{body}</section></body></html>"""


@pytest.fixture(scope="module")
def printer() -> Printer:
    return Printer(STYLE)


def page(body: str = "<p>Мәтін</p>") -> str:
    return PAGE.format(body=body)


# -- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:9/qr.png", "https://example.kz/qr.png", "ftp://127.0.0.1/qr.png",
     "//127.0.0.1:9/qr.png", "file:///nowhere/qr.png", "missing.png"],
)  # fmt: skip
def test_nothing_is_fetched_that_is_not_ours(printer: Printer, address: str) -> None:
    with pytest.raises(DocumentError) as caught:
        printer.print_pdf(page(f'<img src="{address}" alt="x">'))
    assert caught.value.code in {"print-fetch", "print-warning"}


def test_no_style_sheet_is_fetched(printer: Printer) -> None:
    html = page().replace(
        "</head>", '<link rel="stylesheet" href="http://127.0.0.1:9/a.css"></head>'
    )
    with pytest.raises(DocumentError):
        printer.print_pdf(html)


def test_a_warning_of_the_engine_is_a_refusal(
    printer: Printer, printing_complaints: list[str]
) -> None:
    with pytest.raises(DocumentError, match="print-warning") as caught:
        printer.print_pdf(page('<p style="colour: red">Мәтін</p>'))
    assert "colour" in caught.value.say("en")
    printing_complaints.clear()


def test_after_a_refusal_the_printer_prints_on(
    printer: Printer, printing_complaints: list[str]
) -> None:
    with pytest.raises(DocumentError):
        printer.print_pdf(page('<p style="colour: red">Мәтін</p>'))
    printing_complaints.clear()
    assert printer.print_pdf(page()).startswith(b"%PDF-")


# -- what is written ------------------------------------------------------------------------------


def test_a_page_is_tagged_and_says_its_language(printer: Printer, tmp_path: Path) -> None:
    path = tmp_path / "page.pdf"
    path.write_bytes(printer.print_pdf(page()))
    verapdf(path)
    with pikepdf.open(path) as pdf:
        assert str(pdf.Root.Lang) == "kk"
        assert bool(pdf.Root.MarkInfo.Marked)
        assert str(pdf.docinfo["/Title"]) == "Үлгі"


def test_the_data_are_attached_once(printer: Printer) -> None:
    with pikepdf.open(BytesIO(printer.lay_out_slots(page(), DATA).pdf)) as pdf:
        (attached,) = pdf.Root.AF
        assert str(attached.AFRelationship) == "/Data"
        assert str(attached.UF) == DATA.name
        assert attached.EF.F.read_bytes() == DATA.content
        assert [*pdf.attachments] == [DATA.name]


def test_nothing_is_attached_to_a_blank(printer: Printer) -> None:
    with pikepdf.open(BytesIO(printer.print_pdf(page()))) as pdf:
        assert "/AF" not in pdf.Root
        assert not [*pdf.attachments]


def test_fonts_are_embedded(printer: Printer) -> None:
    with pikepdf.open(BytesIO(printer.print_pdf(page()))) as pdf:
        kept = [item for item in pdf.objects if isinstance(item, pikepdf.Dictionary)]
        fonts = [item for item in kept if item.get("/Type") == "/FontDescriptor"]
        assert fonts
        assert all("/FontFile2" in font or "/FontFile3" in font for font in fonts)


CHILD = """
import sys
from forms_server.documents.pdf import Printer
from tests.documents.test_pdf import DATA, STYLE, page
sys.stdout.buffer.write(Printer(STYLE).lay_out_slots(page(), DATA).pdf)
"""


def test_two_processes_print_the_same_bytes(printer: Printer) -> None:
    here = printer.lay_out_slots(page(), DATA).pdf
    there = subprocess.run(
        [sys.executable, "-c", CHILD], cwd=ROOT, capture_output=True, check=True
    ).stdout
    assert hashlib.sha256(there).digest() == hashlib.sha256(here).digest()
    assert printer.lay_out_slots(page(), DATA).pdf == here


def test_threads_print_one_after_another(printer: Printer) -> None:
    html = page("<p>Құжат</p>" * 40)
    alone = printer.print_pdf(html)
    with ThreadPoolExecutor(max_workers=4) as threads:
        together = [threads.submit(printer.print_pdf, html) for _ in range(12)]
    assert {task.result() for task in together} == {alone}


# -- long answers ---------------------------------------------------------------------------------


def words_of(path: Path) -> str:
    """Everything on the paper without the white space, which a line break moves."""
    return "".join(pdf_text(path).split())


def numbered(count: int, longest: int) -> str:
    """Words that can each be missed: сөз1 сөз2 …"""
    text = " ".join(f"сөз{number}ң" for number in range(count))
    return text[:longest].rpartition(" ")[0]


@pytest.mark.parametrize(
    "form_id",
    ["mse-01", "mse-04", "mse-12", "mse-17", "assistance-06", "assistance-08", "prosthetics-07"],
)
@pytest.mark.parametrize("output", ["kk", "ru"])
def test_long_answers_flow_on_and_nothing_is_cut_off(
    workshop: Workshop, clerk: Actor, *, form_id: str, output: str, tmp_path: Path
) -> None:
    edition = workshop.forms[form_id].latest
    texts = {
        spec.id: numbered(600, spec.limits.length or {"text": 200, "long-text": 4000}[spec.type])
        for spec in edition.fields()
        if spec.type in {"text", "long-text"} and (spec.limits.length or 200) > 30
    }
    answers = sample_of(workshop, edition, **texts)
    record = issue(workshop, edition, answers, output=output, actor=clerk, now=NOW)
    path = tmp_path / "long.pdf"
    path.write_bytes(pdf_of(workshop, record.number, actor=clerk))
    printed = words_of(path)
    for name, text in texts.items():
        spec = edition.items[name]
        if answers.value(name) and getattr(spec, "printed", True):
            lacking = [word for word in text.split() if word not in printed]
            assert not lacking, f"{name}: {lacking[:5]}"


def test_a_word_longer_than_the_page_is_broken_not_cut(
    workshop: Workshop, clerk: Actor, tmp_path: Path
) -> None:
    edition = workshop.forms["mse-01"].latest
    word = "".join(f"{number:03}ү" for number in range(74))
    person = {"surname": "Ұ" * 80, "given_name": "Ң" * 80, "patronymic": "Қ" * 80}
    answers = sample_of(
        workshop, edition, early_reason=word, disability=["repeated"], person=person
    )
    record = issue(workshop, edition, answers, output="kk", actor=clerk, now=NOW)
    path = tmp_path / "word.pdf"
    path.write_bytes(pdf_of(workshop, record.number, actor=clerk))
    printed = words_of(path)
    assert word in printed
    assert all(letter * 80 in printed for letter in "ҰҢҚ")
