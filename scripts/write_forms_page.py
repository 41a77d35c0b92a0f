"""Writes docs/forms.md and the pictures in docs/forms/ from the specifications.

python scripts/write_forms_page.py          writes the page, and pictures that have changed
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import jinja2
from PIL import Image, ImageChops, ImageStat

from forms_server.documents.context import Output, Page
from forms_server.documents.html import Templates
from forms_server.documents.pdf import Printer
from forms_server.fields.registry import TYPES
from forms_server.languages import BilingualText, Language
from forms_server.specs.model import Edition, FieldSpec, FormSpec, Original, TableSpec
from forms_server.specs.reading import read_forms

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "forms.md"
PICTURES = ROOT / "docs" / "forms"
DPI = 60
SHADES = 8
UNLIKE = 2.0
"""Mean difference of two pictures, in shades of 255, from which they show different pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A field, a table or a column as the page lists it."""

    name: str
    type: str
    label: BilingualText
    asked: str
    source: str | None


def page_text(forms: Mapping[str, FormSpec]) -> str:
    """The page as Markdown."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROOT / "docs"),
        autoescape=False,  # noqa: S701  # Markdown, of our own words
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"cell": _cell, "status": _status, "rows": _rows}
    ordered = sorted(forms.values(), key=lambda form: form.id)
    return environment.get_template("forms.md.jinja").render(forms=ordered)


def first_pages(forms: Iterable[FormSpec], folder: Path) -> Iterator[tuple[FormSpec, Image.Image]]:
    """The first page of each form's blank, drawn in few shades of grey."""
    templates = Templates(ROOT / "templates")
    printer = Printer(ROOT / "static" / "print.css")
    for form in forms:
        page = Page(form.latest, _language(form.latest), output=Output.BLANK)
        path = folder / f"{form.id}.pdf"
        path.write_bytes(printer.print_pdf(templates.write_html([page])))
        yield form, _draw(path)


def are_alike(first: Image.Image, second: Image.Image) -> bool:
    """Whether two pictures show the same page, but for the smoothing of letters."""
    if first.size != second.size:
        return False
    difference = ImageChops.difference(first.convert("L"), second.convert("L"))
    return ImageStat.Stat(difference).mean[0] < UNLIKE


def _draw(pdf: Path) -> Image.Image:
    prefix = pdf.with_suffix("")
    options = ["-gray", "-r", str(DPI), "-f", "1", "-l", "1", "-singlefile"]
    subprocess.run(["pdftoppm", *options, str(pdf), str(prefix)], check=True)  # noqa: S603, S607
    with Image.open(prefix.with_suffix(".pgm")) as picture:
        return picture.quantize(SHADES)


def _language(edition: Edition) -> Language:
    return Language.KK if edition.original is not Original.RU else Language.RU


def _rows(edition: Edition) -> Iterator[Row]:
    for item in edition.items.values():
        if isinstance(item, FieldSpec):
            yield _row(item, item.id)
        else:
            yield Row(
                name=item.id,
                type=f"table, {item.rows_are.value} rows",
                label=item.label,
                asked=_rows_asked(item),
                source=item.source,
            )
            yield from (_row(column, f"{item.id}.{column.id}") for column in item.columns)


def _row(spec: FieldSpec, name: str) -> Row:
    return Row(name=name, type=spec.type, label=spec.label, asked=_asked(spec), source=spec.source)


def _asked(spec: FieldSpec) -> str:
    """When a field is asked, in the words of the specification."""
    words = [
        "required" if spec.required else "",
        f"required if `{spec.required_if.text}`" if spec.required_if else "",
        f"only if `{spec.shown_if.text}`" if spec.shown_if else "",
        f"worked out: `{spec.computed.text}`" if spec.computed else "",
        "" if spec.printed else "not printed",
    ]
    return "; ".join(filter(None, words)) or "may be left out"


def _rows_asked(table: TableSpec) -> str:
    condition = f"only if `{table.shown_if.text}`, " if table.shown_if else ""
    return f"{condition}{table.minimum}–{table.maximum} rows"


def _status(edition: Edition) -> str:
    if edition.in_force_until is None:
        return f"in force since {edition.in_force_from}"
    by = f", repealed by order {edition.repealed_by}" if edition.repealed_by else ""
    return f"in force {edition.in_force_from} – {edition.in_force_until}{by}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    forms = read_forms(ROOT, TYPES)
    PAGE.write_text(page_text(forms), encoding="utf-8")
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for form, picture in first_pages(forms.values(), Path(folder)):
            path = PICTURES / f"{form.id}.png"
            if not path.is_file() or not are_alike(Image.open(path), picture):
                picture.save(path, optimize=True)
    for path in PICTURES.glob("*.png"):
        if path.stem not in forms:
            path.unlink()


if __name__ == "__main__":
    main()
