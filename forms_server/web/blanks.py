"""Blank forms for everybody: the list of forms with their editions, and the PDFs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import LazyString
from flask_babel import lazy_gettext as _
from werkzeug.exceptions import NotFound

from forms_server.languages import OUTPUTS
from forms_server.services.blanks import blank_pdf
from forms_server.services.editions import Standing
from forms_server.specs.model import Edition, FormSpec
from forms_server.web.desk import workshop
from forms_server.web.editions import standing

pages = Blueprint("blanks", __name__, url_prefix="/templates")

OUTPUT_NAMES = {
    "kk": _("Kazakh"),
    "ru": _("Russian"),
    "kk-ru": _("Kazakh and Russian"),
}
BOTH_ON_THE_PAGE = "kk-ru"
"""The one output of a form whose page carries both languages."""
FILE_NAME = re.compile(r"(?P<output>kk|ru|kk-ru)-(?P<kind>blank|fillable)\.pdf")
FOR_AN_HOUR = "public, max-age=3600"


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A PDF of one edition."""

    language: LazyString
    blank: str
    fillable: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownEdition:
    """An edition as the list shows it."""

    edition: Edition
    standing: Standing
    downloads: Sequence[Download]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownForm:
    """A form and its editions, newest first."""

    form: FormSpec
    editions: Sequence[ShownEdition]

    @property
    def is_repealed(self) -> bool:
        """No edition is left for new documents: such a form stands at the end of the list."""
        return all(shown.standing.is_over for shown in self.editions)


@pages.get("/")
def show_blanks() -> ResponseReturnValue:
    forms = [_shown_form(form) for form in workshop().forms.values()]
    forms.sort(key=lambda shown: (shown.is_repealed, shown.form.id))
    return render_template("blanks/blanks.html", forms=forms)


@pages.get("/<form_id>/<edition_id>/<name>")
def show_blank(form_id: str, edition_id: str, name: str) -> ResponseReturnValue:
    """``<output>-<blank|fillable>.pdf``"""
    parts = FILE_NAME.fullmatch(name)
    edition = workshop().edition(form_id, edition_id)
    if parts is None or edition is None:
        raise NotFound
    fillable = parts["kind"] == "fillable"
    pdf = blank_pdf(workshop(), edition, output=parts["output"], fillable=fillable)
    return _pdf_response(pdf, f"{form_id}-{edition_id}-{name}")


def outputs_of(edition: Edition) -> Sequence[str]:
    """What the edition can be printed in."""
    return [BOTH_ON_THE_PAGE] if edition.is_bilingual_page else list(OUTPUTS)


def _shown_form(form: FormSpec) -> ShownForm:
    editions = [_shown_edition(edition) for edition in reversed(form.editions)]
    return ShownForm(form=form, editions=editions)


def _shown_edition(edition: Edition) -> ShownEdition:
    return ShownEdition(
        edition=edition,
        standing=standing(edition),
        downloads=[_download(edition, output) for output in outputs_of(edition)],
    )


def _download(edition: Edition, output: str) -> Download:
    return Download(
        language=OUTPUT_NAMES[output],
        blank=_address(edition, f"{output}-blank.pdf"),
        fillable=_address(edition, f"{output}-fillable.pdf"),
    )


def _address(edition: Edition, name: str) -> str:
    return url_for("blanks.show_blank", form_id=edition.form_id, edition_id=edition.id, name=name)


def _pdf_response(pdf: bytes, name: str) -> ResponseReturnValue:
    response = make_response(pdf)
    response.content_type = "application/pdf"
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    response.headers["Cache-Control"] = FOR_AN_HOUR
    response.set_etag(hashlib.sha256(pdf).hexdigest()[:32])
    return response.make_conditional(request)
