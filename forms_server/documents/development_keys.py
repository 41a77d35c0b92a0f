"""Makes the development keys: a throw-away authority, its seal and a QR key, once for a home."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from forms_server.errors import DocumentError

KEYS_DIRECTORY = "keys"
SEAL_FILE = "seal.p12"
SEAL_PASSWORD_FILE = "seal.password"  # noqa: S105 - the name of a file
AUTHORITY_FILE = "authority.pem"
QR_FILE = "qr.pem"
DEVELOPMENT_LIFETIME = timedelta(days=3650)


def ensure_development_keys(home: Path, *, now: datetime) -> None:
    """Make ``home/keys/`` (0700) with its files (0600) unless it is there.

    The directory is filled under another name and renamed, so that of two processes starting at
    once one wins and the other uses the winner's keys. A directory that has lost a file is refused
    (``keys-incomplete``): a new key in its place would make sealed documents unverifiable.
    """
    directory = home / KEYS_DIRECTORY
    if _holds_files(directory):
        _check_complete(directory)
        return
    home.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=home, prefix=f"{KEYS_DIRECTORY}."))
    try:
        _fill(draft, now=now)
        draft.rename(directory)
    except OSError:
        shutil.rmtree(draft)
        if not _holds_files(directory):
            raise


def _holds_files(directory: Path) -> bool:
    return directory.is_dir() and any(directory.iterdir())


def _check_complete(directory: Path) -> None:
    for name in (SEAL_FILE, SEAL_PASSWORD_FILE, AUTHORITY_FILE, QR_FILE):
        if not (directory / name).is_file():
            raise DocumentError("keys-incomplete", directory=directory, name=name)


def _fill(directory: Path, *, now: datetime) -> None:
    """Write a development authority, its seal and a QR key; the authority's own key is not kept."""
    authority_key, seal_key = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    authority = _authority_certificate(authority_key, now=now)
    seal = _seal_certificate(seal_key, authority=authority, authority_key=authority_key)
    password = secrets.token_urlsafe(24).encode()
    encryption = serialization.BestAvailableEncryption(password)
    contents = {
        AUTHORITY_FILE: authority.public_bytes(serialization.Encoding.PEM),
        SEAL_PASSWORD_FILE: password + b"\n",
        SEAL_FILE: pkcs12.serialize_key_and_certificates(
            b"seal", seal_key, seal, [authority], encryption
        ),
        QR_FILE: _pem(generate_private_key(SECP256R1())),
    }
    for name, content in contents.items():
        _write_secret(directory / name, content)


def _write_secret(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def _pem(key: EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _development_name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Forms server development"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{common_name}, not for use"),
        ]
    )


def _authority_certificate(key: EllipticCurvePrivateKey, *, now: datetime) -> x509.Certificate:
    name = _development_name("Development authority")
    builder = _certificate(key, subject=name, issuer=name, issuer_key=key)
    return (
        builder.not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + DEVELOPMENT_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .sign(key, hashes.SHA256())
    )


def _seal_certificate(
    key: EllipticCurvePrivateKey,
    *,
    authority: x509.Certificate,
    authority_key: EllipticCurvePrivateKey,
) -> x509.Certificate:
    name = _development_name("Development seal")
    builder = _certificate(key, subject=name, issuer=authority.subject, issuer_key=authority_key)
    return (
        builder.not_valid_before(authority.not_valid_before_utc)
        .not_valid_after(authority.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(digital_signature=True, content_commitment=True), critical=True)
        .sign(authority_key, hashes.SHA256())
    )


def _certificate(
    key: EllipticCurvePrivateKey,
    *,
    subject: x509.Name,
    issuer: x509.Name,
    issuer_key: EllipticCurvePrivateKey,
) -> x509.CertificateBuilder:
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .add_extension(own, critical=False)
        .add_extension(above, critical=False)
    )


def _key_usage(**granted: bool) -> x509.KeyUsage:
    usages = dict.fromkeys(
        (
            "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
            "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
        ),
        False,
    )  # fmt: skip
    return x509.KeyUsage(**(usages | granted))
