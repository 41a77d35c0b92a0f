"""Checks specifications against their templates: every name known, every field printed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from forms_server.documents.context import Output, Page
from forms_server.documents.html import Templates
from forms_server.documents.sentences import read_sentences
from forms_server.errors import DocumentError, SpecificationError
from forms_server.fields.registry import TYPES
from forms_server.languages import Language
from forms_server.specs.model import Edition, FieldSpec, FormSpec
from forms_server.specs.reading import read_forms


def inspect_forms(root: Path) -> tuple[SpecificationError, ...]:
    """Everything that is wrong with ``form_specs/`` and ``templates/``; empty if nothing is.

    A file that cannot be read stops the inspection: it is then the only thing reported.
    """
    try:
        forms = read_forms(root, TYPES)
    except SpecificationError as error:
        return (error,)
    return tuple(
        problem for form in forms.values() for problem in _inspect_form(form, root / "templates")
    )


def inspect_sentences(path: Path) -> tuple[SpecificationError, ...]:
    """What is wrong with the file of sentences of equivalence: the first thing, or nothing."""
    try:
        read_sentences(path)
    except SpecificationError as error:
        return (error,)
    return ()


def _inspect_form(form: FormSpec, folder: Path) -> Iterator[SpecificationError]:
    templates = Templates(folder)
    for edition in form.editions:
        for language in Language:
            yield from _inspect_page(templates, folder, edition, language)


def _inspect_page(
    templates: Templates, folder: Path, edition: Edition, language: Language
) -> Iterator[SpecificationError]:
    path = folder / language.value / f"{edition.template}.html"
    page = Page(edition, language, output=Output.BLANK)
    try:
        templates.write_body(page)
    except DocumentError as error:
        reason = error.values.get("name") or error.values.get("reason")
        line = int(str(error.values.get("line", 1)))
        yield SpecificationError("spec-template-broken", path=path, line=line, reason=reason)
        return
    for spec in edition.signatures:
        if spec.is_electronic and spec.id not in page.asked_signatures:
            yield SpecificationError(
                "spec-template-unsigned", path=path, line=1, name=spec.id, language=language.value
            )
    for item in edition.items.values():
        is_printed = not isinstance(item, FieldSpec) or item.printed
        if is_printed and item.id not in page.asked:
            yield SpecificationError(
                "spec-template-silent", path=path, line=1, name=item.id, language=language.value
            )
