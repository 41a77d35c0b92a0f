"""Pages to HTML: the only module that runs the printed templates.

``templates/kk/…`` and ``templates/ru/…`` hold the sentences of a form; ``templates/shared/`` holds
what is the same in every language: the parts a page is built of, and the document around the pages.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import jinja2

from forms_server.documents.context import Page, UnknownNameError
from forms_server.errors import DocumentError

PARTS = "shared/parts.html"
DOCUMENT = "shared/document.html"


class Templates:
    """The printed templates of one installation, compiled once per process."""

    def __init__(self, folder: Path) -> None:
        self.environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(folder),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            extensions=["jinja2.ext.do"],
        )

    @cached_property
    def _parts(self) -> jinja2.Template:
        return self.environment.get_template(PARTS)

    def write_html(self, pages: Sequence[Page]) -> str:
        """The whole document: every page in its language, each as often as the form has copies."""
        bodies = [(page, self.write_body(page)) for page in pages]
        return self.environment.get_template(DOCUMENT).render(bodies=bodies, first=pages[0])

    def write_body(self, page: Page) -> str:
        """One page's form alone; :class:`DocumentError` says which name is unknown."""
        names = self._names(page)
        template = f"{page.language.value}/{page.edition.template}.html"
        try:
            return self.environment.get_template(template).render(names)
        except UnknownNameError as error:
            line = _line(error, template)
            raise DocumentError(
                "template-unknown-name", template=template, line=line, name=error.args[0]
            ) from error
        except (jinja2.TemplateError, TypeError, ValueError) as error:
            line = _line(error, template)
            raise DocumentError(
                "template-broken", template=template, line=line, reason=str(error)
            ) from error

    def _names(self, page: Page) -> dict[str, Any]:
        module = self._parts.make_module({"page": page})
        macros = {name: getattr(module, name) for name in dir(module) if not name.startswith("_")}
        return {**macros, "page": page}


def _line(error: Exception, template: str) -> int:
    """Where in the template the error arose; 1 if it arose before the template ran."""
    if isinstance(error, jinja2.TemplateSyntaxError):
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename.endswith(template)]
    return lines[-1] or 1 if lines else 1
