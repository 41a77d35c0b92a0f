"""What holds for every type: what was written is read back, junk is refused in two languages."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms_server.fields.registry import TYPES, part_specs, type_of
from forms_server.languages import Language

from .specimens import JUNK, REGIONS, TODAY, VALUES, read, refused, spec_of

COMPOSITE = {"person", "address", "identity-document", "period"}
SIMPLE = sorted({*TYPES} - COMPOSITE)


def test_every_type_is_tested() -> None:
    assert {*VALUES} == {*SIMPLE}


def test_a_type_is_called_by_its_name() -> None:
    assert all(type_.name == name for name, type_ in TYPES.items())
    assert type_of(spec_of("iin")) is TYPES["iin"]


@pytest.mark.parametrize("name", SIMPLE)
@given(data=st.data())
def test_what_is_written_is_read_back(name: str, data: st.DataObject) -> None:
    value = data.draw(VALUES[name])
    raw = TYPES[name].write(value)
    found = read(name, raw)
    assert found == value
    assert type(found) is type(value)
    assert TYPES[name].write(found) == raw


@pytest.mark.parametrize("name", SIMPLE)
@given(junk=JUNK)
def test_junk_is_refused_and_nothing_else(name: str, junk: Any) -> None:
    refused(name, junk)


@pytest.mark.parametrize("name", SIMPLE)
@given(data=st.data())
def test_every_value_is_shown_in_both_languages(name: str, data: st.DataObject) -> None:
    value = data.draw(VALUES[name])
    spec = spec_of(name)
    for language in Language:
        assert TYPES[name].show(value, spec, language)
        for part in TYPES[name].parts:
            assert TYPES[name].show_part(value, part, spec, language)


@pytest.mark.parametrize("name", SIMPLE)
@pytest.mark.parametrize("empty", [None, "", " ", "\t\n "])
def test_nothing_typed_is_no_answer(name: str, empty: str | None) -> None:
    assert read(name, empty) is None


@pytest.mark.parametrize("name", SIMPLE)
@pytest.mark.parametrize("language", Language)
def test_a_sample_is_a_right_answer(name: str, language: Language) -> None:
    spec = spec_of(name)
    assert read(name, TYPES[name].sample(spec, language)) is not None


@pytest.mark.parametrize("name", sorted(COMPOSITE))
def test_a_composite_has_parts_of_simple_types(name: str) -> None:
    spec = spec_of(name, reference=REGIONS if name == "address" else None)
    parts = part_specs(spec)
    assert len({part.id for part in parts}) == len(parts) > 1
    assert not any(part_specs(part) for part in parts)
    assert {*TYPES[name].rule_names} <= {part.id for part in parts}
    for language in Language:
        sample = TYPES[name].sample(spec, language)
        value = {part.id: type_of(part).read(sample.get(part.id), part, TODAY) for part in parts}
        shown = TYPES[name].show(value, spec, language)
        assert shown
        assert "None" not in shown
        for part in TYPES[name].parts:
            assert "None" not in TYPES[name].show_part(value, part, spec, language)


def test_a_simple_type_has_no_parts() -> None:
    assert not any(part_specs(spec_of(name)) for name in SIMPLE)
