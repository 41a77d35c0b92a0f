"""Blanks: a form without answers, to write on or to fill on a screen."""

from __future__ import annotations

from functools import lru_cache

from forms_server.documents.context import Output
from forms_server.errors import ServiceError
from forms_server.fields.values import Answers
from forms_server.languages import OUTPUTS
from forms_server.services.issuing import pages_of
from forms_server.services.workshop import Workshop
from forms_server.specs.model import Edition


@lru_cache(maxsize=128)
def blank_pdf(workshop: Workshop, edition: Edition, *, output: str, fillable: bool) -> bytes:
    """The blank of an edition; printed once per process and kept, since it never changes."""
    if output not in OUTPUTS:
        raise ServiceError("output-unknown", output=output)
    kind = Output.FILLABLE if fillable else Output.BLANK
    pages = pages_of(edition, output, kind, answers=Answers({}))
    return workshop.printer.print_pdf(workshop.templates.write_html(pages), fillable=fillable)
