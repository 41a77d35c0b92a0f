"""Pages to HTML: the only module that runs the printed templates.

``templates/kk/…`` and ``templates/ru/…`` hold the sentences of a form; ``templates/shared/`` holds
what is the same in every language: the parts a page is built of, and the document around the pages.
"""

from __future__ import annotations

import base64
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
        self.environment.filters["base64"] = lambda data: base64.b64encode(data).decode("ascii")

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
            raise DocumentError(
                "template-unknown-name", template=template, name=str(error)
            ) from error
        except jinja2.TemplateError as error:
            raise DocumentError("template-broken", template=template, reason=str(error)) from error

    def _names(self, page: Page) -> dict[str, Any]:
        module = self._parts.make_module({"page": page})
        macros = {name: getattr(module, name) for name in dir(module) if not name.startswith("_")}
        return {**macros, "page": page}
