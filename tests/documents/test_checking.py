"""Checking: each fact stands for itself, and no file, however hostile, gets past the door."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from io import BytesIO

import pikepdf
import pytest
from cryptography.x509 import Certificate
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyhanko.keys.internal import (
    translate_pyca_cryptography_cert_to_asn1,
    translate_pyca_cryptography_key_to_asn1,
)
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, SimpleSigner, sign_pdf
from pyhanko_certvalidator.registry import SimpleCertificateStore

from forms_server.documents.checking import LARGEST_PDF, check_pdf
from forms_server.documents.isolation import check_isolated
from forms_server.documents.signature_facts import (
    Addition,
    Authorities,
    PageMarks,
    SealReport,
    SignatureFacts,
    SignatureKind,
)
from forms_server.documents.signing import FIELD_NAME
from forms_server.errors import DocumentError
from tests.authority import DATA_XML, make_authority, make_seal_keys, print_pdf
from tests.documents.sealed import AUTHORITY, BOMB, KEYS, NOW, PDF, SEALED, TRUSTED, seal
from tests.signers import pdf_with_field

GOOD = SignatureFacts(
    field_name=FIELD_NAME,
    kind=SignatureKind.SEAL,
    intact=True,
    valid=True,
    trusted=True,
    is_ours=True,
    covers_whole_file=True,
    changed_after=False,
    added=Addition.NOTHING,
    signed_at=NOW,
    level="B-B",
    revocation="unknown",
    signer="Throw-away seal",
    serial_number=f"{KEYS.certificate.serial_number:x}",
    certificate_from=KEYS.certificate.not_valid_before_utc,
    certificate_until=KEYS.certificate.not_valid_after_utc,
    algorithm="sha256_ecdsa sha256",
)
OWN = (KEYS.certificate,)

Check = Callable[[bytes], SealReport]


def checked(pdf: bytes) -> SealReport:
    return check_pdf(pdf, trusted=TRUSTED, own=OWN)


def checked_apart(pdf: bytes) -> SealReport:
    """In a child; what is read there beside the facts is left out, to be compared."""
    report = check_isolated(pdf, authorities=Authorities(seals=TRUSTED, own=OWN))
    return replace(report, marks=PageMarks(), cells={})


both = pytest.mark.parametrize("check", [checked, checked_apart])


def _refusal(pdf: bytes, check: Check) -> str:
    with pytest.raises(DocumentError) as refusal:
        check(pdf)
    assert refusal.value.say("kk") != refusal.value.say("ru")
    return refusal.value.code


def _signed_range() -> tuple[int, int]:
    """Where ``/Contents`` begins and ends: all other bytes are signed."""
    with pikepdf.open(BytesIO(SEALED)) as opened:
        _, length, start, _ = map(int, opened.Root.Perms.DocMDP.ByteRange)
    return length, start


def _changed(pdf: bytes, place: int, flip: int = 1) -> bytes:
    return pdf[:place] + bytes([pdf[place] ^ flip]) + pdf[place + 1 :]


# -- facts ----------------------------------------------------------------------------------------


@both
def test_a_good_seal_is_good_in_every_respect(check: Check) -> None:
    expected = SealReport(signatures=(GOOD,), data_xml=DATA_XML, page_count=1, revisions=2)
    assert check(SEALED) == expected


@both
def test_a_file_without_a_seal_has_no_signatures(check: Check) -> None:
    bare = print_pdf(data_xml=None)
    assert check(bare) == SealReport(signatures=(), data_xml=None, page_count=1)


@pytest.mark.parametrize("trusted", [(), (make_authority(NOW).certificate,)])
def test_a_seal_of_an_unknown_authority_is_only_untrusted(trusted: tuple[Certificate, ...]) -> None:
    (facts,) = check_pdf(SEALED, trusted=trusted, own=OWN).signatures
    assert facts == replace(GOOD, trusted=False, trust_code="certificate-untrusted")


def test_an_authority_of_the_same_name_is_not_the_authority() -> None:
    forger = make_authority(NOW)
    (facts,) = checked(seal(PDF, make_seal_keys(forger, NOW))).signatures
    assert (facts.intact, facts.valid, facts.trusted, facts.is_ours) == (True, True, False, False)
    assert facts.trust_code == "certificate-untrusted"


def test_an_rsa_seal_is_as_good() -> None:
    keys = make_seal_keys(AUTHORITY, NOW, rsa=True)
    (facts,) = check_pdf(seal(PDF, keys), trusted=TRUSTED, own=(keys.certificate,)).signatures
    told = {"serial_number": facts.serial_number, "algorithm": facts.algorithm}
    assert facts == replace(GOOD, **told)
    assert "rsa" in facts.algorithm


def test_a_development_seal_is_told_apart() -> None:
    keys = make_seal_keys(AUTHORITY, NOW, name="Development seal, not for use")
    (facts,) = checked(seal(PDF, keys)).signatures
    assert facts.is_development


def test_one_changed_byte_of_the_text_breaks_the_digest() -> None:
    place = SEALED.index(b"stream") + 20
    (facts,) = checked(_changed(SEALED, place)).signatures
    assert not facts.intact
    assert not facts.trusted
    assert facts.valid


def test_another_signature_in_place_of_ours_is_not_valid() -> None:
    """The last byte of the CMS, before the padding, belongs to the signature value."""
    _, end = _signed_range()
    digits = SEALED[:end].rstrip(b">").rstrip(b"0")
    place = len(digits) - 2
    digit = b"A" if SEALED[place : place + 1] != b"A" else b"B"
    (facts,) = checked(SEALED[:place] + digit + SEALED[place + 1 :]).signatures
    assert facts.intact
    assert not facts.valid
    assert not facts.trusted


def _sign_further(pdf: bytes, field_name: str) -> bytes:
    keys = make_seal_keys(AUTHORITY, NOW, name="Throw-away clerk")
    chain = map(translate_pyca_cryptography_cert_to_asn1, keys.chain)
    signer = SimpleSigner(
        translate_pyca_cryptography_cert_to_asn1(keys.certificate),
        translate_pyca_cryptography_key_to_asn1(keys.private_key),
        SimpleCertificateStore.from_certs(chain),
    )
    metadata = PdfSignatureMetadata(
        field_name, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES
    )
    signed: BytesIO = sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf)), metadata, signer)
    return signed.getvalue()


def test_a_further_signature_is_permitted_and_told() -> None:
    sealed = seal(pdf_with_field("Clerk"), KEYS)
    first, further = checked(_sign_further(sealed, "Clerk")).signatures
    assert first == replace(GOOD, changed_after=True, added=Addition.PERMITTED)
    assert (first.kind, further.kind) == (SignatureKind.SEAL, SignatureKind.PERSON)
    assert not further.trusted, "the authority of seals is none of persons"
    assert further.signer == "Throw-away clerk"
    assert further.covers_whole_file
    assert not further.changed_after


def test_a_page_changed_after_the_seal_is_told() -> None:
    writer = IncrementalPdfFileWriter(BytesIO(SEALED))
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Rotate"] = page["/MediaBox"][0]
    writer.update_container(page)
    writer.write(output := BytesIO())
    (facts,) = checked(output.getvalue()).signatures
    assert facts.intact
    assert facts.valid
    assert not facts.covers_whole_file
    assert facts.changed_after


def test_bytes_after_the_end_are_not_covered() -> None:
    (facts,) = checked(SEALED + b"\n% more\n").signatures
    assert facts.changed_after


# -- hostile files --------------------------------------------------------------------------------


def _encrypted() -> bytes:
    with pikepdf.open(BytesIO(PDF)) as opened:
        opened.save(output := BytesIO(), encryption=pikepdf.Encryption(owner="o", user="u"))
    return output.getvalue()


@both
@pytest.mark.parametrize(
    ("pdf", "code"),
    [
        (b"", "pdf-not-a-pdf"),
        (b"PK\x03\x04 a zip", "pdf-not-a-pdf"),
        (b"%PDF-1.7\n", "pdf-broken"),
        (SEALED[: len(SEALED) // 2], "pdf-broken"),
        (_encrypted(), "pdf-encrypted"),
        (BOMB, "pdf-too-heavy"),
        (bytes(LARGEST_PDF + 1), "pdf-too-large"),
    ],
    ids=["empty", "zip", "header", "cut", "encrypted", "bomb", "large"],
)
def test_a_file_that_cannot_be_checked_is_refused(pdf: bytes, code: str, check: Check) -> None:
    assert _refusal(pdf, check) == code


@given(content=st.binary(max_size=2000))
@example(content=b"1 0 obj<</Type/Catalog/Pages 1 0 R>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF")
def test_random_bytes_are_refused(content: bytes) -> None:
    assert _refusal(content, checked) == "pdf-not-a-pdf" or b"%PDF-" in content
    assert _refusal(b"%PDF-1.7\n" + content, checked).startswith("pdf-")


@settings(max_examples=150)
@given(data=st.data())
def test_no_signed_byte_changes_unnoticed(data: st.DataObject) -> None:
    length, start = _signed_range()
    places = st.one_of(st.integers(0, length - 1), st.integers(start, len(SEALED) - 1))
    changed = _changed(SEALED, data.draw(places), data.draw(st.integers(1, 255)))
    try:
        signatures = checked(changed).signatures
    except DocumentError:
        return
    assert not any(facts.intact and facts.covers_whole_file for facts in signatures)
    assert not any(facts.trusted for facts in signatures)


@settings(max_examples=100)
@given(data=st.data())
def test_a_damaged_signature_is_a_result_or_a_refusal(data: st.DataObject) -> None:
    length, start = _signed_range()
    damage = data.draw(st.binary(min_size=1, max_size=40))
    place = data.draw(st.integers(length, start - len(damage)))
    changed = SEALED[:place] + damage + SEALED[place + len(damage) :]
    with suppress(DocumentError):
        checked(changed)


@settings(max_examples=100)
@given(data=st.data())
def test_another_byte_in_a_signature_is_a_result_or_a_refusal(data: st.DataObject) -> None:
    length, start = _signed_range()
    begin = length + 1
    used = len(SEALED[begin : start - 1].rstrip(b"0")) // 2
    place = begin + 2 * data.draw(st.integers(0, used - 1))
    byte = data.draw(st.integers(0, 255))
    changed = SEALED[:place] + b"%02x" % byte + SEALED[place + 2 :]
    with suppress(DocumentError):
        checked(changed)


def test_an_unreadable_signature_is_listed_without_a_good_fact() -> None:
    length, _ = _signed_range()
    changed = SEALED[: length + 1] + b"ff" * 40 + SEALED[length + 81 :]
    (facts,) = checked(changed).signatures
    assert facts == SignatureFacts(field_name=FIELD_NAME)
