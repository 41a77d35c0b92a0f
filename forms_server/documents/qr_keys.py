"""The key of the QR seals, and every public key a reader may need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from forms_server.documents.secret_files import read_secret
from forms_server.errors import DocumentError

RETIRED_QR_FILES = "qr-*.pub.pem"
KID_LENGTH = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class QrKeys:
    """The ES256 key of the QR seals, and every public key a reader may need.

    ``kid`` is the RFC 7638 thumbprint (SHA-256, base64url) cut to its first eight characters.
    ``jwks`` is what ``/.well-known/jwks.json`` shows (RFC 7517, section 5): the present key first,
    then the retired ones.
    """

    private_key: ECKey
    kid: str
    jwks: Mapping[str, Any]


def load_qr_keys(path: Path) -> QrKeys:
    """The QR's private key (PEM, P-256) and the retired public ones, ``qr-*.pub.pem`` beside it.

    Refuses with ``qr-key-unreadable``, and with ``secret-file-open`` a private key that everybody
    may read. A key is published once, also where a rotation was left half-done.
    """
    private_key = _read_qr_key(path, is_secret=True)
    if not private_key.is_private:
        raise DocumentError("qr-key-unreadable", path=path)
    retired = [_read_qr_key(old) for old in sorted(path.parent.glob(RETIRED_QR_FILES))]
    published = {_kid(key): _published(key) for key in (private_key, *retired)}
    jwks = {"keys": list(published.values())}
    return QrKeys(private_key=private_key, kid=_kid(private_key), jwks=jwks)


def _read_qr_key(path: Path, *, is_secret: bool = False) -> ECKey:
    try:
        key = ECKey.import_key(read_secret(path) if is_secret else path.read_bytes())
    except (OSError, ValueError, JoseError) as error:
        raise DocumentError("qr-key-unreadable", path=path) from error
    if key.curve_name != "P-256":
        raise DocumentError("qr-key-unreadable", path=path)
    return key


def _published(key: ECKey) -> Mapping[str, Any]:
    return {**key.as_dict(private=False), "kid": _kid(key), "alg": "ES256", "use": "sig"}


def _kid(key: ECKey) -> str:
    return key.thumbprint()[:KID_LENGTH]
