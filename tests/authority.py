"""A throw-away certification authority and real PDFs to seal: for tests, made anew each time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import weasyprint
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from forms_server.documents.signing_keys import KeptKey, PrivateKey

PASSWORD = b"throw-away"
LIFETIME = timedelta(days=7300)
"""Long, because judges such as ``pdfsig`` look at today's clock."""
USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
    "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip
SIGNING = ("digital_signature", "content_commitment")

PAGE = """<!doctype html><html lang="ru"><head><title>Образец</title></head>
<body style="font-family: Liberation Serif"><h1>Образец</h1><p>{text}</p></body></html>"""
DATA_XML = b'<?xml version="1.0" encoding="UTF-8"?>\n<answers form="mse-01"/>\n'


@dataclass(frozen=True, slots=True)
class Authority:
    """A root certificate and its key."""

    certificate: x509.Certificate
    private_key: PrivateKey


def make_authority(now: datetime, *, name: str = "Throw-away authority") -> Authority:
    """A self-signed root, valid for ``LIFETIME`` from ``now``."""
    key = generate_private_key(SECP256R1())
    builder = _builder(_named(name), key, now=now, usages=("key_cert_sign", "crl_sign"), ca=True)
    certificate = builder.issuer_name(_named(name)).sign(key, hashes.SHA256())
    return Authority(certificate, key)


def make_seal_keys(
    authority: Authority,
    now: datetime,
    *,
    name: str = "Throw-away seal",
    usages: tuple[str, ...] = SIGNING,
    rsa: bool = False,
    bits: int = 2048,
) -> KeptKey:
    """A seal issued by the authority, valid for ``LIFETIME`` from ``now``; P-256, or RSA."""
    key = generate_rsa(65537, bits) if rsa else generate_private_key(SECP256R1())
    builder = _builder(_named(name), key, now=now, usages=usages, ca=False)
    issued = builder.issuer_name(authority.certificate.subject)
    certificate = issued.sign(authority.private_key, hashes.SHA256())
    return KeptKey(certificate=certificate, private_key=key, chain=(authority.certificate,))


def write_p12(keys: KeptKey, folder: Path) -> tuple[Path, Path]:
    """The keys as ``seal.p12`` and the password as ``seal.password`` in the folder."""
    p12, password = folder / "seal.p12", folder / "seal.password"
    encryption = serialization.BestAvailableEncryption(PASSWORD)
    content = pkcs12.serialize_key_and_certificates(
        b"seal", keys.private_key, keys.certificate, list(keys.chain), encryption
    )
    p12.write_bytes(content)
    password.write_bytes(PASSWORD + b"\n")
    for secret in (p12, password):
        secret.chmod(0o600)
    return p12, password


def print_pdf(*, text: str = "Текст, мәтін.", data_xml: bytes | None = DATA_XML) -> bytes:
    """A small tagged PDF/A-3a as WeasyPrint writes it, with the data XML attached."""
    attachments = []
    if data_xml is not None:
        attached = weasyprint.Attachment(string=data_xml, name="data.xml", relationship="Data")
        attachments.append(attached)
    html = weasyprint.HTML(string=PAGE.format(text=text))
    pdf: bytes = html.write_pdf(pdf_variant="pdf/a-3a", pdf_tags=True, attachments=attachments)
    return pdf


def _builder(
    subject: x509.Name,
    key: PrivateKey,
    *,
    now: datetime,
    usages: tuple[str, ...],
    ca: bool,
) -> x509.CertificateBuilder:
    usage = x509.KeyUsage(**(dict.fromkeys(USAGES, False) | dict.fromkeys(usages, True)))
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(usage, critical=True)
    )


def _named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
