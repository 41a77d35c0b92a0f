"""Codes of ICD-10 as they are typed."""

from __future__ import annotations

import pytest

from .specimens import read, refused


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Q71.0", "Q71.0"), ("q71.0", "Q71.0"), ("Q71,0", "Q71.0"), ("Q710", "Q71.0"),
        ("S48", "S48"), ("Q 71.0", "Q71.0"), ("S48.11", "S48.11"),
        ("А17.0", "A17.0"), ("В20", "B20"), ("С91", "C91"), ("е76", "E76"), ("К50", "K50"),
        ("Т05", "T05"), ("І10", "I10"), ("М45", "M45"), ("Н90", "H90"), ("О99", "O99"),
        ("Р07", "P07"), ("Х60", "X60"), ("У40", "Y40"), ("Ј18.9", "J18.9"), ("Ѕ48", "S48"),
    ],
)  # fmt: skip
def test_a_code_is_mended(typed: str, meant: str) -> None:
    assert read("icd-10", typed) == meant


@pytest.mark.parametrize(
    "typed", ["Q", "Q7", "71.0", "Q71.", "Q71.000", "QQ1", "Д50", "Q71-Q73", "Q71 S48", "Q71.a"]
)
def test_what_is_no_code_is_refused(typed: str) -> None:
    assert refused("icd-10", typed) == "icd-10-wrong"
