"""The modules that read a seal, asked in the browser: as strict as the server, and never fooled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from forms_server.documents.qr_seal import write_seal
from tests.browser.conftest import LiveServer
from tests.documents.test_qr_seal import (
    KEYS,
    PAYLOAD,
    SEAL,
    spelt_otherwise,
    to_bytes,
    to_text,
)

READ_CBOR = """async samples => {
    const { readCbor } = await import("/static/js/cbor.js");
    const plain = value => value instanceof Uint8Array ? [...value]
        : value instanceof Map ? Object.fromEntries(value) : value;
    return samples.map(hex => {
        const bytes = Uint8Array.from(hex.match(/../g) ?? [], pair => parseInt(pair, 16));
        try { return plain(readCbor(bytes)); } catch (error) { return error.name; }
    });
}"""
JUDGE = """async ([texts, keys]) => {
    const { judgeSeal } = await import("/static/js/seal.js");
    const known = { keys, list: null };
    const judged = [];
    for (const text of texts) judged.push(await judgeSeal(text, { state: "offline" }, known));
    return judged;
}"""


@pytest.fixture(scope="module")
def page(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """Any page of ours: its policy lets it import our modules."""
    context = browser.new_context()
    opened = context.new_page()
    opened.goto(f"{live_server.url}/verify")
    yield opened
    context.close()


def judge(page: Page, texts: Sequence[str]) -> list[dict[str, Any]]:
    answer = page.evaluate(JUDGE, [texts, KEYS.jwks["keys"]])
    assert isinstance(answer, list)
    return answer


def test_what_the_server_writes_is_read(page: Page) -> None:
    (judged,) = judge(page, [SEAL])
    assert judged["answer"] == "list-too-old"
    assert judged["said"] == {
        "form": PAYLOAD.form,
        "edition": 20210,
        "number": PAYLOAD.number,
        "days": 20779,
        "office": PAYLOAD.office,
        "name": PAYLOAD.masked_name,
        "sha256": PAYLOAD.data_sha256.hex(),
    }


def test_no_changed_bit_passes(page: Page) -> None:
    content = to_bytes(SEAL)
    texts = []
    for place in range(len(content) * 8):
        changed = bytearray(content)
        changed[place // 8] ^= 1 << place % 8
        texts.append(to_text(bytes(changed)))
    answers = {judged["answer"] for judged in judge(page, texts)}
    assert answers == {"unreadable", "unknown-key", "altered"}


def test_a_second_spelling_is_unreadable(page: Page) -> None:
    answers = judge(page, [*spelt_otherwise().values()])
    assert {judged["answer"] for judged in answers} == {"unreadable"}


def test_any_length_of_text_and_number_is_read(page: Page) -> None:
    """Lengths around 24 and 256, where CBOR writes them in another way."""
    payloads = [(PAYLOAD.form, "9" * length, PAYLOAD.office) for length in (0, 1, 23, 24, 25, 40)]
    seals = [
        write_seal(_with(form=form, number=number, office=office), KEYS)
        for form, number, office in payloads
    ]
    judged = judge(page, seals)
    assert [one["said"]["number"] for one in judged] == [number for _, number, _ in payloads]


def _with(**changes: Any) -> Any:
    return type(PAYLOAD)(
        **{name: changes.get(name, getattr(PAYLOAD, name)) for name in PAYLOAD.__dataclass_fields__}
    )


READ = {
    "00": 0,
    "17": 23,
    "1818": 24,
    "18ff": 255,
    "190100": 256,
    "1a00010000": 65536,
    "1affffffff": 4294967295,
    "20": -1,
    "26": -7,
    "3863": -100,
    "40": [],
    "4401020304": [1, 2, 3, 4],
    "60": "",
    "62c3bc": "ü",
    "63e6b0b4": "水",
    "80": [],
    "83010203": [1, 2, 3],
    "a201020304": {"1": 2, "3": 4},
    "a0": {},
}
"""RFC 8949, appendix A: what a seal may be made of."""

REFUSED = (
    "",  # nothing
    "0000",  # something follows
    "1817",  # longer than need be
    "190017",
    "1a0000ffff",
    "1b0000000100000000",  # eight bytes
    "1c",  # a reserved length
    "43ffff",  # cut off
    "62c3",
    "62c328",  # no UTF-8
    "63eda080",
    "8301",
    "9f01ff",  # indefinite lengths
    "5f4101ff",
    "bf0102ff",
    "a203040102",  # keys out of order
    "a201020103",  # a key twice
    "a1616101",  # a key that is a text
    "c100",  # a tag
    "d28443",
    "f4",  # true, null, floats
    "f6",
    "f93c00",
    "fb3ff199999999999a",
    "8181818181818100",  # too deep
)


def test_only_the_one_encoding_is_read(page: Page) -> None:
    assert page.evaluate(READ_CBOR, [*READ]) == [*READ.values()]
    assert set(page.evaluate(READ_CBOR, [*REFUSED])) == {"SyntaxError", "TypeError"}
