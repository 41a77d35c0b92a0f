"""What the QR carries: a token, its short code, and a seal that a phone can check offline."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from io import BytesIO
from typing import Any

from joserfc import jws
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import ECKey
from PIL import Image
from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode

from forms_server.documents.qr_keys import QrKeys
from forms_server.errors import DocumentError
from forms_server.settings import LONGEST_PUBLIC_URL

LONGEST_ADDRESS = 350
"""Bytes of the whole address: version 14 at level M holds 362, and is still read at 28 mm."""
TOKEN_BYTES = 16
TOKEN_LENGTH = 22
SHORT_CODE_LENGTH = 10
LONGEST_SEAL = LONGEST_ADDRESS - LONGEST_PUBLIC_URL - len("/v/") - TOKEN_LENGTH - len("#")
"""Bytes left for the seal where the public address is as long as settings allow: 264."""

ALGORITHM = "ES256"
EPOCH = date(1970, 1, 1)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SealPayload:
    """What the seal in the QR vouches for; ``data_sha256`` is 32 bytes over the data XML."""

    form: str
    edition: str
    number: str
    issued_on: date
    office: str
    masked_name: str
    data_sha256: bytes


def write_seal(payload: SealPayload, keys: QrKeys) -> str:
    """The seal: a compact JWS (RFC 7515, 3.1), at most ``LONGEST_SEAL`` bytes of ASCII.

    Header: exactly ``{"alg":"ES256"}``, with no ``kid`` for want of room: a reader tries each key
    of ``/.well-known/jwks.json``. The signature is 64 bytes, r and s, as WebCrypto takes them
    (RFC 7518, 3.4), over the ASCII of ``header.payload``. Payload: base64url of a UTF-8 JSON array
    without spaces, of seven::

        [form, edition, number, days, office, name, hash]
        ["mse-01","2023","000017",20210,"0000","С*** А. Б.","<43 characters>"]

    ``days`` is the date of issue as days since 1970-01-01, an integer; ``hash`` is the SHA-256 of
    the data XML in base64url without padding; the others are strings. What does not fit is
    shortened, in this order, and an empty string means "left out for want of room": the name
    becomes ``С*А.Б.``; the edition is left out; then the office; then the name. So a form and a
    number of 24 bytes each always fit; ``qr-too-long`` refuses what still does not.
    """
    for shortened in _shortenings(payload):
        content = _to_array(shortened)
        seal = jws.serialize_compact({"alg": ALGORITHM}, content, keys.private_key)
        if len(seal) <= LONGEST_SEAL:
            return seal
    raise DocumentError("qr-too-long", limit=LONGEST_SEAL)


def read_seal(text: str, jwks: Mapping[str, Any]) -> SealPayload:
    """What the seal vouches for, if one of the published keys signed it.

    Refuses with ``qr-unreadable`` (no seal of ours) and ``qr-not-ours`` (no key of ours signed it).
    """
    for published in jwks["keys"]:
        try:
            seal = jws.deserialize_compact(text, ECKey.import_key(published), [ALGORITHM])
        except BadSignatureError:
            continue
        except (JoseError, ValueError) as error:
            raise DocumentError("qr-unreadable") from error
        return _from_array(seal.payload)
    raise DocumentError("qr-not-ours")


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


def _shortenings(payload: SealPayload) -> Iterator[SealPayload]:
    """The payload from its fullest to its shortest: see ``write_seal``."""
    tight = payload.masked_name.replace(" ", "").replace("***", "*")
    for edition, office in ((payload.edition, payload.office), ("", payload.office), ("", "")):
        for name in (payload.masked_name, tight):
            yield replace(payload, edition=edition, office=office, masked_name=name)
    yield replace(payload, edition="", office="", masked_name="")


def _to_array(payload: SealPayload) -> bytes:
    array = [
        payload.form,
        payload.edition,
        payload.number,
        (payload.issued_on - EPOCH).days,
        payload.office,
        payload.masked_name,
        _base64url(payload.data_sha256),
    ]
    return json.dumps(array, ensure_ascii=False, separators=(",", ":")).encode()


def _from_array(content: bytes) -> SealPayload:
    try:
        form, edition, number, days, office, masked_name, data_hash = json.loads(content)
        return SealPayload(
            form=form,
            edition=edition,
            number=number,
            issued_on=EPOCH + timedelta(days=days),
            office=office,
            masked_name=masked_name,
            data_sha256=urlsafe_b64decode(f"{data_hash}="),
        )
    except (ValueError, TypeError, OverflowError) as error:
        raise DocumentError("qr-unreadable") from error


def _base64url(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def _grouped(code: str) -> str:
    half = SHORT_CODE_LENGTH // 2
    return f"{code[:half]}-{code[half:]}"
