"""The address, the short code and the picture of a QR: short enough always, readable on paper."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from io import BytesIO

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageFilter

from forms_server.documents.qr import (
    CROCKFORD,
    LONGEST_ADDRESS,
    address,
    mask_name,
    new_token,
    normalise_short_code,
    qr_png,
    short_code,
)
from forms_server.errors import DocumentError

TOKEN = new_token(bytes(range(16)))
PRINTED_WIDTH = 34
"""Millimetres of the picture with its quiet zone (static/print.css): the symbol itself takes 30."""


def some_address(length: int, sample: int = 0) -> str:
    """An address of that many bytes, as random after ``#`` as a seal is; the same for a sample."""
    seal = urlsafe_b64encode(hashlib.shake_256(bytes([sample])).digest(300)).decode()
    return address("https://forms.example.kz", TOKEN, seal)[:length]


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
    assert urlsafe_b64decode(f"{TOKEN}==") == bytes(range(16))
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


def on_paper(png: bytes, *, dpi: int = 600) -> Image.Image:
    """A printed page with the symbol somewhere on it."""
    side = round(PRINTED_WIDTH / 25.4 * dpi)
    with Image.open(BytesIO(png)) as picture:
        symbol = picture.convert("L").resize((side, side), Image.Resampling.NEAREST)
    page = Image.new("L", (2 * side, 2 * side), 255)
    page.paste(symbol, (side // 3, side // 2))
    return page


def scanned(
    page: Image.Image,
    *,
    dpi: int = 150,
    angle: float = 0,
    blur: float = 0,
    greys: tuple[int, int] = (0, 255),
    noise: float = 0,
    jpeg: int | None = None,
) -> Image.Image:
    """The page of 600 dpi as a scanner or a copier of ``dpi`` sees it."""
    seen = page.rotate(angle, Image.Resampling.BICUBIC, fillcolor=255)
    seen = seen.filter(ImageFilter.GaussianBlur(blur))
    side = round(seen.width * dpi / 600)
    seen = seen.resize((side, side), Image.Resampling.BOX)
    darkest, lightest = greys
    seen = seen.point([darkest + (lightest - darkest) * grey // 255 for grey in range(256)])
    if noise:
        seen = ImageChops.add(seen, Image.effect_noise(seen.size, noise), 1, -128)
    if jpeg:
        seen.save(output := BytesIO(), "JPEG", quality=jpeg)
        seen = Image.open(output)
    return seen


SCANS: Mapping[str, Mapping[str, object]] = {
    "straight": {},
    "rotated by 2 degrees": {"angle": 2},
    "rotated by 5 degrees": {"angle": -5},
    "compressed": {"angle": 2, "jpeg": 40},
    "noisy": {"angle": 1, "noise": 20},
    "unsharp": {"blur": 3, "angle": 2},
    "grey photocopy": {"greys": (90, 190), "noise": 6, "blur": 1.5, "angle": 2, "jpeg": 60},
}


@pytest.mark.parametrize("defect", SCANS)
@pytest.mark.parametrize("length", [280, LONGEST_ADDRESS])
def test_an_address_is_read_from_paper(defect: str, length: int) -> None:
    """Some symbols are harder than others: of three, two at least are read at the first attempt."""
    read = 0
    for sample in range(3):
        text = some_address(length, sample)
        page = scanned(on_paper(qr_png(text)), **SCANS[defect])  # type: ignore[arg-type]
        found = zxingcpp.read_barcodes(
            page, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
        )
        assert all(code.text == text and code.ec_level == "M" for code in found)
        read += len(found)
    assert read >= 2


@pytest.mark.parametrize("length", [250, LONGEST_ADDRESS])
def test_the_printed_symbol_is_30_mm_wide(length: int) -> None:
    with Image.open(BytesIO(qr_png(some_address(length)))) as picture:
        modules = picture.width // 4
    assert 29 <= PRINTED_WIDTH * (modules - 8) / modules <= 31


def test_the_picture_has_one_bit_a_pixel_and_its_quiet_zone() -> None:
    with Image.open(BytesIO(qr_png(some_address(280)))) as picture:
        assert picture.mode == "1"
        quiet = 4 * 4
        inside = (quiet, quiet, picture.width - quiet, picture.height - quiet)
        dark = picture.convert("L").point(lambda grey: 255 - grey)
        assert dark.getbbox() == inside


def test_the_same_text_gives_the_same_bytes() -> None:
    assert qr_png("https://forms.example.kz/v/x") == qr_png("https://forms.example.kz/v/x")
