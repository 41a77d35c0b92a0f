"""The QR: short enough always, readable on paper, and believed only with one of our keys."""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64decode
from dataclasses import replace
from datetime import date
from hashlib import sha256
from io import BytesIO

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey
from PIL import Image

from forms_server.documents.qr import (
    CROCKFORD,
    LONGEST_ADDRESS,
    SealPayload,
    address,
    mask_name,
    new_token,
    normalise_short_code,
    qr_png,
    read_seal,
    short_code,
    write_seal,
)
from forms_server.documents.qr_keys import QrKeys
from forms_server.errors import DocumentError
from forms_server.settings import LONGEST_PUBLIC_URL

LONGEST_URL = "https://" + "x" * (LONGEST_PUBLIC_URL - len("https://"))
PAYLOAD = SealPayload(
    form="mse-01",
    edition="2023",
    number="000017",
    issued_on=date(2025, 5, 2),
    office="0000",
    masked_name="Ә*** Б. В.",
    data_sha256=sha256(b"<answers/>").digest(),
)


def _make_keys() -> QrKeys:
    key = ECKey.generate_key("P-256")
    return QrKeys(private_key=key, kid="", jwks={"keys": [key.as_dict(private=False)]})


KEYS = _make_keys()
SEAL = write_seal(PAYLOAD, KEYS)
TOKEN = new_token(bytes(range(16)))


# -- seal -----------------------------------------------------------------------------------------


def test_a_seal_is_read_as_it_was_written() -> None:
    assert read_seal(SEAL, KEYS.jwks) == PAYLOAD


def _part(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_the_seal_is_what_the_browser_is_told_to_expect() -> None:
    header, payload, signature = map(_part, SEAL.split("."))
    assert header == b'{"alg":"ES256"}'
    assert len(signature) == 64
    *values, data_hash = json.loads(payload)
    assert values == ["mse-01", "2023", "000017", 20210, "0000", "Ә*** Б. В."]
    assert _part(data_hash) == PAYLOAD.data_sha256


def test_a_seal_of_a_retired_key_is_read() -> None:
    jwks = {"keys": [*_make_keys().jwks["keys"], *KEYS.jwks["keys"]]}
    assert read_seal(SEAL, jwks) == PAYLOAD


def test_a_seal_of_another_key_is_not_ours() -> None:
    with pytest.raises(DocumentError) as refusal:
        read_seal(SEAL, _make_keys().jwks)
    assert refusal.value.code == "qr-not-ours"


def test_a_changed_payload_is_not_ours() -> None:
    header, _, signature = SEAL.split(".")
    other = write_seal(replace(PAYLOAD, number="000018"), KEYS).split(".")[1]
    with pytest.raises(DocumentError) as refusal:
        read_seal(f"{header}.{other}.{signature}", KEYS.jwks)
    assert refusal.value.code == "qr-not-ours"


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_only_es256_is_believed(algorithm: str) -> None:
    header = json.dumps({"alg": algorithm}).encode().hex()
    with pytest.raises(DocumentError):
        read_seal(f"{header}.{SEAL.split('.')[1]}.", KEYS.jwks)


@given(text=st.text(max_size=400))
def test_what_is_no_seal_is_refused(text: str) -> None:
    with pytest.raises(DocumentError) as refusal:
        read_seal(text, KEYS.jwks)
    assert refusal.value.code in {"qr-unreadable", "qr-not-ours"}


letters = st.characters(categories=["L"])
codes = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz0123456789-/"), max_size=24)


@given(
    payload=st.builds(
        SealPayload,
        form=codes,
        edition=codes,
        number=codes,
        issued_on=st.dates(date(2000, 1, 1), date(2099, 12, 31)),
        office=codes,
        masked_name=st.builds(mask_name, *[st.text(letters, max_size=60)] * 3),
        data_sha256=st.binary(min_size=32, max_size=32),
    )
)
def test_the_address_is_never_too_long(payload: SealPayload) -> None:
    seal = write_seal(payload, KEYS)
    assert len(address(LONGEST_URL, TOKEN, seal).encode()) <= LONGEST_ADDRESS
    read = read_seal(seal, KEYS.jwks)
    kept = (read.form, read.number, read.issued_on, read.data_sha256)
    assert kept == (payload.form, payload.number, payload.issued_on, payload.data_sha256)
    assert read.edition in {payload.edition, ""}
    assert read.office in {payload.office, ""}


def test_the_name_is_shortened_before_anything_is_left_out() -> None:
    long = replace(PAYLOAD, number="0000-mse-01-2025-0000017")
    assert read_seal(write_seal(long, KEYS), KEYS.jwks) == replace(long, masked_name="Ә*Б.В.")


def test_a_number_beyond_all_bounds_is_refused() -> None:
    with pytest.raises(DocumentError) as refusal:
        write_seal(replace(PAYLOAD, number="9" * 60), KEYS)
    assert refusal.value.code == "qr-too-long"


# -- names, tokens, codes -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "masked"),
    [
        (("Сарсен", "Асель", "Бекова"), "С*** А. Б."),
        (("әлі", "Бота", ""), "Ә*** Б."),
        (("Ким", "", ""), "К***"),
        (("", "Асель", ""), "А."),
        ((" ", "", ""), ""),
    ],
)
def test_a_masked_name_tells_initials_only(parts: tuple[str, str, str], masked: str) -> None:
    assert mask_name(*parts) == masked


def test_a_token_is_128_bits() -> None:
    assert _part(TOKEN) == bytes(range(16))
    assert len(TOKEN) == 22
    with pytest.raises(ValueError, match="16"):
        new_token(bytes(15))


@given(random_bytes=st.binary(min_size=16, max_size=16))
def test_a_short_code_is_understood_however_it_is_typed(random_bytes: bytes) -> None:
    code = short_code(new_token(random_bytes))
    assert len(code) == 11
    assert set(code) <= {*CROCKFORD, "-"}
    in_cyrillic = code.translate(str.maketrans("ABEKMHPCTX0", "АВЕКМНРСТХО"))
    mistyped = code.replace("0", "O").replace("1", "l")
    for typed in (code, code.lower(), code.replace("-", " "), in_cyrillic.lower(), mistyped):
        assert normalise_short_code(typed) == code


def test_the_short_code_does_not_change() -> None:
    """It stands on paper: another derivation would make printed codes worthless."""
    assert short_code(TOKEN) == "BMK13-ND4VM"


@pytest.mark.parametrize("typed", ["", "ABCDE", "ABCDE-FGHJU", "ABCDE-FGHJKM", "ЩЩЩЩЩ-ЩЩЩЩЩ"])
def test_a_code_that_cannot_be_is_refused(typed: str) -> None:
    with pytest.raises(DocumentError) as refusal:
        normalise_short_code(typed)
    assert refusal.value.code == "short-code-wrong"


# -- picture --------------------------------------------------------------------------------------


def _on_paper(png: bytes, *, millimetres: int, dpi: int) -> Image.Image:
    """The symbol as a scanner sees it: grey, smoothed, somewhere on a white page."""
    side = round(millimetres / 25.4 * dpi)
    with Image.open(BytesIO(png)) as picture:
        symbol = picture.convert("L").resize((side, side), Image.Resampling.BILINEAR)
    page = Image.new("L", (2 * side, 2 * side), 255)
    page.paste(symbol, (side // 3, side // 2))
    return page


@pytest.mark.parametrize("millimetres", [28, 30, 34])
@pytest.mark.parametrize("attempt", range(5))
def test_the_longest_address_is_read_from_paper(millimetres: int, attempt: int) -> None:
    seal = write_seal(replace(PAYLOAD, form="f" * 24, number="9" * 24), KEYS)
    text = address(LONGEST_URL, new_token(secrets.token_bytes(16)), seal)
    assert LONGEST_ADDRESS - 2 <= len(text) <= LONGEST_ADDRESS
    (found,) = zxingcpp.read_barcodes(_on_paper(qr_png(text), millimetres=millimetres, dpi=150))
    assert found.text == text
    assert found.ec_level == "M"


def test_the_picture_has_one_bit_a_pixel_and_its_quiet_zone() -> None:
    text = address("https://forms.example.kz", TOKEN, SEAL)
    with Image.open(BytesIO(qr_png(text))) as picture:
        assert picture.mode == "1"
        quiet = 4 * 4
        inside = (quiet, quiet, picture.width - quiet, picture.height - quiet)
        dark = picture.convert("L").point(lambda grey: 255 - grey)
        assert dark.getbbox() == inside


def test_the_same_text_gives_the_same_bytes() -> None:
    assert qr_png("https://forms.example.kz/v/x") == qr_png("https://forms.example.kz/v/x")
