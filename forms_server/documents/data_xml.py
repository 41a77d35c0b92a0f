"""The answers as XML, and the XML Schema that an edition's answers must meet.

The namespace names the form and the edition, so an old document is always read by its own schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from lxml import etree

from forms_server.errors import DocumentError
from forms_server.fields.base import Raw, XsdType
from forms_server.fields.registry import part_specs, type_of
from forms_server.fields.values import OVERRIDES, ROW, Answers, write_answers
from forms_server.specs.model import Edition, FieldSpec, Rows, TableSpec

XS = "http://www.w3.org/2001/XMLSchema"
PARSER = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataHead:
    """What the data says of the document itself."""

    number: str
    token: str
    office: str
    issued_at: datetime
    replaces: str | None = None
    """The number of the document that this one is issued in place of."""


def namespace(edition: Edition) -> str:
    """The XML namespace of an edition's data."""
    return f"urn:forms-server:data:{edition.form_id}:{edition.id}"


def write_data(edition: Edition, answers: Answers, head: DataHead) -> bytes:
    """The data XML, UTF-8, the same bytes for the same values, valid against :func:`schema`.

    Raises :class:`DocumentError` (``data-invalid``) should the two ever disagree.
    """
    root = etree.Element(_q(edition, "document"), nsmap=_nsmap(edition))
    for name, value in _attributes(edition, head).items():
        root.set(name, value)
    raw = write_answers(edition, answers)
    overrides: Mapping[str, str] = raw.pop(OVERRIDES, {})
    body = etree.SubElement(root, _q(edition, "answers"))
    for name, value in raw.items():
        _append(edition, body, name, value)
    for rule, reason in overrides.items():
        etree.SubElement(root, _q(edition, "override"), rule=rule).text = reason
    _check(edition, root)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True, pretty_print=True)


def read_number(data: bytes) -> str | None:
    """The document's number in a data XML, ``None`` if it is none of ours."""
    try:
        root = etree.fromstring(data, PARSER)
    except etree.XMLSyntaxError:
        return None
    return root.get("number") if root.tag.startswith("{urn:forms-server:data:") else None


def write_schema(edition: Edition) -> bytes:
    """The XML Schema of an edition's data, as a file for others."""
    return etree.tostring(
        _schema_tree(edition), encoding="utf-8", xml_declaration=True, pretty_print=True
    )


@cache
def schema(edition: Edition) -> etree.XMLSchema:
    """The compiled schema; once per process and edition."""
    return etree.XMLSchema(_schema_tree(edition))


def _check(edition: Edition, root: etree._Element) -> None:
    compiled = schema(edition)
    if not compiled.validate(root):
        raise DocumentError("data-invalid", reason=str(compiled.error_log))


def _attributes(edition: Edition, head: DataHead) -> Mapping[str, str]:
    told = {
        "form": edition.form_id,
        "edition": edition.id,
        "number": head.number,
        "token": head.token,
        "office": head.office,
        "issued": head.issued_at.isoformat(timespec="seconds"),
    }
    return {**told, "replaces": head.replaces} if head.replaces else told


def _append(edition: Edition, parent: etree._Element, name: str, raw: Raw) -> None:
    item = edition.items[name]
    element = etree.SubElement(parent, _q(edition, name))
    if isinstance(item, FieldSpec):
        _fill(edition, element, raw)
        return
    rows = raw.items() if item.rows_are is Rows.FIXED else [(row.get(ROW), row) for row in raw]
    for row_id, row in rows:
        cells = etree.SubElement(element, _q(edition, "row"))
        if row_id is not None:
            cells.set("id", row_id)
        _fill(edition, cells, {key: value for key, value in row.items() if key != ROW})


def _fill(edition: Edition, element: etree._Element, raw: Raw) -> None:
    if isinstance(raw, Mapping):
        for name, value in raw.items():
            _fill(edition, etree.SubElement(element, _q(edition, name)), value)
    else:
        element.text = " ".join(raw) if isinstance(raw, list) else str(raw)


def _nsmap(edition: Edition) -> Any:
    """The edition's namespace as the default one; the stubs of lxml do not know a ``None`` key."""
    return {None: namespace(edition)}


def _q(edition: Edition, name: str) -> str:
    return f"{{{namespace(edition)}}}{name}"


def _xs(name: str) -> str:
    return f"{{{XS}}}{name}"


def _schema_tree(edition: Edition) -> etree._Element:
    target = namespace(edition)
    root = etree.Element(
        _xs("schema"),
        nsmap=_nsmap(edition) | {"xs": XS},
        targetNamespace=target,
        elementFormDefault="qualified",
    )
    sequence = _complex(etree.SubElement(root, _xs("element"), name="document"))
    answers = _complex(etree.SubElement(sequence, _xs("element"), name="answers"))
    for item in edition.items.values():
        _declare(answers, item)
    _declare_override(sequence)
    for name in ("form", "edition", "number", "token", "office"):
        _attribute(sequence, name, "xs:token")
    _attribute(sequence, "issued", "xs:dateTime")
    _attribute(sequence, "replaces", "xs:token", use="optional")
    return root


def _complex(element: etree._Element) -> etree._Element:
    """Give an element a complex type and return the type's sequence."""
    return etree.SubElement(etree.SubElement(element, _xs("complexType")), _xs("sequence"))


def _attribute(sequence: etree._Element, name: str, type_: str, *, use: str = "required") -> None:
    etree.SubElement(_parent(sequence), _xs("attribute"), name=name, type=type_, use=use)


def _parent(element: etree._Element) -> etree._Element:
    parent = element.getparent()
    assert parent is not None  # noqa: S101  # a sequence stands in its type
    return parent


def _declare_override(sequence: etree._Element) -> None:
    element = etree.SubElement(
        sequence, _xs("element"), name="override", minOccurs="0", maxOccurs="unbounded"
    )
    content = etree.SubElement(etree.SubElement(element, _xs("complexType")), _xs("simpleContent"))
    extension = etree.SubElement(content, _xs("extension"), base="xs:string")
    etree.SubElement(extension, _xs("attribute"), name="rule", type="xs:token", use="required")


def _declare(sequence: etree._Element, item: FieldSpec | TableSpec) -> None:
    if isinstance(item, FieldSpec):
        _declare_field(sequence, item)
        return
    table = etree.SubElement(sequence, _xs("element"), name=item.id, minOccurs="0")
    rows = etree.SubElement(
        _complex(table), _xs("element"), name="row", minOccurs="0", maxOccurs=_most_rows(item)
    )
    cells = _complex(rows)
    for column in item.columns:
        _declare_field(cells, column)
    if item.rows_are is not Rows.FREE:
        _declare_row_id(cells, item)


def _most_rows(table: TableSpec) -> str:
    return str(len(table.rows) if table.rows_are is Rows.FIXED else table.maximum)


def _declare_row_id(cells: etree._Element, table: TableSpec) -> None:
    attribute = etree.SubElement(_parent(cells), _xs("attribute"), name="id", use="required")
    facets = [("enumeration", row.id) for row in table.rows if not row.heading]
    _restrict(etree.SubElement(attribute, _xs("simpleType")), XsdType("xs:token", facets))


def _declare_field(sequence: etree._Element, spec: FieldSpec) -> None:
    always = spec.required and spec.shown_if is None
    element = etree.SubElement(sequence, _xs("element"), name=spec.id, minOccurs=str(int(always)))
    _annotate(element, spec)
    parts = part_specs(spec)
    if not parts:
        _declare_simple(element, type_of(spec).xsd(spec))
        return
    content = _complex(element)
    for part in parts:
        _declare_field(content, part)


def _annotate(element: etree._Element, spec: FieldSpec) -> None:
    annotation = etree.SubElement(element, _xs("annotation"))
    for language, text in (("kk", spec.label.kk), ("ru", spec.label.ru)):
        note = etree.SubElement(annotation, _xs("documentation"))
        note.set("{http://www.w3.org/XML/1998/namespace}lang", language)
        note.text = text


def _declare_simple(element: etree._Element, type_: XsdType) -> None:
    simple = etree.SubElement(element, _xs("simpleType"))
    if type_.is_list:
        simple = etree.SubElement(etree.SubElement(simple, _xs("list")), _xs("simpleType"))
    _restrict(simple, type_)


def _restrict(simple: etree._Element, type_: XsdType) -> None:
    restriction = etree.SubElement(simple, _xs("restriction"), base=type_.base)
    for name, value in type_.facets:
        etree.SubElement(restriction, _xs(name), value=value)
