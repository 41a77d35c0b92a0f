"""A clerk whose browser runs no scripts: opens pages, fills what they ask, presses buttons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urljoin

from flask import Flask
from flask.testing import FlaskClient
from lxml import html
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from forms_server.app import create_app
from forms_server.fields.base import Raw
from forms_server.fields.build import flatten
from forms_server.languages import BilingualText, Language
from forms_server.services.accounts import Role
from forms_server.services.samples import sample_answers
from forms_server.services.workshop import Workshop, open_workshop
from forms_server.settings import Settings
from forms_server.specs.model import Edition
from forms_server.storage.records import Change, NewAccount

Office = tuple[Flask, Workshop]
"""The application over a real workshop, and that workshop."""
NOW = datetime(2026, 5, 2, 9, 30, tzinfo=UTC)
URL = "http://127.0.0.1:8000"


def open_office(home: Path) -> Office:
    """A real workshop in a folder, and the application over it."""
    settings = Settings.from_env({"FORMS_SERVER_HOME": str(home), "FORMS_SERVER_PUBLIC_URL": URL})
    workshop = open_workshop(settings, NOW)
    return create_app(settings, workshop), workshop


class Clerk:
    """One person's browser; ``page`` is what it shows, ``answer`` how the server answered."""

    def __init__(self, app: Flask, language: str = "kk") -> None:
        self.client: FlaskClient = app.test_client()
        self.answer: TestResponse
        self.page: html.HtmlElement
        self.open(f"/?lang={language}")

    def sign_in(self, login: str, password: str) -> Clerk:
        self.open("/sign-in")
        self.press("", {"login": login, "password": password}, form="//main//form")
        assert self.page.xpath("//form[contains(@action, 'sign-out')]")
        return self

    def open(self, address: str) -> TestResponse:
        return self._see(self.client.get(address, follow_redirects=True))

    def press(
        self,
        action: str,
        answers: Mapping[str, str | Sequence[str]] | None = None,
        *,
        form: str = "//form[@id='filling']",
    ) -> TestResponse:
        """Type the answers into the page's form and press the button."""
        element = self.page.xpath(form)[0]
        fields = typed(element)
        for name, value in (answers or {}).items():
            fields.setlist(name, [value] if isinstance(value, str) else list(value))
        if action:
            fields.add("action", action)
        return self.post(element.get("action") or self.address, fields)

    def post(self, address: str, fields: MultiDict[str, str]) -> TestResponse:
        target = urljoin(f"{URL}{self.address}", address).removeprefix(URL)
        return self._see(self.client.post(target, data=fields, follow_redirects=True))

    @property
    def address(self) -> str:
        return self.answer.request.full_path.rstrip("?")

    @property
    def text(self) -> str:
        return " ".join(self.page.text_content().split())

    def value(self, name: str) -> str:
        """What an input holds."""
        return typed(self.page.xpath("//form[@id='filling']")[0])[name]

    def values(self, name: str) -> list[str]:
        return typed(self.page.xpath("//form[@id='filling']")[0]).getlist(name)

    def start(self, form_id: str) -> str:
        """Start a draft from the list of forms; its address."""
        self.open("/forms/")
        self.press("", form=f"//*[@id='form-{form_id}']//form")
        assert self.answer.status_code == 200, self.text
        return self.answer.request.path

    def _see(self, answer: TestResponse) -> TestResponse:
        self.answer = answer
        if answer.mimetype == "text/html":
            self.page = html.fromstring(answer.get_data(as_text=True))
        return answer


def signed_in(office: Office, login: str, language: str = "kk") -> Clerk:
    """One of the office's first accounts at its browser."""
    app, workshop = office
    return Clerk(app, language).sign_in(login, dict(workshop.first_accounts)[login])


def head_of_another_office(office: Office) -> Clerk:
    """Somebody with every permission, elsewhere."""
    app, workshop = office
    elsewhere = workshop.records.offices.ensure("0102", BilingualText(kk="Басқа", ru="Другой"))
    own = workshop.records.accounts.by_login("head")
    assert own is not None
    account = NewAccount(
        office_id=elsewhere.id,
        login="stranger",
        display_name="x",
        role=Role.HEAD,
        password_hash=own.password_hash,
    )
    workshop.records.accounts.add(account, Change(at=NOW))
    return Clerk(app).sign_in("stranger", dict(workshop.first_accounts)["head"])


def typed(form: html.HtmlElement) -> MultiDict[str, str]:
    """What a browser would send of a form without any button."""
    # lxml gives the value "on" for a radio that means "no answer" by an empty one.
    unsaid = set(form.xpath(".//input[@type='radio'][@checked][@value='']/@name"))
    values = ((name, value) for name, value in form.form_values() if name not in unsaid)
    return MultiDict((name, value.replace("\r\n", "\n")) for name, value in values)


def posted(raw: Mapping[str, Raw]) -> dict[str, list[str]]:
    """JSON-shaped answers as the inputs of a page hold them."""
    flat = flatten(raw)
    return {name: flat.getlist(name) for name in flat}


def sample(edition: Edition, language: Language = Language.KK) -> dict[str, list[str]]:
    """Right answers to everything that an edition asks."""
    return posted(sample_answers(edition, language, NOW.date()))
