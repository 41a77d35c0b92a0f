"""What a certificate says of its person: names, numbers and roles as НУЦ РК writes them."""

from __future__ import annotations

import re

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import NameOID

ROLES = "1.2.398.3.3.4.1"
"""Beginning of НУЦ РК's extended key usages: what somebody is to an organisation."""
SERIAL_NUMBER, UNIT = NameOID.SERIAL_NUMBER, NameOID.ORGANIZATIONAL_UNIT_NAME
NUMBERS = {
    "iin": (re.compile(r"IIN([0-9]{12})"), {SERIAL_NUMBER}),
    "bin": (re.compile(r"BIN([0-9]{12})"), {SERIAL_NUMBER, UNIT}),
}
"""How each is written, and in which parts of the subject it may stand."""


def common_name(certificate: x509.Certificate) -> str:
    """Empty where the subject has none."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def number_in(certificate: x509.Certificate, kind: str) -> str | None:
    """The subject's ``iin`` or ``bin``: ``SERIALNUMBER=IIN…``, ``OU=BIN…``; ``None`` if two differ.

    The subject of a certificate is believed only as far as the certificate is trusted.
    """
    pattern, places = NUMBERS[kind]
    found = {
        match[1]
        for attribute in certificate.subject
        if attribute.oid in places and (match := pattern.fullmatch(str(attribute.value)))
    }
    return found.pop() if len(found) == 1 else None


def roles_in(certificate: x509.Certificate) -> frozenset[str]:
    """The OIDs of НУЦ РК among the extended key usages."""
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return frozenset()
    oids = (usage.dotted_string for usage in usages)
    return frozenset(oid for oid in oids if oid == ROLES or oid.startswith(f"{ROLES}."))


def may_sign(certificate: x509.Certificate) -> bool:
    """Whether it is for signing: digitalSignature and nonRepudiation (RFC 5280, 4.2.1.3)."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return usage.digital_signature and usage.content_commitment


def algorithm_of(certificate: x509.Certificate, *, digest: str = "sha256") -> str:
    """How its key signs, for people: ``RSA 2048, SHA-256``."""
    key = certificate.public_key()
    kind = "RSA" if isinstance(key, RSAPublicKey) else "ECDSA"
    return f"{kind} {getattr(key, 'key_size', '')}, SHA-{digest.removeprefix('sha')}"
