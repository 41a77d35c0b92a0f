"""The seal in the QR: what it vouches for, as a COSE signature that a phone checks offline.

``docs/qr-seal.md`` says the same for other people's programs.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import ECKey

from forms_server.documents.qr import LONGEST_SEAL
from forms_server.documents.qr_keys import QrKeys
from forms_server.errors import DocumentError

ALG, KID, ES256 = 1, 4, -7
"""Labels and value of COSE header parameters (RFC 9052, 3.1; RFC 9053, 2.1)."""
COORDINATE_BYTES = 32
"""Bytes of r and of s on P-256."""
HASH_BYTES = 32
SHORTEST_KID, LONGEST_KID = 4, 8
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealPayload:
    """What the seal in the QR vouches for.

    ``edition`` is the day that is the edition's id; ``data_sha256`` is 32 bytes over the data XML.
    """

    form: str
    edition: date
    number: str
    issued_on: date
    office: str
    masked_name: str
    data_sha256: bytes


@dataclass(frozen=True, slots=True)
class CoseSign1:
    """The parts of a COSE_Sign1 (RFC 9052, 4.2); ``signature`` is 64 bytes, r and s."""

    protected: bytes
    kid: bytes
    payload: bytes
    signature: bytes


def write_seal(payload: SealPayload, keys: QrKeys) -> str:
    """The seal: base64url of a COSE_Sign1, untagged, at most ``LONGEST_SEAL`` bytes of ASCII.

    Protected header: ``{1: -7, 4: kid}``, ES256 and the six bytes that the key's ``kid`` in
    ``/.well-known/jwks.json`` is the base64url of; unprotected header: empty. Payload: an array of
    eight in deterministic CBOR (RFC 8949, 4.2.1)::

        [version, form, edition, number, days, office, name, hash]
        [1, "mse-01", 20209, "0000-mse01-2025-000017", 20210, "0000", "С*** А. Б.", h'…']

    ``version`` is 1; ``edition`` and ``days`` (of issue) are days since 1970-01-01; ``hash`` is the
    SHA-256 of the data XML, 32 bytes; the others are strings. All of it fits where form, number
    and office come to 56 bytes. What does not is shortened, in this order: the name becomes
    ``С*А.Б.``; the office, with which the number begins, is left out (an empty string); then the
    name. ``qr-too-long`` refuses what still does not fit.
    """
    protected = _encode({ALG: ES256, KID: kid_bytes(keys.kid)})
    for shortened in _shortenings(payload):
        content = _encode(_to_array(shortened))
        if len(_wrap(protected, content, bytes(2 * COORDINATE_BYTES))) <= LONGEST_SEAL:
            return _wrap(protected, content, _sign(keys.private_key, protected, content))
    raise DocumentError("qr-too-long", limit=LONGEST_SEAL)


def read_seal(text: str, jwks: Mapping[str, Any]) -> SealPayload:
    """What the seal vouches for, if one of the published keys signed it.

    Refuses with ``qr-unreadable`` (no seal of ours: another form, bytes that the encoding above
    would write otherwise, anything added), ``qr-unknown-key`` (it names a key that is not
    published) and ``qr-altered`` (the key that it names did not sign this).
    """
    seal = parse_cose(text)
    published = next((key for key in jwks["keys"] if kid_bytes(key["kid"]) == seal.kid), None)
    if published is None:
        raise DocumentError("qr-unknown-key")
    if not _is_signed(seal, ECKey.import_key(published)):
        raise DocumentError("qr-altered")
    return _from_array(_decode(seal.payload))


def parse_cose(text: str) -> CoseSign1:
    """The parts of a seal, nothing of it believed yet; ``qr-unreadable``."""
    match _decode(_from_base64url(text)):
        case [bytes(protected), dict(unprotected), bytes(payload), bytes(signature)]:
            kid = _kid_of(_decode(protected))
            if not unprotected and len(signature) == 2 * COORDINATE_BYTES:
                return CoseSign1(protected, kid, payload, signature)
    raise DocumentError("qr-unreadable")


def signed_bytes(protected: bytes, payload: bytes) -> bytes:
    """What is signed: the Sig_structure with no external data (RFC 9052, 4.4)."""
    return _encode(["Signature1", protected, b"", payload])


def kid_bytes(kid: str) -> bytes:
    """A key's id as COSE carries it, bytes, from what a JWK says, their base64url."""
    return urlsafe_b64decode(kid + "=" * (-len(kid) % 4))


def _sign(private_key: ECKey, protected: bytes, payload: bytes) -> bytes:
    """r and s as 32 bytes each (RFC 9053, 2.1)."""
    key = private_key.get_op_key("sign")
    if not isinstance(key, EllipticCurvePrivateKey):
        raise DocumentError("qr-key-unreadable", path="")
    numbers = decode_dss_signature(key.sign(signed_bytes(protected, payload), ECDSA(SHA256())))
    return b"".join(number.to_bytes(COORDINATE_BYTES, "big") for number in numbers)


def _is_signed(seal: CoseSign1, public_key: ECKey) -> bool:
    key = public_key.get_op_key("verify")
    if not isinstance(key, EllipticCurvePublicKey):
        return False
    r, s = seal.signature[:COORDINATE_BYTES], seal.signature[COORDINATE_BYTES:]
    signature = encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
    try:
        key.verify(signature, signed_bytes(seal.protected, seal.payload), ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _shortenings(payload: SealPayload) -> Iterator[SealPayload]:
    """The payload from its fullest to its shortest: see ``write_seal``."""
    tight = payload.masked_name.replace(" ", "").replace("***", "*")
    yield payload
    yield replace(payload, masked_name=tight)
    yield replace(payload, masked_name=tight, office="")
    yield replace(payload, masked_name="", office="")


def _wrap(protected: bytes, payload: bytes, signature: bytes) -> str:
    content = _encode([protected, {}, payload, signature])
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def _to_array(payload: SealPayload) -> list[object]:
    return [
        1,
        payload.form,
        _days(payload.edition),
        payload.number,
        _days(payload.issued_on),
        payload.office,
        payload.masked_name,
        payload.data_sha256,
    ]


def _from_array(content: object) -> SealPayload:
    match content:
        case [
            1, str(form), int(edition), str(number), int(days), str(office), str(name), bytes(data),
        ] if len(data) == HASH_BYTES:  # fmt: skip
            return SealPayload(
                form=form,
                edition=_day(edition),
                number=number,
                issued_on=_day(days),
                office=office,
                masked_name=name,
                data_sha256=data,
            )
    raise DocumentError("qr-unreadable")


def _days(day: date) -> int:
    return (day - EPOCH).days


def _day(days: int) -> date:
    try:
        return EPOCH + timedelta(days=days)
    except OverflowError as error:
        raise DocumentError("qr-unreadable") from error


def _kid_of(header: object) -> bytes:
    match header:
        case {1: -7, 4: bytes(kid), **others} if not others:
            if SHORTEST_KID <= len(kid) <= LONGEST_KID:
                return kid
    raise DocumentError("qr-unreadable")


def _from_base64url(text: str) -> bytes:
    """Bytes of base64url as it is written with no padding; no second spelling is taken."""
    try:
        content = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise DocumentError("qr-unreadable") from error
    if urlsafe_b64encode(content).rstrip(b"=").decode() != text:
        raise DocumentError("qr-unreadable")
    return content


def _encode(value: object) -> bytes:
    return cbor2.dumps(value, canonical=True)


def _decode(content: bytes) -> object:
    """The value of CBOR that is written in the one deterministic way, with nothing after it."""
    try:
        value: object = cbor2.loads(content)
        is_canonical = _encode(value) == content
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise DocumentError("qr-unreadable") from error
    if not is_canonical:
        raise DocumentError("qr-unreadable")
    return value
