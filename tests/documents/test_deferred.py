"""A person's signature in two steps: the update is kept, the CMS comes later, judges agree."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from pikepdf import Pdf

from forms_server.documents.checking import check_pdf
from forms_server.documents.cms import read_cms
from forms_server.documents.deferred import (
    CMS_BYTES,
    LETTERS,
    Prepared,
    Wording,
    complete,
    holds_cms,
    prepare,
    sign_with_key,
    signed_bytes,
)
from forms_server.documents.signing import Sealer
from forms_server.errors import DocumentError
from tests import judges
from tests.authority import Authority, make_authority, make_seal_keys
from tests.signers import (
    FIELD,
    Person,
    make_person,
    pdf_with_field,
    sign_with_openssl,
    verify_with_openssl,
)
from tests.workshop import NOW

SECOND = "recipient_signature"
WORDING = Wording(
    words=(
        "ЭЦҚ қойылды / Подписано ЭЦП",
        "Үлгіева Әсел Ұланқызы",
        "22.11.2026 13:20 (UTC+05:00)",
        "",
    ),
    reason="assistance-09 0000-pa09-2026-000001",
    location="0000",
    name="Үлгіева Әсел Ұланқызы",
    signed_at=NOW,
)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return make_authority(NOW)


@pytest.fixture(scope="module")
def sealed(authority: Authority) -> bytes:
    pdf = pdf_with_field(FIELD, SECOND)
    seal = make_seal_keys(authority, NOW)
    return Sealer(seal).seal(pdf, reason="r", location="0000", signed_at=NOW)


@pytest.fixture(scope="module")
def prepared(sealed: bytes) -> Prepared:
    return prepare(sealed, FIELD, WORDING)


@pytest.fixture(scope="module")
def signed(
    sealed: bytes,
    prepared: Prepared,
    authority: Authority,
    tmp_path_factory: pytest.TempPathFactory,
) -> bytes:
    content = signed_bytes(sealed, prepared.update)
    folder = tmp_path_factory.mktemp("signed")
    cms = sign_with_openssl(make_person(authority, NOW), content, folder)
    return complete(sealed, prepared.update, read_cms(cms, content).der)


def facts_of(pdf: bytes, authority: Authority) -> dict[str, tuple[bool, ...]]:
    trusted = [authority.certificate]
    return {
        facts.field_name: (facts.intact, facts.valid, facts.covers_whole_file)
        for facts in check_pdf(pdf, trusted=trusted, at=NOW).signatures
    }


def test_the_digest_is_of_what_is_signed(sealed: bytes, prepared: Prepared) -> None:
    content = signed_bytes(sealed, prepared.update)
    assert hashlib.sha256(content).digest() == prepared.digest
    assert content.startswith(sealed)
    assert len(sealed + prepared.update) - len(content) == 2 * CMS_BYTES + 2


def test_nothing_but_the_signature_is_added(sealed: bytes, signed: bytes) -> None:
    assert signed.startswith(sealed)
    with Pdf.open(BytesIO(sealed)) as before, Pdf.open(BytesIO(signed)) as after:
        assert after.Root.Metadata.read_bytes() == before.Root.Metadata.read_bytes()
        assert dict(after.docinfo.items()) == dict(before.docinfo.items())


def test_what_the_signature_says_of_itself(signed: bytes) -> None:
    with Pdf.open(BytesIO(signed)) as pdf:
        field = next(field for field in pdf.Root.AcroForm.Fields if field.T == FIELD)
        told = {key: str(field.V[key]) for key in ("/SubFilter", "/Reason", "/Location", "/Name")}
        assert str(field.V["/M"]).startswith(f"D:{NOW:%Y%m%d%H%M%S}")
    assert told == {
        "/SubFilter": "/adbe.pkcs7.detached",
        "/Reason": WORDING.reason,
        "/Location": WORDING.location,
        "/Name": WORDING.name,
    }


def test_judges_agree(signed: bytes, authority: Authority, tmp_path: Path) -> None:
    path = tmp_path / "signed.pdf"
    path.write_bytes(signed)
    found = {facts.field: facts for facts in judges.pdfsig_facts(path)}
    assert found[FIELD].is_valid
    assert found[FIELD].covers_whole_file
    assert found["Seal"].is_valid
    assert judges.qpdf_check(path)
    facts = facts_of(signed, authority)
    assert facts == {"Seal": (True, True, True), FIELD: (True, True, True)}


def test_openssl_verifies_the_cms_in_the_file(
    signed: bytes, authority: Authority, tmp_path: Path
) -> None:
    """Taken out by the byte range alone, as anybody can."""
    with Pdf.open(BytesIO(signed)) as pdf:
        field = next(field for field in pdf.Root.AcroForm.Fields if field.T == FIELD)
        start, first, second, rest = (int(number) for number in field.V.ByteRange)
    room = bytes.fromhex(signed[first + 1 : second - 1].decode("ascii"))
    length = 4 + int.from_bytes(room[2:4], "big")
    content = signed[start:first] + signed[second : second + rest]
    assert verify_with_openssl(room[:length], content, authority, tmp_path)


def test_its_words_stand_in_its_place(signed: bytes, tmp_path: Path) -> None:
    path = tmp_path / "signed.pdf"
    path.write_bytes(signed)
    text = " ".join(judges.pdf_text(path).split())
    assert all(word in text for word in WORDING.words)


def test_without_a_name_the_time_stays_as_small_as_it_is(sealed: bytes) -> None:
    caption, _, moment, _ = WORDING.words
    unnamed = replace(WORDING, words=(caption, "", moment, ""))
    with Pdf.open(BytesIO(sealed + prepare(sealed, FIELD, unnamed).update)) as pdf:
        field = next(field for field in pdf.Root.AcroForm.Fields if field.T == FIELD)
        drawn = field.AP.N.read_bytes()
    assert [float(size) for size in re.findall(rb"([0-9.]+) Tf", drawn)] == [LETTERS[0], LETTERS[2]]


def test_a_letter_that_the_font_lacks(sealed: bytes, tmp_path: Path) -> None:
    path = tmp_path / "signed.pdf"
    path.write_bytes(
        sealed + prepare(sealed, FIELD, replace(WORDING, words=("愛 Үлгі", "", "", ""))).update
    )
    assert "? Үлгі" in judges.pdf_text(path)


def test_two_sign_one_after_the_other(signed: bytes, authority: Authority, tmp_path: Path) -> None:
    second = prepare(signed, SECOND, WORDING)
    content = signed_bytes(signed, second.update)
    person = make_person(authority, NOW, Person(rsa=True))
    whole = complete(signed, second.update, sign_with_openssl(person, content, tmp_path))
    fine = (True, True, True)
    assert facts_of(whole, authority) == {"Seal": fine, FIELD: fine, SECOND: fine}


def test_a_key_of_the_server_signs_pades(sealed: bytes, authority: Authority) -> None:
    whole = sign_with_key(sealed, FIELD, WORDING, make_person(authority, NOW))
    assert facts_of(whole, authority)[FIELD] == (True, True, True)
    with Pdf.open(BytesIO(whole)) as pdf:
        field = next(field for field in pdf.Root.AcroForm.Fields if field.T == FIELD)
        assert field.V.SubFilter == "/ETSI.CAdES.detached"


def test_a_key_that_is_not_its_certificates(sealed: bytes, authority: Authority) -> None:
    """As on a token where another certificate was put beside the key."""
    own, other = make_person(authority, NOW), make_person(authority, NOW)
    mixed = replace(own, private_key=other.private_key)
    assert refused(sign_with_key, sealed, FIELD, WORDING, mixed) == "cms-signature-wrong"


def test_a_cms_that_does_not_fit(sealed: bytes, prepared: Prepared) -> None:
    assert refused(complete, sealed, prepared.update, bytes(CMS_BYTES + 1)) == "cms-too-long"
    assert complete(sealed, prepared.update, bytes(CMS_BYTES))


def test_a_field_that_is_not_there_or_taken(sealed: bytes, signed: bytes) -> None:
    assert refused(prepare, sealed, "nobody", WORDING) == "signature-field-missing"
    assert refused(prepare, signed, FIELD, WORDING) == "signature-field-missing"


def test_an_update_of_another_document(sealed: bytes, prepared: Prepared) -> None:
    for pdf, update in ((sealed + b" ", prepared.update), (sealed, b""), (b"", prepared.update)):
        assert refused(complete, pdf, update, b"cms") == "signature-update-broken"


def test_whether_a_document_holds_a_cms(sealed: bytes, prepared: Prepared) -> None:
    whole = complete(sealed, prepared.update, b"0\x03one")
    assert holds_cms(whole, b"0\x03one")
    assert not holds_cms(whole, b"0\x03two")


def refused(function: Callable[..., object], *given: object) -> str:
    with pytest.raises(DocumentError) as refusal:
        function(*given)
    return refusal.value.code
