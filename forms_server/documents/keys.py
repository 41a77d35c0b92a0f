"""The organisation's keys, for the seal and the QR: the only module that makes or opens keys."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from forms_server.errors import DocumentError

KEYS_DIRECTORY = "keys"
SEAL_FILE = "seal.p12"
SEAL_PASSWORD_FILE = "seal.password"  # noqa: S105 - the name of a file
AUTHORITY_FILE = "authority.pem"
QR_FILE = "qr.pem"
RETIRED_QR_FILES = "qr-*.pub.pem"

DEVELOPMENT_MARK = "development"
DEVELOPMENT_LIFETIME = timedelta(days=3650)
KID_LENGTH = 8

SealPrivateKey = EllipticCurvePrivateKey | RSAPrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class SealKeys:
    """What the seal is made with; the key object is kept, because opening it costs 4 to 70 ms."""

    certificate: x509.Certificate
    private_key: SealPrivateKey
    chain: tuple[x509.Certificate, ...]

    @property
    def is_development(self) -> bool:
        return is_development(self.certificate)


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


def is_development(certificate: x509.Certificate) -> bool:
    """Whether the certificate's subject says that it is one for development."""
    return DEVELOPMENT_MARK in certificate.subject.rfc4514_string().lower()


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


def load_seal_keys(p12: Path, password: Path, *, now: datetime) -> SealKeys:
    """Open a PKCS#12 file (RFC 7292) with the password that the second file holds.

    Refuses with ``seal-key-unreadable``, ``seal-password-wrong``, ``seal-key-kind`` (neither EC nor
    RSA, or no key), ``seal-certificate-usage`` (not for signing documents: RFC 5280, 4.2.1.3) and
    ``seal-certificate-expired`` (``now`` is outside its validity).
    """
    content = _open_p12(p12, password)
    certificate = content.cert.certificate if content.cert else None
    key = content.key
    if certificate is None or not isinstance(key, EllipticCurvePrivateKey | RSAPrivateKey):
        raise DocumentError("seal-key-kind", path=p12)
    _check_usage(certificate)
    check_validity(certificate, at=now)
    chain = tuple(extra.certificate for extra in content.additional_certs)
    return SealKeys(certificate=certificate, private_key=key, chain=chain)


def check_validity(certificate: x509.Certificate, *, at: datetime) -> None:
    """Refuse (``seal-certificate-expired``) a certificate that is not in force at that time."""
    since, until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not since <= at <= until:
        raise DocumentError("seal-certificate-expired", since=since.date(), until=until.date())


def load_certificates(path: Path) -> tuple[x509.Certificate, ...]:
    """A PEM file's certificates, such as the authorities to trust (``certificates-unreadable``)."""
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise DocumentError("certificates-unreadable", path=path) from error


def load_qr_keys(path: Path) -> QrKeys:
    """The QR's private key (PEM, P-256) and the retired public ones, ``qr-*.pub.pem`` beside it.

    Refuses with ``qr-key-unreadable``.
    """
    private_key = _read_qr_key(path)
    if not private_key.is_private:
        raise DocumentError("qr-key-unreadable", path=path)
    retired = [_read_qr_key(old) for old in sorted(path.parent.glob(RETIRED_QR_FILES))]
    jwks = {"keys": [_published(key) for key in (private_key, *retired)]}
    return QrKeys(private_key=private_key, kid=_kid(private_key), jwks=jwks)


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


def _open_p12(p12: Path, password: Path) -> pkcs12.PKCS12KeyAndCertificates:
    try:
        return pkcs12.load_pkcs12(p12.read_bytes(), password.read_bytes().rstrip(b"\r\n"))
    except OSError as error:
        raise DocumentError("seal-key-unreadable", path=error.filename) from error
    except ValueError as error:
        wrong_password = "password" in str(error)  # the library has one exception for both
        code = "seal-password-wrong" if wrong_password else "seal-key-unreadable"
        raise DocumentError(code, path=p12) from error


def _check_usage(certificate: x509.Certificate) -> None:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound as error:
        raise DocumentError("seal-certificate-usage") from error
    if not usage.content_commitment:
        raise DocumentError("seal-certificate-usage")


def _read_qr_key(path: Path) -> ECKey:
    try:
        key = ECKey.import_key(path.read_bytes())
    except (OSError, ValueError, JoseError) as error:
        raise DocumentError("qr-key-unreadable", path=path) from error
    if key.curve_name != "P-256":
        raise DocumentError("qr-key-unreadable", path=path)
    return key


def _published(key: ECKey) -> Mapping[str, Any]:
    return {**key.as_dict(private=False), "kid": _kid(key), "alg": "ES256", "use": "sig"}


def _kid(key: ECKey) -> str:
    return key.thumbprint()[:KID_LENGTH]
