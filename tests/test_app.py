"""The application as a whole: every page family is there, and proxies are believed when told to."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask, request

from forms_server.app import create_app
from forms_server.settings import Settings


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    home = tmp_path_factory.mktemp("home")
    return create_app(
        Settings.from_env({"FORMS_SERVER_HOME": str(home)}), clock=lambda: datetime.now(UTC)
    )


def test_every_page_family_is_there(app: Flask) -> None:
    families = {"home", "sessions", "forms", "drafts", "documents", "blanks", "verification"}

    assert families <= set(app.blueprints)


CHANGES_NOTHING = {"/v/<token>": 404, "/verify/file": 422}
"""What anybody may ask by POST without a token against forgery, and how nothing is answered."""


def test_every_page_that_changes_something_takes_only_posts_with_a_token(app: Flask) -> None:
    client = app.test_client()
    posts = [rule.rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())]

    assert CHANGES_NOTHING.keys() <= set(posts)
    for rule in posts:
        address = rule.replace("<", "").replace(">", "")
        assert client.post(address).status_code == CHANGES_NOTHING.get(rule, 400), address


def test_no_address_is_believed_that_a_visitor_reports(app: Flask) -> None:
    with app.test_client() as client:
        client.get("/health", headers={"X-Forwarded-For": "203.0.113.7"})
        assert request.remote_addr == "127.0.0.1"


def test_the_door_for_a_server_is_there() -> None:
    assert "application = create_app" in Path("wsgi.py").read_text(encoding="utf-8")
