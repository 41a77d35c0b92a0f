"""What the QR carries: an address with a token, its short code, and the picture of it all."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from io import BytesIO
from typing import Any

from PIL import Image
from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode

from forms_server.errors import DocumentError
from forms_server.settings import LONGEST_PUBLIC_URL

LONGEST_ADDRESS = 350
"""Bytes of the whole address: version 14 at level M holds 362, and is still read at 28 mm."""
TOKEN_BYTES = 16
TOKEN_LENGTH = 22
SHORT_CODE_LENGTH = 10
LONGEST_SEAL = LONGEST_ADDRESS - LONGEST_PUBLIC_URL - len("/v/") - TOKEN_LENGTH - len("#")
"""Bytes left for the seal where the public address is as long as settings allow: 264."""

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
TYPED_LIKE = str.maketrans("OILАВЕКМНОРСТХ", "011ABEKMH0PCTX", " -\t\n\u00a0\u2011\u2013\u2014")
"""What people type for what they read: letters for digits, Cyrillic for Latin, any dash or none."""

QUIET_ZONE = 4
"""Modules (ISO/IEC 18004, 6.3.8)."""
MODULE_PIXELS = 4
"""Viewers that smooth what they scale blur a quarter of a module, not a whole one."""
MASK_PATTERN = 0
"""Trying all eight masks as ISO/IEC 18004, 7.8 has it costs the library ten times the drawing; any
mask can be read (the format bits name it), and text that is nearly all base64url is even enough
that the choice does not matter. The tests read every symbol back."""


def address(public_url: str, token: str, seal: str) -> str:
    """What the QR says; the seal stands after ``#`` and so never reaches a server's log."""
    return f"{public_url}/v/{token}#{seal}"


def mask_name(surname: str, given_name: str, patronymic: str) -> str:
    """A name its bearer knows again and a stranger does not: ``С*** А. Б.``; parts may be empty.

    The stars are always three, so that not even the length of the surname is told.
    """
    initials = [f"{part.strip()[0].upper()}." for part in (given_name, patronymic) if part.strip()]
    surname = surname.strip()
    return " ".join([f"{surname[0].upper()}***", *initials] if surname else initials)


def new_token(random_bytes: bytes) -> str:
    """A document's token: 22 letters of base64url from 16 bytes of ``secrets.token_bytes``."""
    if len(random_bytes) != TOKEN_BYTES:
        raise ValueError(f"a token is made of {TOKEN_BYTES} random bytes")
    return _base64url(random_bytes)


def short_code(token: str) -> str:
    """The code for typing by hand, ``ABCDE-FGHJK``: the first 50 bits of the token's SHA-256.

    Letters are Crockford's base 32 (no I, L, O, U). The token does not follow from the code.
    """
    digest = hashlib.sha256(token.encode("ascii")).digest()
    bits = int.from_bytes(digest, "big") >> (len(digest) * 8 - 5 * SHORT_CODE_LENGTH)
    shifts = range(5 * (SHORT_CODE_LENGTH - 1), -1, -5)
    return _grouped("".join(CROCKFORD[bits >> shift & 31] for shift in shifts))


def normalise_short_code(typed: str) -> str:
    """The code as ``short_code`` writes it, from what a person typed.

    Small letters, spaces, dashes, O for 0, I or L for 1 and Cyrillic letters of the same shape are
    understood; anything else is refused (``short-code-wrong``).
    """
    code = typed.upper().translate(TYPED_LIKE)
    if len(code) != SHORT_CODE_LENGTH or not set(code) <= set(CROCKFORD):
        raise DocumentError("short-code-wrong")
    return _grouped(code)


def qr_png(text: str) -> bytes:
    """A QR of level M with its quiet zone as a PNG of one bit a pixel: same text, same bytes."""
    code: QRCode[Any] = QRCode(
        error_correction=ERROR_CORRECT_M, border=QUIET_ZONE, mask_pattern=MASK_PATTERN
    )
    code.add_data(text, optimize=0)
    code.make()
    rows = code.get_matrix()
    pixels = bytes(0 if dark else 255 for row in rows for dark in row)
    picture = Image.frombytes("L", (len(rows), len(rows)), pixels).convert("1")
    side = len(rows) * MODULE_PIXELS
    output = BytesIO()
    picture.resize((side, side), Image.Resampling.NEAREST).save(output, "PNG")
    return output.getvalue()


def _base64url(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def _grouped(code: str) -> str:
    half = SHORT_CODE_LENGTH // 2
    return f"{code[:half]}-{code[half:]}"
