"""Isolation: a check has its time and its memory, and leaves nothing behind."""

from __future__ import annotations

import time
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from forms_server.documents.isolation import MOST_SAID, check_isolated
from forms_server.documents.signature_facts import Authorities
from forms_server.errors import DocumentError
from tests.authority import print_pdf
from tests.documents.sealed import BOMB, SEALED, TRUSTED

JUDGES = Authorities(seals=TRUSTED)
OPEN_FILES = Path("/proc/self/fd")
CHILDREN = Path("/proc/thread-self/children")


def _refusal(pdf: bytes, **limits: Any) -> str:
    with pytest.raises(DocumentError) as refusal:
        check_isolated(pdf, authorities=JUDGES, **limits)
    return refusal.value.code


def _endless() -> bytes:
    """So many signed fields that checking them takes minutes."""
    with pikepdf.open(BytesIO(SEALED)) as opened:
        (field,) = opened.Root.AcroForm.Fields
        copies = [
            opened.make_indirect(pikepdf.Dictionary(FT=field.FT, T=f"S{n}", V=field.V))
            for n in range(20_000)
        ]
        opened.Root.AcroForm.Fields = pikepdf.Array([field, *copies])
        opened.save(output := BytesIO())
    return output.getvalue()


def test_a_check_ends_when_its_time_is_up() -> None:
    pdf = _endless()
    began = time.monotonic()
    assert _refusal(pdf, seconds=1.0) == "pdf-too-heavy"
    assert time.monotonic() - began < 3


def test_a_check_has_so_much_memory_and_no_more() -> None:
    assert _refusal(SEALED + bytes(8 << 20), memory=1 << 20) == "pdf-too-heavy"


def test_a_child_that_says_too_much_is_not_listened_to() -> None:
    """Small as a file, large as data: the limits are the child's, the memory would be ours."""
    data = b"<a>" + b" " * MOST_SAID + b"</a>"
    assert _refusal(print_pdf(data_xml=data)) == "pdf-too-heavy"


def test_the_child_is_gone_and_nothing_stays_open() -> None:
    before, children_before = set(OPEN_FILES.iterdir()), CHILDREN.read_text()
    for pdf in (SEALED, b"%PDF-1.7\n", BOMB):
        with suppress(DocumentError):
            check_isolated(pdf, authorities=JUDGES)
    assert set(OPEN_FILES.iterdir()) == before
    assert CHILDREN.read_text() == children_before
