"""What a person's program gives is read strictly: ``openssl cms`` signs, each defect has a code."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import cms
from asn1crypto.core import GeneralizedTime
from hypothesis import given
from hypothesis import strategies as st

from forms_server.documents.cms import LONGEST_GIVEN, MOST_CERTIFICATES, read_cms
from forms_server.documents.der import with_definite_lengths
from forms_server.documents.signing_keys import KeptKey
from forms_server.errors import DocumentError
from tests.authority import Authority, make_authority
from tests.signers import (
    AUTHENTICATION,
    BIN,
    IIN,
    RIGHT_TO_SIGN,
    Person,
    as_gost,
    ending_at,
    make_person,
    resigned,
    sign_with_openssl,
    verify_with_openssl,
    with_certificates,
    with_open_lengths,
)
from tests.workshop import NOW

CONTENT = b"%PDF-1.7 what is signed"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return make_authority(NOW)


@pytest.fixture(scope="module")
def person(authority: Authority) -> KeptKey:
    return make_person(authority, NOW)


@pytest.fixture(scope="module")
def rsa(authority: Authority) -> KeptKey:
    return make_person(authority, NOW, Person(rsa=True, bin=BIN, roles=RIGHT_TO_SIGN))


@pytest.fixture(scope="module")
def signature(person: KeptKey, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return sign_with_openssl(person, CONTENT, tmp_path_factory.mktemp("cms"))


def refused(signature: bytes, content: bytes = CONTENT) -> str:
    with pytest.raises(DocumentError) as refusal:
        read_cms(signature, content)
    return refusal.value.code


def exchanged(signature: bytes, part: str, other: str) -> bytes:
    """The CMS with bytes, told in hexadecimal and found once, exchanged for as many others."""
    before, after = signature.split(bytes.fromhex(part))
    return before + bytes.fromhex(other) + after


def attributes_of(info: cms.ContentInfo) -> cms.CMSAttributes:
    return info["content"]["signer_infos"][0]["signed_attrs"]


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("-md", "sha384"),
        ("-md", "sha512", "-cades"),
        ("-md", "sha256", "-cades", "-keyid"),
        ("-md", "sha256", "-outform", "PEM"),
    ],
)
def test_what_openssl_signs_is_taken_and_what_is_kept_openssl_verifies(
    person: KeptKey, authority: Authority, tmp_path: Path, options: tuple[str, ...]
) -> None:
    facts = read_cms(sign_with_openssl(person, CONTENT, tmp_path, *options), CONTENT)
    assert (facts.iin, facts.bin, facts.signer) == (IIN, None, "ҮЛГІЕВА ӘСЕЛ")
    assert facts.is_checked
    assert facts.may_sign
    assert facts.algorithm.startswith("ECDSA 256, SHA-")
    assert facts.signing_time is not None
    assert verify_with_openssl(facts.der, CONTENT, authority, tmp_path)


@pytest.mark.parametrize(
    ("options", "algorithm"),
    [
        ((), "RSA 2048, SHA-256"),
        (("-md", "sha512", "-cades"), "RSA 2048, SHA-512"),
        (("-md", "sha256", "-keyopt", "rsa_padding_mode:pss"), "RSA 2048, SHA-256 (PSS)"),
    ],
)
def test_an_rsa_key_of_an_organisation(
    rsa: KeptKey, tmp_path: Path, options: tuple[str, ...], algorithm: str
) -> None:
    facts = read_cms(sign_with_openssl(rsa, CONTENT, tmp_path, *options), CONTENT)
    assert (facts.iin, facts.bin, facts.roles) == (IIN, BIN, frozenset(RIGHT_TO_SIGN))
    assert facts.algorithm == algorithm


def test_a_key_for_authentication_is_told_from_one_for_signing(
    authority: Authority, tmp_path: Path
) -> None:
    person = make_person(authority, NOW, Person(usages=AUTHENTICATION))
    assert not read_cms(sign_with_openssl(person, CONTENT, tmp_path), CONTENT).may_sign


def test_base64_with_line_breaks_and_armour(signature: bytes) -> None:
    broken = base64.encodebytes(signature)
    armoured = b"-----BEGIN CMS-----\r\n" + broken + b"-----END CMS-----\r\n"
    assert read_cms(broken, CONTENT) == read_cms(armoured, CONTENT) == read_cms(signature, CONTENT)


def test_open_lengths_of_java_become_der(signature: bytes) -> None:
    assert with_open_lengths(signature) != signature
    assert read_cms(with_open_lengths(signature), CONTENT).der == signature


def test_other_bytes(signature: bytes) -> None:
    assert refused(signature, CONTENT + b" ") == "cms-other-bytes"


def test_a_signature_that_is_not_the_certificates(
    signature: bytes, authority: Authority, tmp_path: Path
) -> None:
    other = make_person(authority, NOW)
    foreign = cms.ContentInfo.load(sign_with_openssl(other, CONTENT, tmp_path))
    info = cms.ContentInfo.load(signature)
    signer = foreign["content"]["signer_infos"][0]
    info["content"]["signer_infos"][0]["signature"] = signer["signature"].native
    assert refused(info.dump(force=True)) == "cms-signature-wrong"


def test_the_certificate_exchanged_under_a_hash_of_another(person: KeptKey, tmp_path: Path) -> None:
    """Same name, same serial number, another certificate: the signed hash finds it out."""
    signature = sign_with_openssl(person, CONTENT, tmp_path, "-md", "sha256", "-cades")
    info = cms.ContentInfo.load(signature)
    hashed = next(a for a in attributes_of(info) if a["type"].native == "signing_certificate_v2")
    hashed["values"][0]["certs"][0]["cert_hash"] = bytes(32)
    assert refused(info.dump(force=True)) == "cms-signature-wrong"


def test_two_signers_and_none(rsa: KeptKey, signature: bytes, tmp_path: Path) -> None:
    info = cms.ContentInfo.load(signature)
    second = cms.ContentInfo.load(sign_with_openssl(rsa, CONTENT, tmp_path))
    signers = [*info["content"]["signer_infos"], *second["content"]["signer_infos"]]
    info["content"]["signer_infos"] = cms.SignerInfos(signers)
    assert refused(info.dump(force=True)) == "cms-several-signers"
    info["content"]["signer_infos"] = cms.SignerInfos([])
    assert refused(info.dump(force=True)) == "cms-several-signers"


def test_the_document_enclosed(person: KeptKey, tmp_path: Path) -> None:
    enclosed = sign_with_openssl(person, CONTENT, tmp_path, "-md", "sha256", "-nodetach")
    assert refused(enclosed) == "cms-content"


def test_without_signed_attributes(person: KeptKey, tmp_path: Path) -> None:
    assert refused(sign_with_openssl(person, CONTENT, tmp_path, "-noattr")) == "cms-unreadable"


def test_without_its_certificate(person: KeptKey, tmp_path: Path) -> None:
    bare = sign_with_openssl(person, CONTENT, tmp_path, "-md", "sha256", "-nocerts")
    assert refused(bare) == "cms-unreadable"


def test_a_weak_digest(rsa: KeptKey, tmp_path: Path) -> None:
    assert refused(sign_with_openssl(rsa, CONTENT, tmp_path, "-md", "sha1")) == "cms-algorithm"


def test_attributes_out_of_order(signature: bytes) -> None:
    attributes = attributes_of(cms.ContentInfo.load(signature)).contents
    encoded = [each.dump() for each in attributes_of(cms.ContentInfo.load(signature))]
    turned = signature.replace(attributes, b"".join(reversed(encoded)))
    assert turned != signature
    assert refused(turned) == "cms-unreadable"


def test_truncated_followed_and_garbage(signature: bytes) -> None:
    for damaged in (signature[:-20], signature + b"\x00", b"", b"0", b"NCALayer", b"\x30\x80"):
        assert refused(damaged) == "cms-unreadable"


def test_too_long() -> None:
    assert refused(b"A" * (LONGEST_GIVEN + 1)) == "cms-too-long"


@pytest.mark.parametrize("moment", [b"20260101000000", b"00000101000000Z"])
def test_a_time_of_signing_that_is_no_moment(
    person: KeptKey, signature: bytes, moment: bytes
) -> None:
    """Without a time zone, and in a year that no calendar has."""
    told = cms.Time(name="generalized_time", value=GeneralizedTime(contents=moment))
    assert refused(resigned(signature, person, signing_time=told)) == "cms-unreadable"


def test_a_time_of_signing_that_is_one(person: KeptKey, signature: bytes) -> None:
    told = cms.Time(name="generalized_time", value=GeneralizedTime(contents=b"20260101000000Z"))
    facts = read_cms(resigned(signature, person, signing_time=told), CONTENT)
    assert facts.signing_time == datetime(2026, 1, 1, tzinfo=UTC)


def test_a_certificate_that_ends_on_no_day(person: KeptKey, tmp_path: Path) -> None:
    signature = sign_with_openssl(person, b"other", tmp_path, "-md", "sha256", "-keyid")
    assert refused(as_gost(ending_at(signature, b"00000101000000Z"))) == "cms-unreadable"


def test_a_certificate_of_an_unknown_version(signature: bytes) -> None:
    assert refused(exchanged(signature, "a003020102", "a003020101")) == "cms-unreadable"


def test_a_certificate_that_says_a_thing_twice(signature: bytes) -> None:
    """Its key usage is named as another extension is: which of the two holds?"""
    assert refused(exchanged(signature, "0603551d0f", "0603551d0e")) == "cms-unreadable"


def test_certificates_in_heaps(signature: bytes) -> None:
    """Whoever has to find a path through them tries every order: eight take half a minute."""
    heap = [make_authority(NOW).certificate for _ in range(MOST_CERTIFICATES)]
    assert read_cms(with_certificates(signature, heap[1:]), CONTENT).others
    assert refused(with_certificates(signature, heap)) == "cms-certificates"


def test_a_gost_signature_is_named_and_not_called_valid(signature: bytes) -> None:
    facts = read_cms(as_gost(signature), b"only a GOST digest could tell")
    assert not facts.is_checked
    assert (facts.algorithm, facts.iin) == ("ГОСТ 34.10-2015 (512)", IIN)


def test_the_name_of_gost_alone_is_no_way_around_the_check(signature: bytes) -> None:
    """Each of the three algorithms has to be of GOST: else the signature is calculated."""
    for parts in (("key",), ("signature",), ("digest",), ("signature", "digest")):
        assert refused(as_gost(signature, *parts)) == "cms-algorithm"


def test_our_digest_signed_with_a_gost_key(signature: bytes) -> None:
    """Its message digest is of SHA-256, under the name of GOST's: it signs nothing of ours."""
    assert refused(as_gost(signature)) == "cms-gost-digest"


@given(st.binary(max_size=400))
def test_random_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(DocumentError):
        read_cms(data, CONTENT)


@pytest.mark.filterwarnings(
    "ignore:Attribute's length:UserWarning", "ignore:Parsed a serial number:DeprecationWarning"
)
@given(st.data())
def test_a_changed_cms_is_refused_or_means_the_same(signature: bytes, data: st.DataObject) -> None:
    """What is not signed may be changed (an unsigned attribute, say); who signed what may not."""
    place = data.draw(st.integers(0, len(signature) - 1))
    byte = data.draw(st.integers(0, 255))
    changed = signature[:place] + bytes([byte]) + signature[place + 1 :]
    try:
        facts = read_cms(changed, CONTENT)
    except DocumentError:
        return
    own = read_cms(signature, CONTENT)
    assert facts.is_checked
    assert facts.certificate.public_key() == own.certificate.public_key()


@given(st.binary(max_size=60))
def test_definite_lengths_are_kept_or_refused(data: bytes) -> None:
    try:
        once = with_definite_lengths(data)
    except (ValueError, IndexError):
        return
    assert with_definite_lengths(once) == once
