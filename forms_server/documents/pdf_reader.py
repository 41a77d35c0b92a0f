"""pyHanko's reader, quicker: the index of an object stream is read once, not for each object.

A document of three pages keeps some four hundred objects in one stream, and comparing revisions
asks for each of them: read over and over, the index took 90 % of a check.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO

from pyhanko.pdf_utils import generic, misc
from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.pdf_utils.reader import PdfFileReader


@dataclass(frozen=True, slots=True)
class _Packed:
    """An object stream (ISO 32000-2, 7.5.7): its data, and the places in it by object number."""

    stream: generic.StreamObject
    data: BytesIO
    places: Mapping[int, tuple[int, int]]
    """Which one it is, counted from 0, and where it begins."""


class QuickReader(PdfFileReader):
    """Reads as its parent does in strict mode, which is the only mode that it knows."""

    def __init__(self, pdf: bytes) -> None:
        self._packed: dict[int, _Packed] = {}
        super().__init__(BytesIO(pdf))

    def _get_object_from_stream(self, idnum: int, stmnum: int, idx: int) -> generic.PdfObject:
        packed = self._open_packed(stmnum)
        place = packed.places.get(idnum)
        if place is None or place[0] != idx:
            raise misc.PdfStrictReadError("Object is not where the cross-references say.")
        packed.data.seek(place[1])
        found = generic.read_object(packed.data, generic.Reference(idnum, 0, self))
        if isinstance(found, generic.StreamObject | generic.IndirectObject):
            raise misc.PdfStrictReadError("Forbidden type of object in an object stream.")
        return found

    def _open_packed(self, number: int) -> _Packed:
        """A later revision may write a stream anew under its number: then it is read again."""
        stream = generic.Reference(number, 0, self).get_object()
        known = self._packed.get(number)
        if known is None or known.stream is not stream:
            known = self._packed[number] = _unpack(stream)
        return known


def _unpack(stream: generic.PdfObject) -> _Packed:
    if not isinstance(stream, generic.StreamObject) or stream.get("/Type") != "/ObjStm":
        raise misc.PdfStrictReadError("No object stream.")
    data = stream.read_data(DecodePurpose.OBJECT_STREAM)
    first, count = int(stream["/First"]), int(stream["/N"])
    numbers = [int(word) for word in data[:first].split()]
    if not 0 <= 2 * count <= len(numbers):
        raise misc.PdfStrictReadError("The index of an object stream is too short.")
    places: dict[int, tuple[int, int]] = {}
    for index in range(count):
        number, offset = numbers[2 * index : 2 * index + 2]
        places.setdefault(number, (index, first + offset))
    return _Packed(stream, BytesIO(data), places)
