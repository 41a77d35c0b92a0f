"""What WeasyPrint's structure tree lacks: languages, the headings of cells, places to sign.

WeasyPrint writes an element for each box, in the order of the boxes (ISO 32000-1, 14.7). Here boxes
and elements are walked side by side before the file is written, so that what the HTML says and
WeasyPrint leaves out reaches the file: ``lang`` (ISO 14289-1, 7.2), which headings a cell has where
headings span rows or stand one above another (7.5), and where a person signs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, product
from typing import Any

import pydyf
from weasyprint import Document
from weasyprint.formatting_structure import boxes
from weasyprint.layout.absolute import AbsolutePlaceholder

from forms_server.languages import Language

SIGNATURE = "data-signature"
"""The attribute of the element that keeps the place of a signature free; its value is the id."""
POINTS = 0.75
"""Points in a CSS pixel."""
COLUMN_SCOPES = {"col", "colgroup", ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningPlace:
    """Where a person signs: the page from 0, the rectangle in points from the lower left corner.

    ``element`` is the number of the structure element's object, ``language`` that of the part of
    the document that the place stands in.
    """

    signature: str
    language: Language
    page: int
    rectangle: tuple[float, float, float, float]
    element: int


@dataclass(frozen=True, slots=True)
class Tagged:
    """A laid-out box, the structure element that stands for it, and the language it is in."""

    box: Any
    element: Any
    language: str


class StructureTree:
    """The structure tree of a document that WeasyPrint is about to write."""

    def __init__(self, document: Document, pdf: Any) -> None:
        self._document = document
        self._objects: Sequence[Any] = pdf.objects
        self._root = self._object(pdf.catalog["StructTreeRoot"])
        self._language = _text(pdf.catalog["Lang"])

    def complete(self) -> tuple[SigningPlace, ...]:
        """Put languages and headings in; the places to sign, page by page."""
        places: list[SigningPlace] = []
        for number, page in enumerate(self._tagged_pages()):
            for tagged in page:
                _name_scope(tagged)
                if SIGNATURE in _attributes(tagged.box):
                    places.append(_signing_place(tagged, number, self._document.pages[number]))
            for tagged in page:
                if tagged.element["S"] == "/Table":
                    _relate_cells(self._rows(tagged.element))
        self._name_headings()
        return tuple(places)

    def _tagged_pages(self) -> Iterator[Sequence[Tagged]]:
        """Every box of each page with its element."""
        (whole,) = self._kids(self._root)
        elements = iter(self._kids(whole))
        for page in self._document.pages:
            yield [
                tagged
                for top in _tops(page._page_box)
                for tagged in self._tagged(top, next(elements), self._language)
            ]
        assert next(elements, None) is None, "an element without its box"  # noqa: S101

    def _tagged(self, box: Any, element: Any, around: str) -> Iterator[Tagged]:
        """A box and those in it; an element that changes the language around it says so."""
        language = _attributes(box).get("lang", around)
        if language != around:
            element["Lang"] = pydyf.String(language)
        yield Tagged(box, element, language)
        if isinstance(box, boxes.ParentBox):
            for child, kid in zip(_children(box), self._kids(element), strict=True):
                yield from self._tagged(child, kid, language)

    def _kids(self, element: Any) -> list[Any]:
        """The elements below an element that stand for boxes; a form field has none of its own."""
        found = map(self._object, filter(_is_reference, element["K"]))
        return [each for each in found if each.get("S", "/Form") != "/Form"]

    def _object(self, reference: bytes) -> Any:
        return self._objects[int(reference.split()[0])]

    def _rows(self, table: Any) -> Iterator[Sequence[Any]]:
        for kid in self._kids(table):
            if kid["S"] == "/TR":
                yield [cell for cell in self._kids(kid) if cell["S"] in {"/TH", "/TD"}]
            else:
                yield from self._rows(kid)

    def _name_headings(self) -> None:
        """Make the headings' ids known, by which cells name them (ISO 32000-1, 14.7.2, IDTree)."""
        named = {
            _text(item["ID"]): item
            for item in self._objects
            if isinstance(item, pydyf.Dictionary) and item.get("S") == "/TH" and "ID" in item
        }
        names = [(pydyf.String(key), named[key].reference) for key in sorted(named)]
        if names:
            self._root["IDTree"] = pydyf.Dictionary({"Names": pydyf.Array(chain(*names))})


def _tops(page_box: Any) -> Iterator[Any]:
    """The boxes that have the uppermost elements; margins are no content."""
    for child in page_box.children:
        if child.element is not None and child.element_tag in {"html", "body"}:
            yield from _tops(child)
        elif not isinstance(child, boxes.MarginBox):
            yield _placed(child)


def _children(box: Any) -> Iterator[Any]:
    """The boxes below a box as WeasyPrint tags them: lines are none, a table is its wrapper."""
    for child in _rows_and_captions(box):
        of_line = child.children if isinstance(child, boxes.LineBox) else [child]
        yield from map(_placed, of_line)


def _rows_and_captions(box: Any) -> Iterator[Any]:
    is_wrapper = box.is_table_wrapper and box.element_tag == "table"
    tables: list[Any] = [box.get_wrapped_table()] if is_wrapper else []
    for child in box.children:
        yield from child.children if child in tables else [child]


def _placed(box: Any) -> Any:
    return box._box if isinstance(box, AbsolutePlaceholder) else box


def _is_reference(kid: Any) -> bool:
    return isinstance(kid, bytes)


def _attributes(box: Any) -> Mapping[str, str]:
    attributes: Mapping[str, str] = {} if box.element is None else box.element.attrib
    return attributes


def _text(value: Any) -> str:
    return str(value.string)


def _name_scope(tagged: Tagged) -> None:
    """Say of a heading whether it is a column's or a row's (ISO 32000-1, table 349)."""
    if tagged.element["S"] == "/TH":
        scope = _attributes(tagged.box).get("scope", "")
        tagged.element["A"]["Scope"] = "/Column" if scope in COLUMN_SCOPES else "/Row"


def _relate_cells(rows: Iterator[Sequence[Any]]) -> None:
    """Tell each cell its headings: those of its rows, then those of its columns from above.

    WeasyPrint 70 counts columns wrongly below a heading that spans rows.
    """
    of_columns: defaultdict[int, list[Any]] = defaultdict(list)
    of_rows: defaultdict[int, list[Any]] = defaultdict(list)
    placed = [*_placed_cells(rows)]
    for cell, row_numbers, column_numbers in placed:
        if cell["S"] == "/TH":
            is_column = cell["A"]["Scope"] == "/Column"
            headings, numbers = (
                (of_columns, column_numbers) if is_column else (of_rows, row_numbers)
            )
            for number in numbers:
                headings[number].append(cell["ID"])
    for cell, row_numbers, column_numbers in placed:
        if cell["S"] == "/TD":
            rows_first = chain(*(of_rows[number] for number in row_numbers))
            then_columns = chain(*(of_columns[number] for number in column_numbers))
            cell["A"]["Headers"] = pydyf.Array(dict.fromkeys(chain(rows_first, then_columns)))


def _placed_cells(rows: Iterator[Sequence[Any]]) -> Iterator[tuple[Any, range, range]]:
    """Each cell with the rows and the columns that it takes (HTML, 4.9.12.1)."""
    taken: set[tuple[int, int]] = set()
    for row, cells in enumerate(rows):
        column = 0
        for cell in cells:
            while (row, column) in taken:
                column += 1
            row_numbers = range(row, row + cell["A"].get("RowSpan", 1))
            column_numbers = range(column, column + cell["A"].get("ColSpan", 1))
            taken.update(product(row_numbers, column_numbers))
            yield cell, row_numbers, column_numbers


def _signing_place(tagged: Tagged, number: int, page: Any) -> SigningPlace:
    box = tagged.box
    left, top = box.content_box_x(), box.content_box_y()
    return SigningPlace(
        signature=_attributes(box)[SIGNATURE],
        language=Language(tagged.language),
        page=number,
        rectangle=(
            round(left * POINTS, 2),
            round((page.height - top - box.height) * POINTS, 2),
            round((left + box.width) * POINTS, 2),
            round((page.height - top) * POINTS, 2),
        ),
        element=tagged.element.number,
    )
