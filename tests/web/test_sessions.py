"""Sign-in and sign-out, and what happens to a post that outlived its session."""

from __future__ import annotations

import html
import re

import pytest
from flask.testing import FlaskClient

from forms_server.services.workshop import Workshop
from tests.web.conftest import CSRF, OUR_PAGE, Post, SignIn

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
TYPED = {"iin": "0000 0000 0000", "person-surname": "Ұлы «Тест» <b>", "language": "kk"}


def hidden(page: str, form: int = -1) -> dict[str, str]:
    """The hidden fields of a form of the page, the last one unless told."""
    fields = HIDDEN.findall(page.split("<form")[form])
    return {html.unescape(name): html.unescape(value) for name, value in fields}


def test_signing_in_leads_where_one_wanted(client: FlaskClient, passwords: dict[str, str]) -> None:
    asked = client.get("/drafts/?page=2")
    assert asked.status_code == 303
    page = client.get(asked.location).text

    data = {"login": " Clerk ", "password": passwords["clerk"], **hidden(page)}
    answer = client.post("/sign-in", data=data, headers=OUR_PAGE)

    assert answer.status_code == 303
    assert answer.location == "/drafts/?page=2"
    assert client.get("/drafts/").status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "https://example.org/",
        "//example.org/",
        "/\\example.org",
        "javascript:alert(1)",
        "",
        "/\n/x",
    ],
)
def test_signing_in_never_leads_to_another_site(
    client: FlaskClient, post: Post, passwords: dict[str, str], address: str
) -> None:
    data = {"login": "clerk", "password": passwords["clerk"], "next": address}

    assert post(client, "/sign-in", data, page="/sign-in").location == "/"


@pytest.mark.parametrize("login", ["clerk", "nobody"])
def test_a_wrong_password_is_refused_in_the_pages_language(
    client: FlaskClient, post: Post, login: str
) -> None:
    client.get("/?lang=ru")

    answer = post(client, "/sign-in", {"login": login, "password": "wrong"}, page="/sign-in")

    assert answer.status_code == 401
    assert "Неверный логин или пароль." in answer.text
    assert f'value="{login}"' in answer.text


def test_guessing_is_stopped_and_loses_nothing(client: FlaskClient, post: Post) -> None:
    data = {"login": "clerk", "password": "wrong", "carried.iin": "0000"}
    answers = [post(client, "/sign-in", data, page="/sign-in") for _ in range(11)]

    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert hidden(answers[-1].text)["carried.iin"] == "0000"


def test_signing_out_ends_the_session(client: FlaskClient, post: Post, sign_in: SignIn) -> None:
    sign_in(client, "clerk")

    assert post(client, "/sign-out", {}, page="/").status_code == 303
    assert client.get("/drafts/").status_code == 303


def test_opening_the_address_of_sign_out_signs_nobody_out(
    client: FlaskClient, sign_in: SignIn
) -> None:
    sign_in(client, "clerk")

    assert client.get("/sign-out").status_code == 303
    assert client.get("/drafts/").status_code == 200


def test_a_changed_password_ends_the_session(
    client: FlaskClient, sign_in: SignIn, workshop: Workshop
) -> None:
    sign_in(client, "clerk")
    with client.session_transaction() as session:
        session["epoch"] += 1

    assert client.get("/drafts/").status_code == 303


def test_a_post_after_the_sessions_end_is_carried_through_sign_in(
    client: FlaskClient, passwords: dict[str, str]
) -> None:
    asked = client.post("/drafts/some-draft", data=TYPED, headers=OUR_PAGE)
    assert asked.status_code == 401
    carried = hidden(asked.text)
    assert carried["next"] == "/drafts/some-draft"
    data = {"login": "clerk", "password": passwords["clerk"], **carried}

    replay = client.post("/sign-in", data=data, headers=OUR_PAGE)

    assert replay.status_code == 200
    assert 'action="/drafts/some-draft"' in replay.text
    fields = hidden(replay.text)
    assert {name: fields[name] for name in TYPED} == TYPED
    assert passwords["clerk"] not in replay.text
    assert client.post("/drafts/some-draft", data=fields).status_code == 404


def test_what_was_typed_survives_a_wrong_password(client: FlaskClient) -> None:
    asked = client.post("/drafts/some-draft", data=TYPED, headers=OUR_PAGE)
    data = {"login": "clerk", "password": "wrong", **hidden(asked.text)}

    answer = client.post("/sign-in", data=data, headers=OUR_PAGE)

    assert hidden(answer.text)["carried.person-surname"] == TYPED["person-surname"]


def test_a_script_that_saves_is_told_in_json(client: FlaskClient) -> None:
    headers = {**OUR_PAGE, "Accept": "application/json"}

    answer = client.post("/drafts/some-draft", data=TYPED, headers=headers)

    assert answer.status_code == 401
    assert answer.json == {"code": "signed-out"}


def test_a_signed_in_post_with_an_old_token_is_sent_again(
    client: FlaskClient, sign_in: SignIn
) -> None:
    sign_in(client, "clerk")
    data = {**TYPED, "csrf_token": "old"}

    replay = client.post("/drafts/some-draft", data=data, headers=OUR_PAGE)

    fields = hidden(replay.text)
    assert {name: fields[name] for name in TYPED} == TYPED
    assert fields["csrf_token"] not in {"", "old"}


def test_a_browser_without_cookies_is_not_sent_round_for_ever(client: FlaskClient) -> None:
    first = client.post("/verify/code", data={"code": "A"}, headers=OUR_PAGE)
    client.delete_cookie("session")

    second = client.post("/verify/code", data=hidden(first.text), headers=OUR_PAGE)

    assert first.status_code == 200
    assert second.status_code == 400


def test_the_token_changes_with_the_session(client: FlaskClient, sign_in: SignIn) -> None:
    before = CSRF.search(client.get("/sign-in").text)
    sign_in(client, "clerk")
    assert before

    answer = client.post("/sign-out", data={"csrf_token": before[1]})

    assert answer.status_code == 400
