"""ASN.1 of strangers brought into the one encoding that a PDF may hold: DER lengths (X.690, 10.1).

Programs in Java often write a CMS with open lengths and strings in pieces (BER). Only lengths and
pieces are written anew: what a signature covers must be in DER to begin with (RFC 5652, 5.3).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

UNREADABLE = (
    ValueError,  # also pyHanko's SignatureValidationError and CMSExtractionError
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    NotImplementedError,
    ArithmeticError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What asn1crypto, cryptography and pyHanko raise on bytes that break their place's promise."""

DEEPEST = 40
CONSTRUCTED = 0x20
SEVERAL_BYTES = 0x1F
STRING_IN_PIECES = 0x24
STRING = b"\x04"
OPEN = 0x80
END_OF_CONTENTS = b"\x00\x00"
LONGEST_LENGTH = 4


def with_definite_lengths(encoded: bytes) -> bytes:
    """One value, the same if it is in DER; raises ``ValueError`` for what is no single value."""
    value, end = _value(encoded, 0, len(encoded), depth=0)
    if end != len(encoded):
        raise ValueError("something follows the value")
    return value


def _value(encoded: bytes, start: int, limit: int, *, depth: int) -> tuple[bytes, int]:
    """The value that begins at ``start`` and ends before ``limit``, and where it ends."""
    if depth > DEEPEST or start + 1 >= limit:
        raise ValueError("too deep, or cut off")
    tag = encoded[start]
    if tag & SEVERAL_BYTES == SEVERAL_BYTES:
        raise ValueError("a tag of several bytes does not occur in a CMS")
    if tag & CONSTRUCTED:
        return _constructed(encoded, start, limit, depth=depth)
    end, begin = _end(encoded, start + 1, limit)
    if end is None:
        raise ValueError("a simple value needs its length")
    return _written(encoded[start : start + 1], encoded[begin:end]), end


def _constructed(encoded: bytes, start: int, limit: int, *, depth: int) -> tuple[bytes, int]:
    """A value made of values; an open one ends with its mark."""
    end, place = _end(encoded, start + 1, limit)
    parts = []
    while place != end:
        if end is None and encoded.startswith(END_OF_CONTENTS, place, limit):
            place += len(END_OF_CONTENTS)
            break
        part, place = _value(encoded, place, limit if end is None else end, depth=depth + 1)
        parts.append(part)
    if encoded[start] == STRING_IN_PIECES:
        return _written(STRING, b"".join(_pieces(parts))), place
    return _written(encoded[start : start + 1], b"".join(parts)), place


def _pieces(parts: Sequence[bytes]) -> Iterator[bytes]:
    for part in parts:
        if not part.startswith(STRING):
            raise ValueError("a string's piece is no string")
        yield part[_end(part, 1, len(part))[1] :]


def _end(encoded: bytes, start: int, limit: int) -> tuple[int | None, int]:
    """Where the contents end, ``None`` if that is open, and begin: the length is at ``start``."""
    first, begin = encoded[start], start + 1
    if first == OPEN:
        return None, begin
    length = first
    if first > OPEN:
        if first - OPEN > LONGEST_LENGTH:
            raise ValueError("too long")
        begin += first - OPEN
        length = int.from_bytes(encoded[start + 1 : begin], "big")
    if begin + length > limit:
        raise ValueError("cut off")
    return begin + length, begin


def _written(tag: bytes, contents: bytes) -> bytes:
    """The contents after their tag and their length in the fewest bytes."""
    length = len(contents)
    if length < OPEN:
        return tag + bytes([length]) + contents
    digits = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return tag + bytes([OPEN | len(digits)]) + digits + contents
