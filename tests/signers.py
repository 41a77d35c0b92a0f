"""Persons with certificates such as НУЦ РК issues, and ``openssl cms``, their signing program."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path

import pikepdf
from asn1crypto import cms, parser
from asn1crypto import x509 as asn1_x509
from asn1crypto.core import GeneralizedTime, ObjectIdentifier
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pikepdf import Array, Dictionary, Name, Pdf, String

from forms_server.documents.fonts import RESOURCE, embed, load_slot_font
from forms_server.documents.signing_keys import KeptKey
from tests.authority import LIFETIME, SIGNING, USAGES, Authority, print_pdf

IIN = "000000000000"
OTHER_IIN = "000000000010"
BIN = "000140000002"
AUTHENTICATION = ("digital_signature", "key_encipherment")
NATURAL_PERSON = "1.2.398.3.3.4.1.1"
RIGHT_TO_SIGN = ("1.2.398.3.3.4.1.2", "1.2.398.3.3.4.1.2.2")
EMPLOYEE = ("1.2.398.3.3.4.1.2", "1.2.398.3.3.4.1.2.5")
FIELD = "head_signature"
PLACE = (60, 500, 260, 540)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What a certificate is to say of its holder; times count from now."""

    name: str = "ҮЛГІЕВА ӘСЕЛ"
    iin: str | None = IIN
    bin: str | None = None
    roles: tuple[str, ...] = (NATURAL_PERSON,)
    usages: tuple[str, ...] = SIGNING
    begins: timedelta = timedelta(minutes=-1)
    lasts: timedelta = LIFETIME
    rsa: bool = False
    revocation_list: str = ""
    """Address of the list that a revoked certificate stands in."""


def make_person(authority: Authority, now: datetime, person: Person | None = None) -> KeptKey:
    """A key of the person, its certificate issued by the authority."""
    person = person or Person()
    key = generate_rsa(65537, 2048) if person.rsa else generate_private_key(SECP256R1())
    usage = x509.KeyUsage(**(dict.fromkeys(USAGES, False) | dict.fromkeys(person.usages, True)))
    roles = x509.ExtendedKeyUsage([x509.ObjectIdentifier(role) for role in person.roles])
    builder = (
        x509.CertificateBuilder()
        .subject_name(_subject(person))
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + person.begins)
        .not_valid_after(now + person.begins + person.lasts)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(roles, critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if person.revocation_list:
        place = x509.UniformResourceIdentifier(person.revocation_list)
        point = x509.DistributionPoint([place], None, None, None)
        builder = builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)
    certificate = builder.sign(authority.private_key, hashes.SHA256())
    return KeptKey(certificate=certificate, private_key=key, chain=(authority.certificate,))


def _subject(person: Person) -> x509.Name:
    told = [
        (NameOID.COMMON_NAME, person.name),
        (NameOID.SERIAL_NUMBER, person.iin and f"IIN{person.iin}"),
        (NameOID.COUNTRY_NAME, "KZ"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, person.bin and f"BIN{person.bin}"),
    ]
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in told if value])


def write_key(key: KeptKey, folder: Path) -> tuple[Path, Path]:
    """``signer.pem`` (the certificate) and ``signer.key`` in the folder."""
    certificate, private = folder / "signer.pem", folder / "signer.key"
    certificate.write_bytes(key.certificate.public_bytes(Encoding.PEM))
    private.write_bytes(
        key.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return certificate, private


def sign_with_openssl(key: KeptKey, content: bytes, folder: Path, *options: str) -> bytes:
    """What ``openssl cms -sign`` gives: DER, detached unless the options say ``-nodetach``."""
    certificate, private = write_key(key, folder)
    told = folder / "content.bin"
    told.write_bytes(content)
    command = ["openssl", "cms", "-sign", "-binary", "-in", told, "-signer", certificate]
    command += ["-inkey", private, *(options or ("-md", "sha256"))]
    if "-outform" not in options:
        command += ["-outform", "DER"]
    return subprocess.run(command, check=True, capture_output=True).stdout


def verify_with_openssl(cms: bytes, content: bytes, authority: Authority, folder: Path) -> bool:
    """What ``openssl cms -verify`` finds of a detached CMS."""
    signature, told, root = folder / "cms.der", folder / "content.bin", folder / "root.pem"
    signature.write_bytes(cms)
    told.write_bytes(content)
    root.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", signature]
    command += ["-content", told, "-CAfile", root, "-purpose", "any", "-out", folder / "out"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def pdf_with_field(*names: str) -> bytes:
    """A small PDF/A with empty signature fields and the font that their letters are in."""
    with Pdf.open(BytesIO(print_pdf())) as pdf:
        fields = [_field(pdf, name, number) for number, name in enumerate(names or (FIELD,))]
        page = pdf.pages[0].obj
        page.Annots = Array([*page.get("/Annots", []), *fields])
        fonts = Dictionary({f"/{RESOURCE}": embed(pdf, load_slot_font())})
        pdf.Root.AcroForm = Dictionary(Fields=Array(fields), SigFlags=3, DR=Dictionary(Font=fonts))
        output = BytesIO()
        pdf.save(output, deterministic_id=True)
    return output.getvalue()


def _field(pdf: Pdf, name: str, number: int) -> pikepdf.Object:
    left, bottom, right, top = PLACE
    field = Dictionary(
        Type=Name.Annot,
        Subtype=Name.Widget,
        FT=Name.Sig,
        T=String(name),
        TU=String(name),
        F=4,
        Rect=Array([left, bottom - 60 * number, right, top - 60 * number]),
        P=pdf.pages[0].obj,
    )
    return pdf.make_indirect(field)


GOST = {
    "key": {
        "1.2.840.10045.2.1": "1.2.398.3.10.1.1.2.2",
        "1.2.840.10045.3.1.7": "1.2.398.3.10.1.1.2.2.1",
    },
    "signature": {"1.2.840.10045.4.3.2": "1.2.398.3.10.1.1.2.3.2"},
    "digest": {"2.16.840.1.101.3.4.2.1": "1.2.398.3.10.1.3.3"},
}
"""OIDs of P-256 and SHA-256, and those of ГОСТ 34.10-2015 (512) in their place."""


def as_gost(cms: bytes, *parts: str) -> bytes:
    """The CMS of an EC key under the names of GOST; its signature is then anything."""
    named = {
        ObjectIdentifier(old).dump(): ObjectIdentifier(new).dump()
        for part in parts or GOST
        for old, new in GOST[part].items()
    }
    return _rebuilt(cms, named)


def _rebuilt(encoded: bytes, replaced: Mapping[bytes, bytes]) -> bytes:
    if encoded in replaced:
        return replaced[encoded]
    kind, is_constructed, tag, _, contents, _ = parser.parse(encoded)
    if not is_constructed:
        return encoded
    inside = b"".join(_rebuilt(part, replaced) for part in _parts(contents))
    return bytes(parser.emit(kind, is_constructed, tag, inside))


def resigned(cms_given: bytes, key: KeptKey, **attributes: object) -> bytes:
    """The CMS of an EC key with other values of signed attributes, signed again."""
    info = cms.ContentInfo.load(cms_given)
    signer = info["content"]["signer_infos"][0]
    told = [
        cms.CMSAttribute({"type": kind, "values": [attributes.get(kind, one["values"][0])]})
        for one in signer["signed_attrs"]
        for kind in [one["type"].native]
    ]
    signer["signed_attrs"] = cms.CMSAttributes(sorted(told, key=lambda one: one.dump()))
    covered = signer["signed_attrs"].untag().dump()
    signer["signature"] = key.sign(covered)
    return bytes(info.dump())


def with_certificates(cms_given: bytes, more: Sequence[x509.Certificate]) -> bytes:
    """The CMS with more certificates inside: they are not signed."""
    info = cms.ContentInfo.load(cms_given)
    given = [choice.chosen for choice in info["content"]["certificates"]]
    given += [asn1_x509.Certificate.load(one.public_bytes(Encoding.DER)) for one in more]
    info["content"]["certificates"] = [
        cms.CertificateChoices(name="certificate", value=one) for one in given
    ]
    return bytes(info.dump(force=True))


def ending_at(cms_given: bytes, end: bytes) -> bytes:
    """The CMS with its certificate's end, as it stands there, exchanged for other digits."""
    info = cms.ContentInfo.load(cms_given)
    (certificate,) = (choice.chosen for choice in info["content"]["certificates"])
    told = asn1_x509.Time(name="general_time", value=GeneralizedTime(contents=end))
    certificate["tbs_certificate"]["validity"]["not_after"] = told
    return bytes(info.dump(force=True))


def with_open_lengths(encoded: bytes, *, depth: int = 3) -> bytes:
    """The same in BER, as Java writes it: outer values without their lengths."""
    _, is_constructed, _, _, contents, _ = parser.parse(encoded)
    if not is_constructed or not depth:
        return encoded
    inside = (with_open_lengths(part, depth=depth - 1) for part in _parts(contents))
    return encoded[:1] + b"\x80" + b"".join(inside) + b"\x00\x00"


def _parts(contents: bytes) -> Iterator[bytes]:
    while contents:
        length = parser.peek(contents)
        yield contents[:length]
        contents = contents[length:]
