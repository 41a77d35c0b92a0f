"""Keys that sign PDFs: the seal's and persons'; opened once and held, wherever they lie."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, assert_never

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import pkcs12

from forms_server.documents.der import UNREADABLE
from forms_server.documents.secret_files import read_secret
from forms_server.errors import DocumentError

DEVELOPMENT_MARK = "development"
CHALLENGE = b"forms server: is this the certificate's key?"
LEAST_RSA_BITS = 2048
LEAST_EC_BITS = 256
"""ETSI TS 119 312, clause 8: what is signed today must hold for years."""
NIST_NAMES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}

PrivateKey = EllipticCurvePrivateKey | RSAPrivateKey


class SigningKey(Protocol):
    """A key with its certificate; ``chain`` are the certificates above, the issuer's first."""

    @property
    def certificate(self) -> x509.Certificate: ...

    @property
    def chain(self) -> tuple[x509.Certificate, ...]: ...

    def sign(self, data: bytes) -> bytes:
        """The signature of ``data``: SHA-256 with RSA PKCS#1 v1.5, or ECDSA as DER (RFC 3279)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptKey:
    """A key in this process's memory; the object is kept, because opening it costs 4 to 70 ms."""

    certificate: x509.Certificate
    private_key: PrivateKey
    chain: tuple[x509.Certificate, ...]

    def sign(self, data: bytes) -> bytes:
        match self.private_key:
            case EllipticCurvePrivateKey():
                return self.private_key.sign(data, ECDSA(SHA256()))
            case RSAPrivateKey():
                return self.private_key.sign(data, PKCS1v15(), SHA256())
            case _:
                assert_never(self.private_key)


def is_development(certificate: x509.Certificate) -> bool:
    """Whether the certificate's subject says that it is one for development."""
    return DEVELOPMENT_MARK in certificate.subject.rfc4514_string().lower()


def open_p12(p12: Path, password: Path) -> KeptKey:
    """Open a PKCS#12 file (RFC 7292) with the password that the second file holds.

    Refuses with ``seal-key-unreadable``, ``secret-file-open``, ``seal-password-wrong`` and
    ``seal-key-kind`` (neither EC nor RSA, or no key, or no certificate of the key).
    """
    content = _open_p12(p12, password)
    others = tuple(extra.certificate for extra in content.additional_certs)
    certificate, *above = (content.cert.certificate, *others) if content.cert else others or (None,)
    key = content.key
    if certificate is None or not isinstance(key, EllipticCurvePrivateKey | RSAPrivateKey):
        raise DocumentError("seal-key-kind", path=p12)
    return KeptKey(certificate=certificate, private_key=key, chain=tuple(above))


def check_signing_key(key: SigningKey, *, at: datetime) -> None:
    """Refuse a key that must not sign: what is signed with it would be worth nothing.

    ``seal-certificate-usage``, ``seal-certificate-expired``, ``seal-certificate-not-yet``,
    ``seal-key-weak`` and ``seal-key-mismatched`` (the certificate is not this key's, found out by
    signing something and verifying it).
    """
    check_usage(key.certificate)
    check_validity(key.certificate, at=at)
    _check_strength(key.certificate)
    if not _is_signed_by(key.certificate, CHALLENGE, key.sign(CHALLENGE)):
        raise DocumentError("seal-key-mismatched")


def check_validity(certificate: x509.Certificate, *, at: datetime) -> None:
    """Refuse (``seal-certificate-expired``, ``-not-yet``) a certificate that is not in force."""
    since, until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if at < since:
        raise DocumentError("seal-certificate-not-yet", since=since.date())
    if at > until:
        raise DocumentError("seal-certificate-expired", since=since.date(), until=until.date())


def check_usage(certificate: x509.Certificate) -> None:
    """Refuse (``seal-certificate-usage``) what is not for signing documents (RFC 5280, 4.2.1.3)."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound as error:
        raise DocumentError("seal-certificate-usage") from error
    if not usage.content_commitment:
        raise DocumentError("seal-certificate-usage")


def chain_of(
    certificate: x509.Certificate, others: Iterable[x509.Certificate]
) -> tuple[x509.Certificate, ...]:
    """Of the others, in whatever order, those above the certificate: its issuer first."""
    chain: list[x509.Certificate] = []
    left = [one for one in dict.fromkeys(others) if one != certificate]
    while above := next((one for one in left if _is_issued_by(certificate, one)), None):
        chain.append(above)
        left.remove(above)
        certificate = above
    return tuple(chain)


def algorithm_of(certificate: x509.Certificate) -> str:
    """The kind and size of the certificate's key, such as ``RSA-2048`` or ``P-256``."""
    key = certificate.public_key()
    if isinstance(key, EllipticCurvePublicKey):
        return NIST_NAMES.get(key.curve.name, key.curve.name)
    return f"RSA-{key.key_size}" if isinstance(key, RSAPublicKey) else type(key).__name__


def load_certificates(path: Path) -> tuple[x509.Certificate, ...]:
    """A PEM file's certificates, such as the authorities to trust (``certificates-unreadable``)."""
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, *UNREADABLE) as error:
        raise DocumentError("certificates-unreadable", path=path) from error


def _open_p12(p12: Path, password: Path) -> pkcs12.PKCS12KeyAndCertificates:
    try:
        return pkcs12.load_pkcs12(read_secret(p12), read_secret(password).rstrip(b"\r\n"))
    except OSError as error:
        raise DocumentError("seal-key-unreadable", path=error.filename) from error
    except ValueError as error:
        wrong_password = "password" in str(error)  # the library has one exception for both
        code = "seal-password-wrong" if wrong_password else "seal-key-unreadable"
        raise DocumentError(code, path=p12) from error


def _check_strength(certificate: x509.Certificate) -> None:
    key = certificate.public_key()
    if not isinstance(key, EllipticCurvePublicKey | RSAPublicKey):
        raise DocumentError("seal-key-weak", algorithm=algorithm_of(certificate))
    least = LEAST_RSA_BITS if isinstance(key, RSAPublicKey) else LEAST_EC_BITS
    if key.key_size < least:
        raise DocumentError("seal-key-weak", algorithm=algorithm_of(certificate))


def _is_signed_by(certificate: x509.Certificate, data: bytes, signature: bytes) -> bool:
    key = certificate.public_key()
    try:
        if isinstance(key, EllipticCurvePublicKey):
            key.verify(signature, data, ECDSA(SHA256()))
        elif isinstance(key, RSAPublicKey):
            key.verify(signature, data, PKCS1v15(), SHA256())
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
