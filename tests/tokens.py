"""Throw-away PKCS#11 tokens of SoftHSM2: real ones, made anew in a folder of the test."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pkcs11
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pkcs11.util.x509 import decode_x509_certificate

from forms_server.documents.signing_keys import KeptKey
from forms_server.documents.tokens import close_tokens
from tests import judges

CONFIGURATION = "SOFTHSM2_CONF"
SO_PIN = "87654321"
MODULES = ("softhsm/libsofthsm2.so", "*/softhsm/libsofthsm2.so", "libsofthsm2.so")


@dataclass(frozen=True, slots=True)
class Token:
    """A token and the PIN of its user."""

    label: str
    pin: str


def softhsm_module() -> Path:
    """Where SoftHSM2 lies; a missing one is a failure that says how to install it."""
    found = [path for pattern in MODULES for path in sorted(Path("/usr/lib").glob(pattern))]
    assert found, "SoftHSM2 is missing: make setup-tests, or install the Debian package softhsm2"
    return found[0]


def configure(folder: Path) -> None:
    """Let SoftHSM2 keep its tokens in the folder: here and in every process that is started."""
    tokens = folder / "tokens"
    tokens.mkdir(parents=True, exist_ok=True)
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {tokens}\nlog.level = ERROR\n", "utf-8")
    os.environ[CONFIGURATION] = str(configuration)
    close_tokens()


def make_token(label: str, pin: str) -> Token:
    """A new token, its PINs set."""
    _util("--init-token", "--free", "--label", label, "--pin", pin, "--so-pin", SO_PIN)
    close_tokens()
    return Token(label, pin)


def add_key(
    token: Token, key: KeptKey, *, label: str, number: str = "01", certified: bool = True
) -> None:
    """Put a key and its certificates on the token, under this label and CKA_ID (hexadecimal)."""
    path = Path(os.environ[CONFIGURATION]).with_name("imported.pem")
    pem = key.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(pem)
    named = ("--label", label, "--id", number)
    _util("--import", str(path), "--token", token.label, "--pin", token.pin, *named)
    path.unlink()
    if certified:
        add_certificate(token, key, label=label, number=number)
    close_tokens()


def add_certificate(token: Token, key: KeptKey, *, label: str, number: str) -> None:
    """Put the key's certificate on the token."""
    close_tokens()
    library = pkcs11.lib(str(softhsm_module()))
    library.reinitialize()
    session = library.get_token(token_label=token.label).open(rw=True, user_pin=token.pin)
    attributes = decode_x509_certificate(key.certificate.public_bytes(Encoding.DER))
    named = {pkcs11.Attribute.LABEL: label, pkcs11.Attribute.ID: bytes.fromhex(number)}
    session.create_object({**attributes, **named, pkcs11.Attribute.TOKEN: True})
    session.close()
    close_tokens()


def change_pin(token: Token, old: str, new: str) -> None:
    """As the token's owner would, elsewhere."""
    close_tokens()
    library = pkcs11.lib(str(softhsm_module()))
    library.reinitialize()
    session = library.get_token(token_label=token.label).open(rw=True, user_pin=old)
    session.set_pin(old, new)
    session.close()
    close_tokens()


def _util(*arguments: str) -> None:
    answer = judges.run("softhsm2-util", *arguments)
    assert answer.returncode == 0, answer.stdout + answer.stderr
