"""Reading: a wrong file is refused with its path, its line and how to mend it.

``tests/samples/specifications/`` holds one form a defect, named for it; ``<!-- here -->`` stands on
the line that must be named. A defect of a shared block stands in ``common.xml``, marked by name.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from forms_server.errors import SpecificationError, catalogue
from forms_server.fields.registry import TYPES
from forms_server.languages import BilingualText, Language
from forms_server.specs.earlier import Combine
from forms_server.specs.model import FieldSpec, FormSpec, Original, Rows, TableSpec
from forms_server.specs.reading import read_forms
from tests.judges import ROOT

SAMPLES = ROOT / "tests" / "samples" / "specifications"
HERE = "<!-- here -->"
DEFECTS = {
    "unknown-type": "spec-unknown-type",
    "missing-language": "spec-language-missing",
    "empty-language": "spec-language-missing",
    "duplicate-field": "spec-id-twice",
    "duplicate-column": "spec-id-twice",
    "duplicate-option": "spec-id-twice",
    "duplicate-rule": "spec-id-twice",
    "duplicate-section": "spec-id-twice",
    "duplicate-signature": "spec-id-twice",
    "duplicate-edition": "spec-id-twice",
    "electronic-signature-of-nobody": "spec-signature-by",
    "signature-with-a-number-that-is-a-name": "spec-signature-number",
    "signature-with-an-unknown-number": "spec-signature-number",
    "overlapping-editions": "spec-overlap",
    "overlapping-editions-by-a-day": "spec-overlap",
    "unknown-field-in-rule": "spec-unknown-field",
    "unknown-field-in-condition-of-rule": "spec-unknown-field",
    "unknown-field-shown-if": "spec-unknown-field",
    "unknown-field-required-if": "spec-unknown-field",
    "unknown-field-computed": "spec-unknown-field",
    "unknown-field-of-signature": "spec-unknown-field",
    "rule-at-unknown-field": "spec-unknown-field",
    "rule-at-a-column-without-each": "spec-unknown-field",
    "rule-at-today": "spec-unknown-field",
    "rule-for-each-of-no-table": "spec-unknown-field",
    "reserved-id": "spec-id-reserved",
    "reserved-id-overrides": "spec-id-reserved",
    "reserved-column": "spec-id-reserved",
    "template-missing-in-kazakh": "spec-template-missing",
    "template-missing-in-russian": "spec-template-missing",
    "unknown-block": "spec-unknown-block",
    "unknown-options": "spec-unknown-options",
    "unknown-reference": "spec-unknown-reference",
    "limit-that-is-no-number": "spec-attribute",
    "limit-that-is-no-day": "spec-attribute",
    "choice-without-options": "spec-attribute",
    "choice-without-reference": "spec-attribute",
    "broken-expression": "spec-expression",
    "expression-of-another-language": "spec-expression",
    "function-with-too-few-values": "spec-expression",
    "not-xml": "spec-not-xml",
    "unclosed-element": "spec-not-xml",
    "undefined-entity": "spec-not-xml",
    "breaks-the-grammar": "spec-grammar",
    "id-in-capitals": "spec-grammar",
    "option-id-with-a-space": "spec-grammar",
    "date-with-a-time-zone": "spec-grammar",
    "no-such-day": "spec-grammar",
    "misprint-without-a-line-number": "spec-grammar",
    "unknown-kind-of-form": "spec-grammar",
    "numbering-without-a-number": "spec-numbering",
    "numbering-with-an-unknown-name": "spec-numbering",
    "numbering-with-a-broken-pattern": "spec-numbering",
    "numbering-per-an-unknown-name": "spec-numbering",
    "numbering-per-what-it-does-not-say": "spec-numbering",
    "earlier-of-an-unknown-form": "spec-unknown-form",
    "earlier-of-a-form-about-nobody": "spec-earlier-nobody",
    "earlier-of-a-person-without-iin": "spec-earlier-person",
    "earlier-with-an-unknown-field-taken": "spec-unknown-field",
    "earlier-with-an-unknown-field-in-where": "spec-unknown-field",
    "earlier-with-an-unknown-field-of-this": "spec-unknown-field",
    "earlier-with-rows-of-no-table": "spec-unknown-field",
    "earlier-for-each-of-no-table": "spec-unknown-field",
    "earlier-sum-without-take": "spec-grammar",
    "earlier-id-of-a-field": "spec-id-twice",
    "earlier-in-a-computed-field": "spec-unknown-field",
    "earlier-of-rows-in-a-rule-without-each": "spec-unknown-field",
    "present-name-outside-of-earlier": "spec-unknown-field",
    "broken-codes": "spec-expression",
    "repealed-by-without-until": "spec-grammar",
    "sample-of-a-person": "spec-attribute",
    "time-with-a-limit": "spec-attribute",
    "reserved-id-this": "spec-id-reserved",
    "doctype-with-an-entity": "spec-doctype",
    "doctype-with-an-entity-in-an-attribute": "spec-doctype",
    "doctype-that-reads-a-file": "spec-doctype",
    "doctype-from-the-network": "spec-doctype",
}
DEFECTS_OF_BLOCKS = {
    "circular-block": "spec-unknown-block",
    "block-with-unknown-type": "spec-unknown-type",
    "block-with-unknown-field": "spec-unknown-field",
    "block-used-twice": "spec-id-twice",
    "block-of-columns-in-a-section": "spec-block-kind",
    "block-of-fields-in-a-table": "spec-block-kind",
    "column-of-a-block-twice": "spec-id-twice",
}
RIGHT = {"right", "two-editions", "shared-block", "spaces-in-attributes", "columns-of-a-block"}
LOOKS = {"looks-at-earlier"}
ADVICE = re.compile(
    r"mend|write|remove|check|change|correct|give|there are|docs/|needs|add", re.IGNORECASE
)

Root = Callable[..., Path]


@pytest.fixture
def make_root(tmp_path: Path) -> Root:
    """A root with one form, the sample of this name, and whatever else is given."""

    def make(sample: str, **more: str) -> Path:
        specs = tmp_path / "form_specs"
        (specs / "test").mkdir(parents=True)
        (specs / "reference").mkdir()
        shutil.copy(ROOT / "form_specs" / "specification.rng", specs)
        shutil.copy(SAMPLES / "common.xml", specs)
        shutil.copy(SAMPLES / f"{sample}.xml", specs / "test" / "01-form.xml")
        for language in Language:
            (tmp_path / "templates" / language.value / "test").mkdir(parents=True)
        for name in ("kk/test/01-form", "ru/test/01-form", "kk/test/02-kazakh-only",
                     "ru/test/03-russian-only"):  # fmt: skip
            (tmp_path / "templates" / f"{name}.html").touch()
        for name, text in more.items():
            (specs / name.replace("__", "/")).with_suffix(".xml").write_text(text, "utf-8")
        return tmp_path

    return make


def read(root: Path) -> Mapping[str, FormSpec]:
    return read_forms(root, TYPES)


def refusal(root: Path) -> SpecificationError:
    with pytest.raises(SpecificationError) as caught:
        read(root)
    return caught.value


def line_of(path: Path, mark: str) -> int:
    lines = path.read_text("utf-8").splitlines()
    found = [number for number, line in enumerate(lines, 1) if mark in line]
    assert found, f"{path.name} lacks the mark {mark}"
    return found[-1]


def test_every_sample_is_tested() -> None:
    names = {path.stem for path in SAMPLES.glob("*.xml")} - {"common"}
    assert names == {*DEFECTS, *DEFECTS_OF_BLOCKS, *RIGHT, *LOOKS}


@pytest.mark.parametrize(("sample", "code"), DEFECTS.items())
def test_a_defect_is_refused_with_path_and_line(make_root: Root, sample: str, code: str) -> None:
    root = make_root(sample)
    path = root / "form_specs" / "test" / "01-form.xml"
    error = refusal(root)
    assert (error.code, error.path) == (code, path)
    assert error.line == line_of(path, HERE)
    assert str(error).startswith(f"{path}:{error.line}: {code}: ")


@pytest.mark.parametrize(("sample", "code"), DEFECTS_OF_BLOCKS.items())
def test_a_defect_of_a_block_is_refused_where_the_block_stands(
    make_root: Root, sample: str, code: str
) -> None:
    root = make_root(sample)
    path = root / "form_specs" / "common.xml"
    error = refusal(root)
    assert (error.code, error.path, error.line) == (code, path, line_of(path, f"-- {sample} --"))


@pytest.mark.parametrize("code", sorted({*DEFECTS.values(), *DEFECTS_OF_BLOCKS.values()}))
def test_every_refusal_says_how_to_mend_it(code: str) -> None:
    assert ADVICE.search(catalogue()[code]["en"])


def test_the_refusal_names_what_is_wrong(make_root: Root) -> None:
    error = refusal(make_root("unknown-type"))
    assert "one-off" in error.say("en")
    assert "one-of," in error.say("en"), "the types that there are"
    assert "one-off" in error.message.kk
    assert "one-off" in error.message.ru


@pytest.mark.parametrize("sample", sorted(RIGHT))
def test_a_right_form_is_read(make_root: Root, sample: str) -> None:
    form = read(make_root(sample))["test-01"]
    edition = form.latest
    assert form.title == BilingualText(kk="Үлгі акт", ru="Образцовый акт")
    assert form.editions[0].in_force_from == date(2025, 5, 2)
    assert edition.original is Original.RU
    assert next(iter(edition.items)) == "person"
    table = edition.items["services"]
    assert isinstance(table, TableSpec)
    assert (table.rows_are, table.maximum) == (Rows.FREE, 5)
    assert [column.id for column in table.columns] == ["hours", "price", "cost"]
    assert edition.numbering.per == ("office", "form", "year")
    assert edition.rules[0].test.names == {"services.hours"}


def test_a_shared_block_stands_where_it_is_used(make_root: Root) -> None:
    edition = read(make_root("shared-block"))["test-01"].latest
    assert [*edition.items] == ["person", "note", "kind", "services"]
    note = edition.items["note"]
    assert isinstance(note, FieldSpec)
    assert note.label.ru == "Примечание"


def test_a_look_at_earlier_documents_is_read(make_root: Root) -> None:
    edition = read(make_root("looks-at-earlier"))["test-01"].latest
    (look,) = edition.earlier
    assert (look.id, look.person, look.combine) == ("before", "iin", Combine.SUM)
    assert (look.each, look.source) == (None, "1-2")
    (source,) = look.sources
    assert (source.form, source.rows) == ("test-01", None)
    assert (source.names, source.present_names) == ({"services.hours", "kind"}, {"kind"})
    assert edition.rules[0].test.names == {"services.hours", "before"}
    assert "before" not in edition.names, "rules alone may name it"


LOOK_AT_ROWS = """    <earlier id="{id}" person="{person}" combine="count" each="services">
      <from form="test-01" rows="services" where="owner == this.owner and hours &lt; this.hours"/>
      <from form="test-01" rows="services" where="device.years &lt; this.device.years"/>
    </earlier>
"""
WORDS = "<label><kk>а</kk><ru>а</ru></label>"
DEVICE = f'<column id="device" type="reference" reference="regions">{WORDS}</column>'
OF_ROWS = f'<column id="owner" type="iin" means="person.iin">{WORDS}</column>{DEVICE}'


def test_a_look_may_be_taken_for_every_row(make_root: Root) -> None:
    root = make_root("right", reference__regions=FIGURES.format(more=""))
    path = root / "form_specs" / "test" / "01-form.xml"
    text = path.read_text("utf-8")
    text = text.replace('<column id="cost"', f'{OF_ROWS}<column id="cost"')
    text = text.replace(
        "<signature", LOOK_AT_ROWS.format(id="times", person="owner") + "<signature"
    )
    path.write_text(text, "utf-8")
    (look,) = read(root)["test-01"].latest.earlier
    assert (look.each, look.person) == ("services", "owner")
    assert [source.take for source in look.sources] == [None, None]
    assert look.sources[1].present_names == {"device.years"}


FIGURES = """<reference xmlns="urn:forms-server:specification" id="regions">
<title><kk>Құрал</kk><ru>Средства</ru></title>
<item id="chair"><kk>Арба</kk><ru>Коляска</ru><case name="of"><kk>а</kk><ru>а</ru></case>
<figure name="years" source="12">7</figure><figure name="price"> 12.50 </figure></item>
<item id="cane"><kk>Таяқ</kk><ru>Трость</ru>{more}</item>
</reference>"""


def test_the_figures_of_a_reference_have_names_in_rules(make_root: Root) -> None:
    root = make_root("right", reference__regions=FIGURES.format(more=""))
    path = root / "form_specs" / "test" / "01-form.xml"
    field = DEVICE.replace("column", "field")
    text = path.read_text("utf-8").replace('<field id="kind"', f'{field}<field id="kind"')
    path.write_text(text, "utf-8")
    edition = read(root)["test-01"].latest
    assert {"device.years", "device.price"} <= edition.names
    device = edition.items["device"]
    assert isinstance(device, FieldSpec)
    assert device.reference is not None
    assert device.reference.items[0].figures == {"years": 7, "price": Decimal("12.50")}
    assert device.reference.items[1].figures == {}


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ('<figure name="years">1</figure><figure name="years">2</figure>', "spec-id-twice"),
        ('<figure name="years">four</figure>', "spec-grammar"),
        ('<figure name="Years">4</figure>', "spec-grammar"),
    ],
)
def test_a_wrong_figure_is_refused(make_root: Root, more: str, code: str) -> None:
    error = refusal(make_root("right", reference__regions=FIGURES.format(more=more)))
    assert (error.code, error.path.name, error.line) == (code, "regions.xml", 5)


def test_an_edition_says_which_order_ended_it(make_root: Root) -> None:
    root = make_root("right")
    path = root / "form_specs" / "test" / "01-form.xml"
    until = 'from="2025-05-02" until="2026-05-02" repealed-by="286"'
    path.write_text(path.read_text("utf-8").replace('from="2025-05-02"', until), "utf-8")
    edition = read(root)["test-01"].latest
    assert (edition.repealed_by, edition.in_force_until) == ("286", date(2026, 5, 2))


def test_two_calendars_are_refused(make_root: Root) -> None:
    calendar = (ROOT / "form_specs" / "reference" / "holidays.xml").read_text("utf-8")
    error = refusal(make_root("right", reference__a=calendar, reference__b=calendar))
    assert (error.code, error.path.name) == ("spec-reference-twice", "b.xml")


def test_editions_that_touch_do_not_overlap(make_root: Root) -> None:
    form = read(make_root("two-editions"))["test-01"]
    assert [edition.id for edition in form.editions] == ["2025-05-02", "2026-01-01"]


def test_one_form_in_two_files_is_refused(make_root: Root) -> None:
    root = make_root("right")
    second = root / "form_specs" / "test" / "02-form.xml"
    shutil.copy(root / "form_specs" / "test" / "01-form.xml", second)
    error = refusal(root)
    assert (error.code, error.path, error.line) == ("spec-form-twice", second, 2)


REFERENCE = """<reference xmlns="urn:forms-server:specification" id="regions">
<title><kk>Өңірлер</kk><ru>Регионы</ru></title>
<item id="abai"><kk>Абай</kk><ru>Абай</ru></item>
<item id="{second}"><kk>Ақмола</kk><ru>Акмолинская</ru></item>
</reference>"""


def test_a_reference_with_one_item_twice_is_refused(make_root: Root) -> None:
    error = refusal(make_root("right", reference__regions=REFERENCE.format(second="abai")))
    assert (error.code, error.path.name, error.line) == ("spec-id-twice", "regions.xml", 4)


def test_one_reference_in_two_files_is_refused(make_root: Root) -> None:
    text = REFERENCE.format(second="akmola")
    error = refusal(make_root("right", reference__a=text, reference__b=text))
    assert (error.code, error.path.name) == ("spec-reference-twice", "b.xml")


@pytest.mark.parametrize("kind", ["block", "options"])
def test_a_block_or_list_that_stands_twice_is_refused(make_root: Root, kind: str) -> None:
    content = {
        "block": '<field id="a" type="text"><label><kk>а</kk><ru>а</ru></label></field>',
        "options": '<option id="a"><kk>а</kk><ru>а</ru></option>',
    }[kind]
    line = f'<{kind} id="same">{content}</{kind}>'
    text = f'<blocks xmlns="urn:forms-server:specification">\n{line}\n{line}\n</blocks>'
    error = refusal(make_root("right", common=text))
    assert (error.code, error.path.name, error.line) == ("spec-id-twice", "common.xml", 3)


@pytest.mark.parametrize("name", ["common.xml", "specification.rng"])
def test_a_missing_file_is_named(make_root: Root, name: str) -> None:
    root = make_root("right")
    (root / "form_specs" / name).unlink()
    error = refusal(root)
    assert (error.code, error.path.name) == ("spec-not-xml", name)


def test_a_grammar_that_is_none_is_named(make_root: Root) -> None:
    root = make_root("right")
    (root / "form_specs" / "specification.rng").write_text("<grammar/>")
    assert refusal(root).path.name == "specification.rng"


def test_an_expansion_bomb_is_refused(make_root: Root) -> None:
    root = make_root("right")
    path = root / "form_specs" / "test" / "01-form.xml"
    levels = [f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)]
    bomb = f'<!DOCTYPE form [<!ENTITY a0 "person">{"".join(levels)}]>'
    text = path.read_text("utf-8").replace("?>\n", f"?>{bomb}\n", 1)
    path.write_text(text.replace('name="person"', 'name="&a11;"'), "utf-8")
    assert refusal(root).code in {"spec-not-xml", "spec-doctype"}


def test_the_real_forms_are_read() -> None:
    forms = read(ROOT)
    assert {"mse-01", "mse-04", "mse-12", "mse-17", "assistance-06", "assistance-08",
            "prosthetics-07"} <= {*forms}  # fmt: skip
    assert len(forms["assistance-08"].editions) == 2
