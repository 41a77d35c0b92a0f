"""The structure tree of a PDF: what is content, what only decorates, which cell has which heading.

WeasyPrint writes a tree for each page (ISO 32000-1, 14.7). Here elements are taken out of it, rows
are put in, and the pages' marked content is numbered anew (ISO 32000-1, 14.7.4.4).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pikepdf import Array, Dictionary, Name, Pdf, String

_MARKED = re.compile(rb"/\w+\n<</MCID (\d+)>>\nBDC")
ARTIFACT = b"/Artifact\n<</Type /Pagination>>\nBDC"


class TagTree:
    """The tree of one document; pages are counted from 0 as they stand in the file.

    ``marks`` says of blocks (documents/journals.py) which marked content of their page they are.
    """

    def __init__(self, pdf: Pdf, marks: Mapping[int, int]) -> None:
        self._marks_of_blocks = marks
        self._root = pdf.Root.StructTreeRoot
        nums = [*self._root.ParentTree.Nums]
        self._parents = dict(zip(map(int, nums[::2]), nums[1::2], strict=True))
        self._pages = {page.obj.objgen: number for number, page in enumerate(pdf.pages)}
        self._fields = [each for each in self._parents.values() if isinstance(each, Dictionary)]
        self.dropped: defaultdict[int, set[int]] = defaultdict(set)
        """By page, the marked content that belongs to nothing any more."""

    def parents(self, page: int) -> list[Any]:
        """The elements that a page's marked content belongs to, by its number."""
        gone = self.dropped[page]
        found = enumerate(self._parents[page])
        return [None if mark in gone else element for mark, element in found]

    def above(self, page: int, block: int, kind: str) -> Any:
        """The nearest element of a kind around a block."""
        element = self._parents[page][self._marks_of_blocks[block]]
        while Name(kind) != element.S:
            element = element.P
        return element

    def whole_page(self, page: int, block: int) -> Any:
        """The element around a block that holds all content of its page."""
        element = self._parents[page][self._marks_of_blocks[block]]
        while Name.Document != element.P.S:
            element = element.P
        return element

    def drop(self, element: Any) -> None:
        """Take an element out of the tree; its content is no content any more."""
        siblings = element.P.K
        index = next(i for i, each in enumerate(siblings) if each.objgen == element.objgen)
        del siblings[index]
        self.drop_content(element)

    def drop_content(self, element: Any) -> None:
        """Leave nothing in an element."""
        for page, mark in self._marks(element):
            self.dropped[page].add(mark)
        element.K = Array()

    def _marks(self, element: Any) -> Iterator[tuple[int, int]]:
        for child in _children(element):
            if isinstance(child, int):
                yield self._pages[element.Pg.objgen], child
            elif isinstance(child, Dictionary):
                yield from self._marks(child)

    def number_pages(self, pages: Sequence[tuple[Any, Sequence[Any]]]) -> None:
        """Each page with the elements of its marked content becomes the tree's; then the fields."""
        nums: list[Any] = []
        for number, (page, parents) in enumerate(pages):
            page.StructParents = number
            nums += [number, Array(parents)]
        for number, element in enumerate(self._fields, len(pages)):
            element.K.Obj.StructParent = number
            nums += [number, element]
        self._root.ParentTree.Nums = Array(nums)

    def name_headings(self) -> None:
        """Make the headings' ids known, by which cells name them (ISO 32000-1, 14.7.2, IDTree)."""
        found = {str(element.ID): element for element in self._named(self._root)}
        names = [item for key in sorted(found) for item in (String(key), found[key])]
        self._root.IDTree = Dictionary(Names=Array(names))

    def _named(self, element: Any) -> Iterator[Any]:
        if Name.ID in element:
            yield element
        for child in _children(element):
            if isinstance(child, Dictionary):
                yield from self._named(child)


def _children(element: Any) -> list[Any]:
    children = element.get(Name.K)
    if children is None:
        return []
    return [*children] if isinstance(children, Array) else [children]


def last_mark(operators: bytes) -> int:
    """The number of the marked content that the operators have begun last."""
    return int(_MARKED.findall(operators)[-1])


def as_artifacts(operators: bytes, marks: set[int] | None = None) -> bytes:
    """The operators with this marked content, or all of it, as an artifact of the pages."""

    def replace(match: re.Match[bytes]) -> bytes:
        return ARTIFACT if marks is None or int(match[1]) in marks else match[0]

    return _MARKED.sub(replace, operators)
