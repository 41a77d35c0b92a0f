"""The files of ``form_specs/``: read safely, checked by the grammar, their elements' words taken.

Used by :mod:`forms_server.specs.reading` alone.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from lxml import etree

from forms_server.errors import SpecificationError
from forms_server.languages import BilingualText, Language

NAMESPACE = "urn:forms-server:specification"
BILINGUAL = (
    "title",
    "label",
    "hint",
    "option",
    "row",
    "row-label",
    "message",
    "item",
    "case",
    "rules",
    "act",
    "day",
)
PARSER = etree.XMLParser(
    resolve_entities=False, no_network=True, remove_comments=True, remove_blank_text=False
)


def read_grammar(path: Path) -> etree.RelaxNG:
    """The grammar that every file must follow."""
    try:
        return etree.RelaxNG(_read_xml(path))
    except etree.RelaxNGParseError as error:
        raise SpecificationError("spec-not-xml", path=path, line=1, reason=str(error)) from error


def _read_xml(path: Path) -> etree._Element:
    """The root of a file; one that brings definitions of its own (XML 1.0, 2.8) is refused."""
    try:
        tree = etree.parse(path, PARSER)
    except etree.XMLSyntaxError as error:
        line = error.lineno or 1
        raise SpecificationError("spec-not-xml", path=path, line=line, reason=error.msg) from error
    except OSError as error:
        raise SpecificationError("spec-not-xml", path=path, line=1, reason=str(error)) from error
    if tree.docinfo.internalDTD is not None:
        raise SpecificationError("spec-doctype", path=path, line=1)
    return tree.getroot()


def read_file(path: Path, grammar: etree.RelaxNG) -> etree._Element:
    """The root of a file that follows the grammar, with every text in both languages."""
    root = _read_xml(path)
    for element in root.iter("*"):
        for name, value in element.attrib.items():
            element.set(name, " ".join(str(value).split()))
    _check_languages(path, root)
    if not grammar.validate(root):
        first = grammar.error_log[0]
        raise SpecificationError(
            "spec-grammar", path=path, line=first.line, reason=first.message.rstrip(".")
        )
    return root


def _check_languages(path: Path, root: etree._Element) -> None:
    for element in root.iter(*(tag(name) for name in BILINGUAL)):
        for language in Language:
            text = element.find(tag(language.value))
            if text is None or not (text.text or "").strip():
                name = etree.QName(element).localname
                raise error_at(
                    "spec-language-missing", path, element, name=name, language=language.value
                )


def file_of(element: etree._Element, form: Path, common: Path) -> Path:
    """The file that an element stands in: the form's own, or the one of the shared blocks."""
    return common if element.getroottree().getroot().tag == tag("blocks") else form


def line_of(element: etree._Element) -> int:
    """The line of its file that an element stands in."""
    line = element.sourceline
    return line if isinstance(line, int) else 0


def tag(name: str) -> str:
    """A name in the namespace of specifications."""
    return f"{{{NAMESPACE}}}{name}"


def only(parent: etree._Element, name: str) -> etree._Element:
    """The child that the grammar demands."""
    element = parent.find(tag(name))
    assert element is not None  # noqa: S101  # the grammar demands it
    return element


def text_of(element: etree._Element) -> BilingualText:
    """What an element says in both languages, white space folded."""
    kk, ru = (" ".join((only(element, name).text or "").split()) for name in ("kk", "ru"))
    return BilingualText(kk=kk, ru=ru)


def child_text(parent: etree._Element, name: str) -> BilingualText:
    return text_of(only(parent, name))


def optional_text(parent: etree._Element, name: str) -> BilingualText | None:
    element = parent.find(tag(name))
    return None if element is None else text_of(element)


def attribute_of(parent: etree._Element, name: str, attribute: str) -> str | None:
    element = parent.find(tag(name))
    return None if element is None else element.get(attribute)


def optional_date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def optional_integer(text: str | None) -> int | None:
    return None if text is None else int(text)


def error_at(
    code: str, path: Path, element: etree._Element, **values: object
) -> SpecificationError:
    return SpecificationError(code, path=path, line=line_of(element), **values)
