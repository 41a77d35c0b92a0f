"""Reads the CMS that a person's program gives: who signed what, and whether the signature holds.

Strict and bounded, because it comes from a stranger: one signer, detached, signed attributes, the
signer's certificate inside (RFC 5652; RFC 5035 for the certificate's hash). Whether a certificate
is to be trusted is asked of ``trust``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from asn1crypto import cms, tsp
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding

from forms_server.documents.der import UNREADABLE, with_definite_lengths
from forms_server.documents.subjects import (
    algorithm_of,
    common_name,
    may_sign,
    number_in,
    roles_in,
)
from forms_server.errors import DocumentError

LONGEST_GIVEN = 128 * 1024
"""Bytes of the longest CMS that is read at all, as text."""
ARMOUR = re.compile(rb"-----(BEGIN|END) (CMS|PKCS7|PKCS #7 SIGNED DATA)-----")
SEQUENCE = 0x30
MOST_CERTIFICATES = 6
"""The signer's and a chain of five. Nobody has vouched for them yet, and whoever looks for a path
through certificates that all name each other tries every order of them."""
SMALLEST_RSA = 2048
SMALLEST_EC = 256

DIGESTS: Mapping[str, type[hashes.HashAlgorithm]] = MappingProxyType(
    {"sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}
)
GOST: Mapping[str, str] = MappingProxyType(
    {
        "1.2.398.3.10.1.1.1.1": "ГОСТ 34.310-2004",
        "1.2.398.3.10.1.1.1.2": "ГОСТ 34.310-2004, 34.311-95",
        "1.3.6.1.4.1.6801.1.2.2": "ГОСТ 34.310-2004, 34.311-95",
        "1.2.398.3.10.1.1.2.1": "ГОСТ 34.10-2015 (256)",
        "1.2.398.3.10.1.1.2.2": "ГОСТ 34.10-2015 (512)",
        "1.2.398.3.10.1.1.2.3.1": "ГОСТ 34.10-2015 (256)",
        "1.2.398.3.10.1.1.2.3.2": "ГОСТ 34.10-2015 (512)",
    }
)
"""Algorithms of keys and signatures of НУЦ РК that are known by name and not calculated here."""
GOST_DIGESTS = frozenset(
    {"1.2.398.3.10.1.3.1", "1.2.398.3.10.1.3.2", "1.2.398.3.10.1.3.3", "1.3.6.1.4.1.6801.1.1.1"}
)

CERTIFICATE_HASHES: Mapping[str, Callable[[bytes], Any]] = MappingProxyType(
    {
        "sha1": lambda data: hashlib.sha1(data, usedforsecurity=False),
        "sha256": hashlib.sha256,
        "sha384": hashlib.sha384,
        "sha512": hashlib.sha512,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CmsFacts:
    """What a CMS says, and that it holds as far as it can be calculated here.

    ``der``: the CMS as it goes into the PDF. ``is_checked``: ``False`` for a GOST signature, whose
    digest and signature nobody has looked at. ``others``: the further certificates inside.
    ``iin`` and ``bin``: as НУЦ РК writes them into the subject, ``None`` where not exactly once.
    ``roles``: the НУЦ РК OIDs among the extended key usages. ``may_sign``: the key usage is
    digitalSignature and nonRepudiation (RFC 5280, 4.2.1.3), not authentication.
    ``signing_time``: by the signer's own clock.
    """

    der: bytes = field(repr=False)
    is_checked: bool
    certificate: x509.Certificate = field(repr=False)
    others: tuple[x509.Certificate, ...] = field(repr=False)
    signer: str = field(repr=False)
    iin: str | None = field(repr=False)
    bin: str | None = field(repr=False)
    roles: frozenset[str]
    may_sign: bool
    algorithm: str
    signing_time: datetime | None

    @property
    def serial_number(self) -> str:
        """The certificate's, in hexadecimal digits."""
        return f"{self.certificate.serial_number:x}"


@dataclass(frozen=True, slots=True)
class _Signer:
    """The one signer of a CMS with their certificate and signed attributes by name."""

    info: cms.SignerInfo
    certificate: x509.Certificate
    key_oid: str
    attributes: Mapping[str, Any]

    @property
    def digest(self) -> str:
        return str(self.info["digest_algorithm"]["algorithm"].native)

    @property
    def is_gost(self) -> bool:
        """Key, signature and digest alike: one of them alone would be a way around the check."""
        return (
            self.key_oid in GOST
            and self.info["signature_algorithm"]["algorithm"].dotted in GOST
            and self.info["digest_algorithm"]["algorithm"].dotted in GOST_DIGESTS
        )


def read_cms(given: bytes, content: bytes) -> CmsFacts:
    """The facts of a detached CMS (DER, BER, PEM or Base64) that should sign the content.

    Refuses with ``cms-unreadable``, ``cms-too-long``, ``cms-several-signers``, ``cms-content`` (it
    carries the content), ``cms-certificates`` (too many), ``cms-algorithm``, ``cms-other-bytes``,
    ``cms-signature-wrong`` and ``cms-gost-digest`` (a GOST key was given a SHA-256 digest in place
    of the bytes).
    """
    with _door():
        der = with_definite_lengths(_bytes_of(given))
        signed = _signed_data(der)
        signer, others = _signer(signed)
        if signer.is_gost:
            _check_no_sha256(signer, content)
        else:
            _check_digest(signer, content)
            _check_signature(signer)
        return _facts(der, signer, others)


@contextmanager
def _door() -> Iterator[None]:
    """Where the libraries' errors stop."""
    try:
        yield
    except UnsupportedAlgorithm as error:
        raise DocumentError("cms-algorithm") from error
    except (*UNREADABLE, RecursionError) as error:
        raise DocumentError("cms-unreadable") from error


def decode(given: bytes) -> bytes:
    """The CMS as bytes, whatever it was written in; refuses with ``cms-unreadable``."""
    with _door():
        return with_definite_lengths(_bytes_of(given))


def _bytes_of(given: bytes) -> bytes:
    if len(given) > LONGEST_GIVEN:
        raise DocumentError("cms-too-long", limit=LONGEST_GIVEN // 1024)
    if given[:1] == bytes([SEQUENCE]):
        return given
    try:
        return base64.b64decode(b"".join(ARMOUR.sub(b"", given).split()), validate=True)
    except binascii.Error as error:
        raise DocumentError("cms-unreadable") from error


def _signed_data(der: bytes) -> cms.SignedData:
    info = cms.ContentInfo.load(der, strict=True)
    if info["content_type"].native != "signed_data":
        raise DocumentError("cms-unreadable")
    signed = info["content"]
    if len(signed["signer_infos"]) != 1:
        raise DocumentError("cms-several-signers")
    inside = signed["encap_content_info"]
    if inside["content"].native is not None:
        raise DocumentError("cms-content")
    if inside["content_type"].native != "data":
        raise DocumentError("cms-unreadable")
    return signed


def _signer(signed: cms.SignedData) -> tuple[_Signer, tuple[x509.Certificate, ...]]:
    info = signed["signer_infos"][0]
    given = [choice.chosen for choice in signed["certificates"] if choice.name == "certificate"]
    if len(given) > MOST_CERTIFICATES:
        raise DocumentError("cms-certificates", limit=MOST_CERTIFICATES)
    own = [certificate for certificate in given if _is_named(info["sid"], certificate)]
    if len(own) != 1:
        raise DocumentError("cms-unreadable")
    others = tuple(_load(certificate) for certificate in given if certificate is not own[0])
    key = own[0]["tbs_certificate"]["subject_public_key_info"]["algorithm"]["algorithm"].dotted
    signer = _Signer(info, _load(own[0]), key, _attributes(info))
    _check_attributes(signer)
    return signer, others


def _is_named(identifier: Any, certificate: Any) -> bool:
    """Whether it is the certificate that the signer names (RFC 5652, 5.3)."""
    if identifier.name == "subject_key_identifier":
        told: bytes | None = certificate.key_identifier
        return told is not None and told == identifier.chosen.native
    named = identifier.chosen
    return bool(
        named["issuer"].dump() == certificate.issuer.dump()
        and named["serial_number"].native == certificate.serial_number
    )


def _load(certificate: Any) -> x509.Certificate:
    return x509.load_der_x509_certificate(certificate.dump())


def _attributes(info: cms.SignerInfo) -> Mapping[str, Any]:
    """The signed attributes, each once with one value, in DER (RFC 5652, 5.3 and 11)."""
    encoded = [attribute.dump() for attribute in info["signed_attrs"]]
    if encoded != sorted(encoded):
        raise DocumentError("cms-unreadable")
    found: dict[str, Any] = {}
    for attribute in info["signed_attrs"]:
        name = str(attribute["type"].native)
        if name in found or len(attribute["values"]) != 1:
            raise DocumentError("cms-unreadable")
        found[name] = attribute["values"][0]
    return found


def _check_attributes(signer: _Signer) -> None:
    """What is there says the same as the rest; what has to be there is."""
    attributes = signer.attributes
    if attributes["content_type"].native != "data" or not attributes["message_digest"].native:
        raise DocumentError("cms-unreadable")
    for name in ("signing_certificate", "signing_certificate_v2"):
        if name in attributes and not _is_hashed(attributes[name], signer.certificate):
            raise DocumentError("cms-signature-wrong")
    protection = attributes.get("cms_algorithm_protection")
    if protection is not None and not _is_protected(protection, signer.info):
        raise DocumentError("cms-signature-wrong")


def _is_hashed(attribute: Any, certificate: x509.Certificate) -> bool:
    """Whether the attribute's first hash is the certificate's (RFC 5035, 3 and 4)."""
    told = attribute["certs"][0]
    is_second = isinstance(told, tsp.ESSCertIDv2)
    name = told["hash_algorithm"]["algorithm"].native if is_second else "sha1"
    encoded = certificate.public_bytes(Encoding.DER)
    return bool(CERTIFICATE_HASHES[name](encoded).digest() == told["cert_hash"].native)


def _is_protected(protection: Any, info: cms.SignerInfo) -> bool:
    """Whether the algorithms are the ones that were signed (RFC 6211)."""
    return bool(
        protection["digest_algorithm"]["algorithm"].dotted
        == info["digest_algorithm"]["algorithm"].dotted
        and protection["signature_algorithm"]["algorithm"].dotted
        == info["signature_algorithm"]["algorithm"].dotted
    )


def _check_digest(signer: _Signer, content: bytes) -> None:
    if signer.digest not in DIGESTS:
        raise DocumentError("cms-algorithm")
    if hashlib.new(signer.digest, content).digest() != signer.attributes["message_digest"].native:
        raise DocumentError("cms-other-bytes")


def _check_no_sha256(signer: _Signer, content: bytes) -> None:
    """With our SHA-256 digest in it, a GOST key signed what no check of GOST would find."""
    if hashlib.sha256(content).digest() == signer.attributes["message_digest"].native:
        raise DocumentError("cms-gost-digest")


def _check_signature(signer: _Signer) -> None:
    """The signature is the certificate's, over the signed attributes as a SET (RFC 5652, 5.4)."""
    kind = _scheme(signer)
    attributes = signer.info["signed_attrs"].untag().dump()
    signature = signer.info["signature"].native
    try:
        _verify(signer, kind, signature, attributes)
    except InvalidSignature as error:
        raise DocumentError("cms-signature-wrong") from error


def _scheme(signer: _Signer) -> str:
    """How it is signed; the digest has to be the one of the message (RFC 5754, 3)."""
    algorithm = signer.info["signature_algorithm"]
    is_told_elsewhere = algorithm["algorithm"].native in {"rsassa_pkcs1v15", "ecdsa"}
    try:
        digest = signer.digest if is_told_elsewhere else algorithm.hash_algo
        kind: str = algorithm.signature_algo
    except ValueError as error:
        raise DocumentError("cms-algorithm") from error
    if digest != signer.digest:
        raise DocumentError("cms-algorithm")
    return kind


def _verify(signer: _Signer, kind: str, signature: bytes, attributes: bytes) -> None:
    key = signer.certificate.public_key()
    digest = DIGESTS[signer.digest]()
    match key, kind:
        case RSAPublicKey(), "rsassa_pkcs1v15" if key.key_size >= SMALLEST_RSA:
            key.verify(signature, attributes, PKCS1v15(), digest)
        case RSAPublicKey(), "rsassa_pss" if key.key_size >= SMALLEST_RSA:
            key.verify(signature, attributes, _pss(signer, digest), digest)
        case EllipticCurvePublicKey(), "ecdsa" if key.key_size >= SMALLEST_EC:
            key.verify(signature, attributes, ECDSA(digest))
        case _:
            raise DocumentError("cms-algorithm")


def _pss(signer: _Signer, digest: hashes.HashAlgorithm) -> PSS:
    """Both digests have to be the one that the message has (RFC 4056, 3)."""
    parameters = signer.info["signature_algorithm"]["parameters"]
    mask = parameters["mask_gen_algorithm"]
    if mask["algorithm"].native != "mgf1":
        raise DocumentError("cms-algorithm")
    if mask["parameters"]["algorithm"].native != signer.digest:
        raise DocumentError("cms-algorithm")
    return PSS(mgf=MGF1(digest), salt_length=parameters["salt_length"].native)


def _facts(der: bytes, signer: _Signer, others: tuple[x509.Certificate, ...]) -> CmsFacts:
    certificate = signer.certificate
    _check_days(certificate)
    return CmsFacts(
        der=der,
        is_checked=not signer.is_gost,
        certificate=certificate,
        others=others,
        signer=common_name(certificate),
        iin=number_in(certificate, "iin"),
        bin=number_in(certificate, "bin"),
        roles=roles_in(certificate),
        may_sign=may_sign(certificate),
        algorithm=_algorithm(signer),
        signing_time=_signing_time(signer),
    )


def _check_days(certificate: x509.Certificate) -> None:
    """The library reads a certificate's days when it is asked for them: ``ValueError`` if none."""
    _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc


def _signing_time(signer: _Signer) -> datetime | None:
    """It is in UTC (RFC 5652, 11.3); raises ``ValueError`` for what is no moment of it."""
    if "signing_time" not in signer.attributes:
        return None
    told = signer.attributes["signing_time"].native
    if not isinstance(told, datetime) or told.tzinfo is None:
        raise ValueError("no moment")
    return told


def _algorithm(signer: _Signer) -> str:
    """Its name for people; of a GOST one the standard's."""
    told = signer.info["signature_algorithm"]["algorithm"]
    if signer.is_gost:
        return GOST[told.dotted]
    name = algorithm_of(signer.certificate, digest=signer.digest)
    return f"{name} (PSS)" if told.native == "rsassa_pss" else name
