"""The data: valid by an independent judge against the schema that we publish, whatever is typed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from forms_server.documents.data_xml import (
    DataHead,
    namespace,
    read_number,
    schema,
    write_data,
    write_schema,
)
from forms_server.errors import DocumentError
from forms_server.fields.answers import read_answers
from forms_server.fields.registry import TYPES
from forms_server.fields.values import Answers
from forms_server.languages import Language
from forms_server.services.samples import sample_answers
from forms_server.specs.model import Edition
from forms_server.specs.reading import read_forms
from tests.fields.editions import RIGHT, WHOLE
from tests.fields.specimens import LINES, NAMES, TODAY, VALUES
from tests.judges import ROOT, xmllint_schema
from tests.workshop import NOW

EDITIONS = [edition for form in read_forms(ROOT, TYPES).values() for edition in form.editions]
HEAD = DataHead(number="0000-mse01-2026-000001", token="t" * 22, office="0000", issued_at=NOW)


def data(edition: Edition, raw: dict[str, Any]) -> bytes:
    reading = read_answers(edition, raw, NOW.date())
    assert reading.is_right, reading.refusals + reading.warnings
    return write_data(edition, reading.answers, HEAD)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("edition", [WHOLE, *EDITIONS], ids=lambda edition: edition.key)
def test_the_data_of_a_sample_are_valid(
    edition: Edition, language: Language, tmp_path: Path
) -> None:
    sample = RIGHT if edition is WHOLE else sample_answers(edition, language, TODAY)
    xml, xsd = tmp_path / "data.xml", tmp_path / "data.xsd"
    xml.write_bytes(data(edition, sample))
    xsd.write_bytes(write_schema(edition))
    xmllint_schema(xml, xsd)
    assert data(edition, sample) == xml.read_bytes(), "the same bytes for the same answers"


@pytest.mark.parametrize("edition", EDITIONS, ids=lambda edition: edition.key)
def test_a_schema_says_what_the_form_asks(edition: Edition) -> None:
    tree = etree.fromstring(write_schema(edition))
    assert tree.get("targetNamespace") == namespace(edition)
    names = {element.get("name") for element in tree.iter("{*}element")}
    assert {"document", "answers", *edition.items} <= names
    labels = {note.text for note in tree.iter("{*}documentation")}
    assert {spec.label.kk for spec in edition.fields()} <= labels


ROW = st.fixed_dictionaries(
    {"hours": st.just("1"), "price": st.decimals(0, 1000, places=2).map(str)},
    optional={"person": st.fixed_dictionaries({"surname": NAMES, "given_name": NAMES})},
)
FILLED = st.fixed_dictionaries(
    {
        **{name: st.just(value) for name, value in RIGHT.items()},
        "person": st.fixed_dictionaries(
            {"surname": NAMES, "given_name": NAMES}, optional={"patronymic": NAMES}
        ),
        "services": st.lists(ROW, min_size=1, max_size=3),
    },
    optional={
        "text": LINES,
        "long": VALUES["long-text"],
        "mail": VALUES["e-mail"],
        "phone": VALUES["phone"],
        "bin": VALUES["bin"],
        "act": VALUES["act-number"],
        "percent": VALUES["percent"].map(str),
        "height": VALUES["centimetres"].map(str),
        "weight": VALUES["kilograms"].map(str),
        "month": VALUES["month"].map("{:%Y-%m}".format),
        "year": VALUES["year"].map(str),
        "kinds": VALUES["some-of"].map(list),
        "yes": st.booleans(),
        "region": VALUES["reference"],
        "papers": st.dictionaries(
            st.sampled_from(["r1", "r2"]), st.just({"sheets": "7", "note": "c"})
        ),
        "measures": st.lists(st.just({"row": "r2", "count": "0"}), max_size=4),
        "address": st.fixed_dictionaries(
            {"region": VALUES["reference"]}, optional={"street": LINES}
        ),
    },
)
COMPILED = schema(WHOLE)


@given(FILLED)
def test_any_right_answers_are_valid_and_come_back(raw: dict[str, Any]) -> None:
    reading = read_answers(WHOLE, raw, TODAY)
    assert reading.is_right, reading.refusals
    written = write_data(WHOLE, reading.answers, HEAD)
    tree = etree.fromstring(written)
    assert COMPILED.validate(tree)
    told = {element.tag.rpartition("}")[2]: element for element in tree[0]}
    for name in ("text", "long"):
        if name in raw:
            assert told[name].text == reading.answers.value(name)


@settings(max_examples=5)
@given(FILLED)
def test_an_independent_judge_says_the_same(
    tmp_path_factory: pytest.TempPathFactory, raw: dict[str, Any]
) -> None:
    folder = tmp_path_factory.mktemp("judged")
    answers = read_answers(WHOLE, raw, TODAY).answers
    (folder / "data.xml").write_bytes(write_data(WHOLE, answers, HEAD))
    (folder / "data.xsd").write_bytes(write_schema(WHOLE))
    xmllint_schema(folder / "data.xml", folder / "data.xsd")


EVIL = "]]><row id='x'/></text><iin>1</iin><!-- & &lt; &#0; <?php {{ 1 }} <![CDATA["


def test_what_is_typed_stays_text() -> None:
    raw = {**RIGHT, "text": EVIL, "long": EVIL, "kind": "b", "reason": EVIL}
    reading = read_answers(WHOLE, raw, TODAY)
    assert reading.is_right
    tree = etree.fromstring(write_data(WHOLE, reading.answers, HEAD))
    answers = tree[0]
    assert [child.tag.rpartition("}")[2] for child in answers] == [
        name for name in WHOLE.items if reading.answers.value(name) not in (None,)
    ]
    found = {child.tag.rpartition("}")[2]: child for child in answers}
    assert found["text"].text == reading.answers.value("text")
    assert len(found["text"]) == 0


def test_a_reason_is_in_the_data() -> None:
    raw = {
        **RIGHT, "services": [{"hours": "1", "price": "2000"}],
        "overrides": {"price_fair": "<b>келісім</b>"},
    }  # fmt: skip
    tree = etree.fromstring(data(WHOLE, raw))
    (override,) = tree.iter("{*}override")
    assert (override.get("rule"), override.text) == ("price_fair", "<b>келісім</b>")


def test_the_head_tells_the_document() -> None:
    tree = etree.fromstring(data(WHOLE, RIGHT))
    assert tree.tag == f"{{{namespace(WHOLE)}}}document"
    assert dict(tree.attrib) == {
        "form": "test-01", "edition": "2025-05-02", "number": HEAD.number, "token": HEAD.token,
        "office": "0000", "issued": NOW.isoformat(timespec="seconds"),
    }  # fmt: skip


def test_answers_that_break_the_schema_are_not_written() -> None:
    with pytest.raises(DocumentError, match="data-invalid"):
        write_data(WHOLE, Answers({}), HEAD)


def test_the_number_is_read_from_our_data_alone() -> None:
    assert read_number(data(WHOLE, RIGHT)) == HEAD.number


@pytest.mark.parametrize(
    "content",
    [b"", b"no xml", b"<a/>", b"<document number='1'/>", b'<a xmlns="urn:other" number="1"/>',
     b"<!-- only -->", b"\xff\xfe", b"<a>", b'<!DOCTYPE a [<!ENTITY b "c">]><a number="&b;"/>'],
)  # fmt: skip
def test_what_is_not_ours_has_no_number(content: bytes) -> None:
    assert read_number(content) is None


def test_an_expansion_bomb_has_no_number() -> None:
    levels = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    root = '<a xmlns="urn:forms-server:data:x" number="&a11;"/>'
    bomb = f'<!DOCTYPE a [<!ENTITY a0 "x">{levels}]>{root}'
    assert read_number(bomb.encode()) is None
