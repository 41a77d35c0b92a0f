"""What was added to a PDF after a signature: which kind, and which attack it looks like.

It reads the cross-reference sections that ``checking`` has parsed: each stands for one revision.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from forms_server.documents.signature_facts import Shadow

Reader: TypeAlias = Any
"""pyHanko's ``PdfFileReader``; only ``checking`` makes one."""
Sign: TypeAlias = Callable[[Reader, int, int], bool]
"""Whether something happened after a revision (by number) that ended at a byte of the file."""

HEXADECIMAL = re.compile(rb"<[0-9A-Fa-f]*>")
END_OF_FILE = re.compile(rb"%%EOF(\r\n|\n|\r)?")
FONT_TYPES = {"/Font", "/FontDescriptor"}
FONT_PROGRAMS = {"/Type1C", "/CIDFontType0C", "/OpenType"}


def fills_its_gap(pdf: bytes, byte_range: Sequence[int], contents: bytes) -> bool:
    """Whether the bytes left out of the range are this signature's ``/Contents``, all and alone.

    ISO 32000-2, 12.8.1: the range covers the whole file but the value of ``/Contents``. Nothing but
    hexadecimal digits between ``<`` and ``>`` may stand in the gap: whatever else finds room there
    is signature wrapping (Mladenov and others, CCS 2019).
    """
    if len(byte_range) != 4 or byte_range[0] != 0:
        return False
    _, length, start, rest = map(int, byte_range)
    if not 0 < length < start <= start + rest <= len(pdf):
        return False
    gap = pdf[length:start]
    return HEXADECIMAL.fullmatch(gap) is not None and _digits(gap) == contents


def _digits(gap: bytes) -> bytes:
    """An odd last digit counts as if a zero followed (ISO 32000-1, 7.3.4.3)."""
    digits = gap[1:-1]
    return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))


def has_loose_end(reader: Reader, pdf: bytes) -> bool:
    """Whether bytes follow the end of the last revision, or its end is not marked at all."""
    last = reader.xrefs.get_xref_container_info(reader.xrefs.total_revisions - 1)
    end = END_OF_FILE.search(pdf, last.end_location)
    return end is None or end.end() != len(pdf)


def is_written_over(reader: Reader, since: int, revision: int) -> bool:
    """Whether an object that was written after ``since`` and up to ``revision`` is written again
    later.
    """
    between = _written(reader, since + 1, revision + 1)
    return bool(between & _written(reader, revision + 1, reader.xrefs.total_revisions))


def _written(reader: Reader, first: int, end: int) -> set[int]:
    """The numbers of objects that these revisions write or free."""
    return {
        reference.idnum
        for number in range(first, end)
        for reference in reader.xrefs.explicit_refs_in_revision(number)
    }


def shadow_after(reader: Reader, revision: int, signed_end: int) -> Shadow | None:
    """Which shadow attack the revisions after this one look like, if any."""
    for shadow, is_seen in SIGNS:
        if is_seen(reader, revision, signed_end):
            return shadow
    return None


def _brings_hidden_to_light(reader: Reader, revision: int, signed_end: int) -> bool:
    """A later cross-reference leads to an object that lies within the signed bytes, or the page
    tree takes in a page which lay there unused.
    """
    offsets = (
        place
        for number in range(revision + 1, reader.xrefs.total_revisions)
        for _, place in reader.xrefs.get_xref_data(number).standard_xrefs.values()
    )
    if any(0 < place < signed_end for place in offsets):
        return True
    before = {page.idnum for page in _pages(reader.get_historical_resolver(revision))}
    return any(
        page.idnum not in before and _existed(reader, page.reference, revision)
        for page in _pages(reader)
    )


def _hides(reader: Reader, revision: int, _signed_end: int) -> bool:
    """An object was freed, or an image, a form or an annotation that was shown was exchanged."""
    if any(
        reader.xrefs.refs_freed_in_revision(number)
        for number in range(revision + 1, reader.xrefs.total_revisions)
    ):
        return True
    return any(_is_overlay(old) for old in _overwritten(reader, revision))


def _replaces(reader: Reader, revision: int, _signed_end: int) -> bool:
    """A font, or the look of a field that is no signature, was exchanged."""
    return any(_is_font(old) or _is_field(old) for old in _overwritten(reader, revision))


SIGNS: Sequence[tuple[Shadow, Sign]] = (
    (Shadow.HIDE_AND_REPLACE, _brings_hidden_to_light),
    (Shadow.REPLACE, _replaces),
    (Shadow.HIDE, _hides),
)


def _overwritten(reader: Reader, revision: int) -> Iterator[Any]:
    """The dictionaries, as they were signed, of objects that later revisions wrote anew."""
    signed = reader.get_historical_resolver(revision)
    for number in range(revision + 1, reader.xrefs.total_revisions):
        for reference in reader.xrefs.explicit_refs_in_revision(number):
            if _existed(reader, reference, revision):
                old = signed(reference)
                if hasattr(old, "get"):
                    yield old


def _existed(reader: Reader, reference: Any, revision: int) -> bool:
    return reader.xrefs.get_historical_ref(reference, revision) is not None


def _is_overlay(old: Any) -> bool:
    is_picture = old.get("/Type") == "/XObject" or old.get("/Subtype") in {"/Image", "/Form"}
    is_annotation = old.get("/Type") == "/Annot" and old.get("/FT") != "/Sig"
    return is_picture or is_annotation


def _is_font(old: Any) -> bool:
    is_program = "/Length1" in old or old.get("/Subtype") in FONT_PROGRAMS
    return old.get("/Type") in FONT_TYPES or is_program


def _is_field(old: Any) -> bool:
    return "/FT" in old and old.get("/FT") != "/Sig"


def _pages(resolver: Any) -> Iterator[Any]:
    """References of the pages as the page tree names them, each once."""
    seen: set[int] = set()
    waiting = [resolver.root.raw_get("/Pages")]
    while waiting:
        reference = waiting.pop()
        if reference.idnum in seen:
            continue
        seen.add(reference.idnum)
        kids = reference.get_object().get("/Kids")
        if kids is None:
            yield reference
        else:
            waiting.extend(kids.raw_get(index) for index in range(len(kids)))
