"""The start page, the watchman's address, and the navigation."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.web.conftest import SignIn


def test_the_start_page_leads_to_what_there_is(client: FlaskClient) -> None:
    page = client.get("/").text

    for address in ("/forms/", "/templates/", "/verify", "/sign-in"):
        assert f'href="{address}"' in page


def test_the_server_says_that_it_lives(client: FlaskClient) -> None:
    assert client.get("/health").json == {"status": "ok"}


def test_no_page_asks_in_vain_for_an_icon(client: FlaskClient) -> None:
    assert client.get("/favicon.ico").status_code == 204
    icon = client.get("/static/favicon.svg", buffered=True)
    assert icon.content_type.startswith("image/svg+xml")


@pytest.mark.parametrize(
    ("login", "may_fill"), [("clerk", True), ("head", True), ("administrator", False)]
)
def test_everybody_sees_the_links_that_they_may_follow(
    client: FlaskClient, sign_in: SignIn, login: str, *, may_fill: bool
) -> None:
    sign_in(client, login)
    page = client.get("/").text

    for address in ("/forms/", "/drafts/", "/documents/"):
        assert (f'<li><a href="{address}"' in page) is may_fill


def test_the_page_one_is_on_is_marked(client: FlaskClient) -> None:
    assert '<a href="/templates/" aria-current="page">' in client.get("/templates/").text
