"""Keys that sign PDFs: the seal's and persons'; opened once and held, wherever they lie."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, assert_never

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import pkcs12

from forms_server.errors import DocumentError

DEVELOPMENT_MARK = "development"

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


def load_p12(p12: Path, password: Path, *, now: datetime) -> KeptKey:
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
    check_usage(certificate)
    check_validity(certificate, at=now)
    chain = tuple(extra.certificate for extra in content.additional_certs)
    return KeptKey(certificate=certificate, private_key=key, chain=chain)


def check_validity(certificate: x509.Certificate, *, at: datetime) -> None:
    """Refuse (``seal-certificate-expired``) a certificate that is not in force at that time."""
    since, until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not since <= at <= until:
        raise DocumentError("seal-certificate-expired", since=since.date(), until=until.date())


def check_usage(certificate: x509.Certificate) -> None:
    """Refuse (``seal-certificate-usage``) what is not for signing documents (RFC 5280, 4.2.1.3)."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound as error:
        raise DocumentError("seal-certificate-usage") from error
    if not usage.content_commitment:
        raise DocumentError("seal-certificate-usage")


def load_certificates(path: Path) -> tuple[x509.Certificate, ...]:
    """A PEM file's certificates, such as the authorities to trust (``certificates-unreadable``)."""
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise DocumentError("certificates-unreadable", path=path) from error


def _open_p12(p12: Path, password: Path) -> pkcs12.PKCS12KeyAndCertificates:
    try:
        return pkcs12.load_pkcs12(p12.read_bytes(), password.read_bytes().rstrip(b"\r\n"))
    except OSError as error:
        raise DocumentError("seal-key-unreadable", path=error.filename) from error
    except ValueError as error:
        wrong_password = "password" in str(error)  # the library has one exception for both
        code = "seal-password-wrong" if wrong_password else "seal-key-unreadable"
        raise DocumentError(code, path=p12) from error
