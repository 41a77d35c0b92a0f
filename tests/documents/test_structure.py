"""The structure tree: which headings a cell has, which language words are in."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf

from tests import judges
from tests.documents.papers import printer

PAGE = (
    """<!DOCTYPE html><html lang="kk"><head><title>Үлгі</title></head><body>{body}</body></html>"""
)
GROUPED = """
<table><thead>
<tr><th rowspan="2" id="n">№</th><th colspan="2">Group</th><th>Last</th></tr>
<tr><th>Left</th><th>Right</th><th>Last below</th></tr>
<tr><td>1</td><td>2</td><td>3</td><td>4</td></tr>
</thead><tbody>
<tr><th scope="row">a</th><td>b</td><td>c</td><td>d</td></tr>
</tbody></table>
"""


def opened(body: str) -> pikepdf.Pdf:
    return pikepdf.open(BytesIO(printer().print_pdf(PAGE.format(body=body))))


def elements(element: Any) -> Iterator[Any]:
    """An element and all below it, in the order of reading."""
    yield element
    kids = element.get("/K", [])
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            yield from elements(kid)


def cells(pdf: pikepdf.Pdf, kind: str) -> list[Any]:
    (whole,) = pdf.Root.StructTreeRoot.K
    return [each for each in elements(whole) if each.get("/S") == kind]


def test_a_cell_has_the_headings_above_it_whatever_they_span() -> None:
    with opened(GROUPED) as pdf:
        number, group, last, left, right, last_below, row = (
            str(heading.ID) for heading in cells(pdf, "/TH")
        )
        told = [[str(id_) for id_ in cell.A.Headers] for cell in cells(pdf, "/TD")]
    assert told == [
        [number],
        [group, left],
        [group, right],
        [last, last_below],
        [row, group, left],
        [row, group, right],
        [row, last, last_below],
    ]


def test_a_heading_says_whose_it_is_and_is_found_by_its_id() -> None:
    with opened(GROUPED) as pdf:
        headings = cells(pdf, "/TH")
        scopes = [str(heading.A.Scope) for heading in headings]
        names = [*pdf.Root.StructTreeRoot.IDTree.Names]
        found = dict(zip(map(str, names[::2]), names[1::2], strict=True))
        assert [str(name) for name in names[::2]] == sorted(found)
        assert all(found[str(each.ID)].objgen == each.objgen for each in headings)
    assert scopes == ["/Column"] * 6 + ["/Row"]


def test_what_is_in_another_language_says_so() -> None:
    body = '<section lang="ru"><p>Образец</p><p lang="kk">Үлгі</p></section><p>Үлгі</p>'
    with opened(body) as pdf:
        assert str(pdf.Root.Lang) == "kk"
        (whole,) = pdf.Root.StructTreeRoot.K
        told = [(str(each.S), str(each.Lang)) for each in elements(whole) if "/Lang" in each]
    assert told == [("/Sect", "ru"), ("/P", "kk")]


def test_it_keeps_to_both_standards(tmp_path: Path) -> None:
    path = tmp_path / "page.pdf"
    body = GROUPED + '<p lang="ru">Образец</p>'
    path.write_bytes(printer().print_pdf(PAGE.format(body=body)))
    judges.verapdf_both([path])
