"""What pages keep: the frame of /v/TOKEN, with nothing of an address or of a person in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from flask.testing import FlaskClient
from lxml import html
from sqlalchemy import event

from forms_server.services.accounts import Actor
from forms_server.services.withdrawing import annul
from forms_server.services.workshop import Workshop
from forms_server.storage.records import DocumentRecord
from tests.web.conftest import SignIn


def test_every_visitor_gets_the_same_page_and_no_cookie(
    client: FlaskClient, document: DocumentRecord
) -> None:
    first = client.get(f"/v/{document.token}?lang=ru&evil=%3Cb%3E")
    second = client.get(f"/v/{document.token}?lang=ru")
    assert first.data == second.data
    assert b"evil" not in first.data
    cookies = second.headers.getlist("Set-Cookie")
    assert not [cookie for cookie in cookies if "session" in cookie]
    assert second.headers["Cache-Control"] == "no-store"


def test_each_language_has_its_own_frame(client: FlaskClient, document: DocumentRecord) -> None:
    pages = {
        language: html.fromstring(client.get(f"/v/{document.token}?lang={language}").data)
        for language in ("kk", "ru", "en", "kk")
    }
    for language, page in pages.items():
        assert page.get("lang") == language
        others = page.xpath("//nav[@class='languages']//a/@href")
        assert others == [f"?lang={other}" for other in ("kk", "ru", "en") if other != language]
        assert len(page.xpath("//h1[not(@hidden)]")) == 1


def test_who_is_signed_in_is_named_to_nobody_else(
    client: FlaskClient, document: DocumentRecord, sign_in: SignIn
) -> None:
    stranger = client.application.test_client()
    sign_in(client, "clerk")
    own = client.get(f"/v/{document.token}").text
    assert "/sign-out" in own
    assert "/sign-out" not in stranger.get(f"/v/{document.token}").text
    assert client.get(f"/v/{document.token}").text == own


def test_the_page_costs_one_query(
    client: FlaskClient, workshop: Workshop, document: DocumentRecord
) -> None:
    client.get(f"/v/{document.token}")
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(workshop.records.engine, "before_cursor_execute", note)
    try:
        assert client.get(f"/v/{document.token}").status_code == 200
    finally:
        event.remove(workshop.records.engine, "before_cursor_execute", note)
    assert [statement.split()[0] for statement in asked if statement != "BEGIN"] == ["SELECT"]
    assert "answers" not in asked[-1]


def test_an_annulment_is_seen_at_once(
    client: FlaskClient,
    workshop: Workshop,
    head: Actor,
    new_document: Callable[[], DocumentRecord],
) -> None:
    record = new_document()
    before = client.get(f"/v/{record.token}?lang=en").text
    annul(workshop, record.number, reason="Қате", actor=head, now=datetime.now(UTC))
    after = client.get(f"/v/{record.token}?lang=en").text
    assert "The document is valid" in before
    assert "The document is valid" not in after
    assert "The document has been annulled" in after
