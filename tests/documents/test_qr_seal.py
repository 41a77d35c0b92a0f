"""The seal in a QR: all of it fits, others' programs verify it, and no changed bit of it passes."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from datetime import date
from pathlib import Path

import cbor2
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey

from forms_server.documents.qr import LONGEST_ADDRESS, LONGEST_SEAL, address, mask_name, new_token
from forms_server.documents.qr_keys import QrKeys
from forms_server.documents.qr_seal import SealPayload, read_seal, write_seal
from forms_server.errors import DocumentError
from forms_server.fields.registry import TYPES
from forms_server.settings import LONGEST_PUBLIC_URL
from forms_server.specs.model import Edition
from forms_server.specs.reading import read_forms
from tests.judges import ROOT

PAYLOAD = SealPayload(
    form="mse-01",
    edition=date(2025, 5, 2),
    number="0000-mse01-2026-000017",
    issued_on=date(2026, 11, 22),
    office="0000",
    masked_name="Ә*** Б. В.",
    data_sha256=hashlib.sha256(b"<answers/>").digest(),
)
LONG_NAME = mask_name("Құдайбергенұлы", "Нұрсұлтан", "Ғабитұлы")
EDITIONS = [edition for form in read_forms(ROOT, TYPES).values() for edition in form.editions]


def make_keys() -> QrKeys:
    key = ECKey.generate_key("P-256")
    kid = key.thumbprint()[:8]
    published = {**key.as_dict(private=False), "kid": kid}
    return QrKeys(private_key=key, kid=kid, jwks={"keys": [published]})


KEYS = make_keys()
SEAL = write_seal(PAYLOAD, KEYS)


def to_bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def to_text(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def refusal_of(text: str, keys: QrKeys = KEYS) -> str:
    with pytest.raises(DocumentError) as refusal:
        read_seal(text, keys.jwks)
    return refusal.value.code


def test_a_seal_is_read_as_it_was_written() -> None:
    assert read_seal(SEAL, KEYS.jwks) == PAYLOAD


# -- as others read it ----------------------------------------------------------------------------


def test_its_bytes_are_what_the_document_about_it_says() -> None:
    protected, unprotected, payload, signature = cbor2.loads(to_bytes(SEAL))
    assert protected == bytes.fromhex("a201260446") + to_bytes(KEYS.kid)
    assert unprotected == {}
    assert len(signature) == 64
    assert cbor2.loads(payload) == [
        1,
        "mse-01",
        20210,
        "0000-mse01-2026-000017",
        20779,
        "0000",
        "Ә*** Б. В.",
        PAYLOAD.data_sha256,
    ]


def sig_structure(protected: bytes, payload: bytes) -> bytes:
    """RFC 9052, 4.4, byte by byte and with no CBOR library."""
    assert len(protected) < 24 <= len(payload) < 256
    return (
        bytes([0x84, 0x6A])
        + b"Signature1"
        + bytes([0x40 + len(protected)])
        + protected
        + bytes([0x40, 0x58, len(payload)])
        + payload
    )


def test_openssl_verifies_the_signature(tmp_path: Path) -> None:
    protected, _, payload, signature = cbor2.loads(to_bytes(SEAL))
    (jwk,) = KEYS.jwks["keys"]
    x, y = (int.from_bytes(to_bytes(jwk[name]), "big") for name in "xy")
    key = EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
    der = encode_dss_signature(
        int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    )
    key.verify(der, sig_structure(protected, payload), ECDSA(hashes.SHA256()))

    pem = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    (tmp_path / "key.pem").write_bytes(key.public_bytes(*pem))
    (tmp_path / "signature.der").write_bytes(der)
    (tmp_path / "signed").write_bytes(sig_structure(protected, payload))
    answer = subprocess.run(
        [
            "openssl",
            "dgst",
            "-sha256",
            "-verify",
            "key.pem",
            "-signature",
            "signature.der",
            "signed",
        ],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    assert answer.stdout.strip() == "Verified OK", answer.stderr


# -- keys -----------------------------------------------------------------------------------------


def test_a_seal_of_a_retired_key_is_read() -> None:
    jwks = {"keys": [*make_keys().jwks["keys"], *KEYS.jwks["keys"]]}
    assert read_seal(SEAL, jwks) == PAYLOAD


def test_a_key_that_is_not_published_is_unknown() -> None:
    assert refusal_of(SEAL, make_keys()) == "qr-unknown-key"


def test_a_seal_that_names_our_key_but_is_of_another_is_altered() -> None:
    foreign = replace(make_keys(), kid=KEYS.kid)
    assert refusal_of(write_seal(PAYLOAD, foreign)) == "qr-altered"


# -- what was changed -----------------------------------------------------------------------------


def test_no_changed_bit_passes() -> None:
    content = to_bytes(SEAL)
    codes = set()
    for place in range(len(content) * 8):
        changed = bytearray(content)
        changed[place // 8] ^= 1 << place % 8
        codes.add(refusal_of(to_text(bytes(changed))))
    assert codes == {"qr-unreadable", "qr-unknown-key", "qr-altered"}


def test_a_changed_payload_is_altered() -> None:
    protected, unprotected, _, signature = cbor2.loads(to_bytes(SEAL))
    other = cbor2.loads(to_bytes(write_seal(replace(PAYLOAD, number="000018"), KEYS)))[2]
    forged = cbor2.dumps([protected, unprotected, other, signature])
    assert refusal_of(to_text(forged)) == "qr-altered"


def spelt_otherwise() -> dict[str, str]:
    """The same seal, validly signed, in bytes that only a lax reader takes for it."""
    content = to_bytes(SEAL)
    protected, _, payload, signature = cbor2.loads(content)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet[alphabet.index(SEAL[-1]) ^ 1]
    return {
        "byte after the end": to_text(content + b"\0"),
        "last byte lost": to_text(content[:-1]),
        "tag 18": to_text(b"\xd2" + content),
        "indefinite length": to_text(b"\x9f" + content[1:] + b"\xff"),
        "long length": to_text(b"\x98\x04" + content[1:]),
        "unprotected header": to_text(cbor2.dumps([protected, {4: b"1234"}, payload, signature])),
        "padding": f"{SEAL}=" * 2,
        "line break": f"{SEAL[:9]}\n{SEAL[9:]}",
        "spare bits of the last letter": SEAL[:-1] + last,
        "plus and slash": to_text(content).replace("-", "+").replace("_", "/") + "+",
        "letters beyond ASCII": f"{SEAL}ә",
    }


@pytest.mark.parametrize("defect", spelt_otherwise())
def test_a_second_spelling_is_unreadable(defect: str) -> None:
    assert refusal_of(spelt_otherwise()[defect]) == "qr-unreadable"


@pytest.mark.parametrize("algorithm", [-8, -36, -35, 5, None])
def test_only_es256_is_believed(algorithm: int | None) -> None:
    _, unprotected, payload, signature = cbor2.loads(to_bytes(SEAL))
    protected = cbor2.dumps({1: algorithm, 4: to_bytes(KEYS.kid)}, canonical=True)
    forged = cbor2.dumps([protected, unprotected, payload, signature])
    assert refusal_of(to_text(forged)) == "qr-unreadable"


def sealed(content: bytes) -> str:
    """Any bytes, truly signed by our key."""
    protected = cbor2.loads(to_bytes(SEAL))[0]
    key = KEYS.private_key.get_op_key("sign")
    signed = cbor2.dumps(["Signature1", protected, b"", content])
    r, s = decode_dss_signature(key.sign(signed, ECDSA(hashes.SHA256())))
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return to_text(cbor2.dumps([protected, {}, content, signature]))


@pytest.mark.parametrize(
    "content",
    [
        [2, "mse-01", 20210, "1", 20779, "0000", "Ә***", bytes(32)],
        [1, "mse-01", 20210, "1", 20779, "0000", "Ә***", bytes(31)],
        [1, "mse-01", "2025-05-02", "1", 20779, "0000", "Ә***", bytes(32)],
        [1, "mse-01", 20210, "1", 10**12, "0000", "Ә***", bytes(32)],
        [1, "mse-01", 20210, "1", 20779, "0000", "Ә***", bytes(32), 9],
        {1: "mse-01"},
        7,
    ],
)
def test_a_payload_of_another_kind_is_unreadable(content: object) -> None:
    assert refusal_of(sealed(cbor2.dumps(content, canonical=True))) == "qr-unreadable"


@given(text=st.text(max_size=400) | st.binary(max_size=200).map(to_text))
def test_what_is_no_seal_is_unreadable(text: str) -> None:
    assert refusal_of(text) == "qr-unreadable"


# -- how long it is -------------------------------------------------------------------------------


def payload_of(edition: Edition, office: str) -> SealPayload:
    pattern = edition.numbering.pattern
    for name, value in (("office", office), ("form", edition.form_id), ("year", "2026")):
        pattern = pattern.replace(f"{{{name}}}", value)
    return SealPayload(
        form=edition.form_id,
        edition=date.fromisoformat(edition.id),
        number=pattern.format(number=999_999),
        issued_on=date(2026, 11, 22),
        office=office,
        masked_name=LONG_NAME,
        data_sha256=bytes(range(32)),
    )


@pytest.mark.parametrize("edition", EDITIONS, ids=lambda edition: edition.key)
def test_nothing_of_any_form_is_left_out(edition: Edition) -> None:
    payload = payload_of(edition, office="0000000001")
    assert read_seal(write_seal(payload, KEYS), KEYS.jwks) == payload


letters = st.characters(categories=["L"])
codes = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz0123456789-/"), max_size=24)
payloads = st.builds(
    SealPayload,
    form=codes,
    edition=st.dates(date(2000, 1, 1), date(2099, 12, 31)),
    number=codes,
    issued_on=st.dates(date(1960, 1, 1), date(2099, 12, 31)),
    office=codes,
    masked_name=st.builds(mask_name, *[st.text(letters, max_size=60)] * 3),
    data_sha256=st.binary(min_size=32, max_size=32),
)


@settings(deadline=None)
@given(payload=payloads)
def test_any_payload_is_read_as_written_and_never_too_long(payload: SealPayload) -> None:
    seal = write_seal(payload, KEYS)
    longest_url = "https://" + "x" * (LONGEST_PUBLIC_URL - len("https://"))
    assert len(address(longest_url, new_token(bytes(16)), seal).encode()) <= LONGEST_ADDRESS
    read = read_seal(seal, KEYS.jwks)
    assert replace(read, office="", masked_name="") == replace(payload, office="", masked_name="")
    assert read.office in {payload.office, ""}


def test_the_name_is_shortened_before_the_office_is_left_out() -> None:
    names = []
    for length in range(20, 60):
        read = read_seal(write_seal(replace(PAYLOAD, number="9" * length), KEYS), KEYS.jwks)
        if (read.masked_name, read.office) not in names:
            names.append((read.masked_name, read.office))
    assert names == [("Ә*** Б. В.", "0000"), ("Ә*Б.В.", "0000"), ("Ә*Б.В.", ""), ("", "")]


def test_a_number_beyond_all_bounds_is_refused() -> None:
    with pytest.raises(DocumentError) as refusal:
        write_seal(replace(PAYLOAD, number="9" * 70), KEYS)
    assert refusal.value.code == "qr-too-long"
    assert len(SEAL) <= LONGEST_SEAL


# -- as the document about it says ----------------------------------------------------------------


def test_the_worked_example_of_the_document_works() -> None:
    """``docs/qr-seal.md``: its lines of Python verify its own seal and one that was just made."""
    page = (ROOT / "docs" / "qr-seal.md").read_text("utf-8")
    seal, key = re.findall(r"```\n(\S.*)\n```", page)
    (program,) = re.findall(r"```python\n(.+?)```", page, re.DOTALL)
    keys = {"keys": [json.loads(key)]}
    for text, jwks in ((seal, keys), (SEAL, KEYS.jwks)):
        found: dict[str, object] = {"SEAL": text, "JWKS": jwks}
        exec(program, found)  # noqa: S102 - it is ours
        assert found["data_hash"] == read_seal(text, jwks).data_sha256
    with pytest.raises(InvalidSignature):
        exec(program, {"SEAL": f"{seal[:-9]}AAAAAAAAA", "JWKS": keys})  # noqa: S102
