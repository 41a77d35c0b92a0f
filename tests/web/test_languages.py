"""The language of a page: what was picked, what is remembered, what is offered."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

CITIZENS = (
    "/",
    "/templates/",
    "/verify",
    "/v/xxxxxxxxxxxxxxxxxxxxxx",
    "/v/offline",
    "/no-such-page",
)


@pytest.mark.parametrize("address", [*CITIZENS, "/sign-in"])
@pytest.mark.parametrize("language", ["kk", "ru"])
def test_every_page_exists_in_kazakh_and_russian(
    client: FlaskClient, address: str, language: str
) -> None:
    answer = client.get(f"{address}?lang={language}")

    assert f'<html lang="{language}">' in answer.text
    assert answer.headers["Content-Language"] == language


@pytest.mark.parametrize("address", CITIZENS)
def test_citizens_pages_exist_in_english(client: FlaskClient, address: str) -> None:
    assert '<html lang="en">' in client.get(f"{address}?lang=en").text


def test_a_clerks_page_is_not_offered_in_english(client: FlaskClient) -> None:
    answer = client.get("/sign-in?lang=en")

    assert '<html lang="kk">' in answer.text
    assert "English" not in answer.text


def test_kazakh_where_nothing_was_picked_whatever_the_browser_prefers(client: FlaskClient) -> None:
    assert '<html lang="kk">' in client.get("/", headers={"Accept-Language": "en"}).text


def test_the_choice_is_remembered(client: FlaskClient) -> None:
    client.get("/?lang=ru")

    assert '<html lang="ru">' in client.get("/templates/").text
    cookie = client.get_cookie("language")
    assert cookie
    assert cookie.http_only
    assert cookie.same_site == "Lax"


def test_an_unknown_language_is_passed_over(client: FlaskClient) -> None:
    assert '<html lang="kk">' in client.get("/?lang=<script>").text


def test_the_switch_keeps_what_the_address_says(client: FlaskClient) -> None:
    page = client.get("/sign-in?next=/drafts/&lang=ru").text

    assert 'href="/sign-in?next=%2Fdrafts%2F&amp;lang=kk"' in page


def test_after_a_post_the_switch_leads_to_a_page_that_can_be_opened(client: FlaskClient) -> None:
    page = client.post("/drafts/x/issue").text

    assert 'href="/?lang=ru"' in page
