"""The application on a state of its own, with real accounts, real keys and real documents."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from forms_server.app import create_app
from forms_server.fields.answers import read_answers
from forms_server.fields.values import Answers
from forms_server.languages import Language
from forms_server.services.accounts import Actor, actor_of
from forms_server.services.issuing import issue
from forms_server.services.samples import sample_answers
from forms_server.services.workshop import Workshop, open_workshop
from forms_server.settings import Settings
from forms_server.specs.model import Edition
from forms_server.storage.records import DocumentRecord
from tests.web.clerk import Clerk, Office, open_office, signed_in

OUR_PAGE = {"Sec-Fetch-Site": "same-origin"}
"""What a browser says of a form that a page of ours sent."""
CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')

Post = Callable[..., TestResponse]
SignIn = Callable[[FlaskClient, str], None]


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = tmp_path_factory.mktemp("state")
    return Settings.from_env({"FORMS_SERVER_HOME": str(home)})


@pytest.fixture(scope="session")
def workshop(settings: Settings) -> Workshop:
    """Opened once: the tests of this folder share its documents and accounts."""
    return open_workshop(settings, datetime.now(UTC))


@pytest.fixture
def app(settings: Settings, workshop: Workshop) -> Flask:
    """A new application, so that no test runs into another one's limits."""
    return create_app(settings, workshop)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office of one module's own, for a clerk without scripts."""
    app, workshop = open_office(tmp_path_factory.mktemp("office"))
    yield app, workshop
    workshop.records.close()


@pytest.fixture
def clerk(office: Office) -> Clerk:
    return signed_in(office, "clerk")


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def passwords(workshop: Workshop) -> dict[str, str]:
    return dict(workshop.first_accounts)


@pytest.fixture
def post() -> Post:
    """``post(client, address, data, page=…)``: with the token of that page, where it has one."""

    def posted(
        client: FlaskClient, address: str, data: dict[str, object], *, page: str
    ) -> TestResponse:
        token = CSRF.search(client.get(page).text)
        carried = {"csrf_token": token[1]} if token else {}
        return client.post(address, data={**data, **carried}, headers=OUR_PAGE)

    return posted


@pytest.fixture
def sign_in(post: Post, passwords: dict[str, str]) -> SignIn:
    """``sign_in(client, "clerk")``"""

    def signed_in(client: FlaskClient, login: str) -> None:
        data = {"login": login, "password": passwords[login]}
        assert post(client, "/sign-in", data, page="/sign-in").status_code == 303

    return signed_in


@pytest.fixture(scope="session")
def head(workshop: Workshop) -> Actor:
    """The head of the office: may issue and annul."""
    account = workshop.records.accounts.by_login("head")
    assert account
    actor = actor_of(workshop.records, account.id, session_epoch=account.session_epoch)
    assert actor
    return actor


@pytest.fixture(scope="session")
def edition(workshop: Workshop) -> Edition:
    return workshop.forms["mse-01"].latest


@pytest.fixture(scope="session")
def answers(edition: Edition) -> Answers:
    today = datetime.now(UTC).date()
    return read_answers(edition, sample_answers(edition, Language.KK, today), today).answers


@pytest.fixture
def new_document(
    workshop: Workshop, edition: Edition, answers: Answers, head: Actor
) -> Callable[[], DocumentRecord]:
    """``new_document()`` issues one more application."""
    return lambda: issue(workshop, edition, answers, output="kk", actor=head, now=datetime.now(UTC))


@pytest.fixture(scope="session")
def document(workshop: Workshop, edition: Edition, answers: Answers, head: Actor) -> DocumentRecord:
    """A document that is in force and that nobody changes."""
    return issue(workshop, edition, answers, output="kk", actor=head, now=datetime.now(UTC))


@pytest.fixture
def pdf(workshop: Workshop, document: DocumentRecord) -> bytes:
    assert document.blob_key
    return workshop.blobs.get(document.blob_key)


@pytest.fixture
def templates_folder() -> Path:
    return Path(__file__).parents[2] / "forms_server" / "web" / "templates"
