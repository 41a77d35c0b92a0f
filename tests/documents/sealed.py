"""A sealed PDF of a throw-away authority, and a bomb in the same clothes."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from io import BytesIO

import pikepdf

from forms_server.documents.signing import Sealer
from forms_server.documents.signing_keys import KeptKey
from tests.authority import make_authority, make_seal_keys, print_pdf

NOW = datetime(2025, 5, 2, 9, 30, 15, tzinfo=UTC)
AUTHORITY = make_authority(NOW)
KEYS = make_seal_keys(AUTHORITY, NOW)
TRUSTED = (AUTHORITY.certificate,)
PDF = print_pdf()


def seal(pdf: bytes, keys: KeptKey) -> bytes:
    return Sealer(keys).seal(pdf, reason="Выдан", location="Астана", signed_at=NOW)


SEALED = seal(PDF, KEYS)


def _bomb() -> bytes:
    """One page, and 1 GB of zeros for a data XML, deflated twice: a file of 15 kB."""
    squeezed = zlib.compressobj(1)
    once = b"".join(squeezed.compress(bytes(1 << 20)) for _ in range(1024)) + squeezed.flush()
    with pikepdf.open(BytesIO(PDF)) as opened:
        stream = opened.make_stream(b"")
        stream.write(
            zlib.compress(once, 9),
            filter=pikepdf.Array([pikepdf.Name.FlateDecode, pikepdf.Name.FlateDecode]),
        )
        opened.Root.AF[0].EF.F = stream
        opened.save(output := BytesIO(), stream_decode_level=pikepdf.StreamDecodeLevel.none)
    return output.getvalue()


BOMB = _bomb()
