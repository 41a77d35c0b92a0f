"""Headers, cookies, the secret key, and bodies that are too large."""

from __future__ import annotations

import io
import stat
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from forms_server.app import create_app
from forms_server.services.workshop import Workshop
from forms_server.settings import Settings
from forms_server.web.security import SECRET_FILE, read_secret_key
from tests.web.conftest import SignIn

PAGES = ("/", "/sign-in", "/verify", "/templates/", "/v/xxxxxxxxxxxxxxxxxxxxxx", "/nowhere")


@pytest.mark.parametrize("address", PAGES)
def test_every_page_forbids_what_it_does_not_need(client: FlaskClient, address: str) -> None:
    headers = client.get(address).headers

    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert "form-action 'self'; frame-ancestors 'none'; base-uri 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"


def test_no_template_has_inline_style_or_script(templates_folder: Path) -> None:
    for path in templates_folder.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert " style=" not in text, path
        assert "<style" not in text, path
        assert "<script>" not in text, path
        assert " onclick=" not in text, path


def test_the_session_cookie_is_out_of_reach(client: FlaskClient, sign_in: SignIn) -> None:
    sign_in(client, "clerk")

    cookie = client.get_cookie("session")
    assert cookie
    assert cookie.http_only
    assert cookie.same_site == "Lax"
    assert cookie.expires is None


def test_under_https_cookies_are_secure(tmp_path: Path, workshop: Workshop) -> None:
    settings = Settings.from_env(
        {"FORMS_SERVER_HOME": str(tmp_path), "FORMS_SERVER_PUBLIC_URL": "https://forms.example"}
    )
    answer = create_app(settings, workshop).test_client().get("/verify?lang=ru")

    cookies = answer.headers.getlist("Set-Cookie")
    assert len(cookies) == 2
    assert all("; Secure" in cookie for cookie in cookies)
    assert any(cookie.startswith("__Host-session=") for cookie in cookies)
    assert answer.headers["Strict-Transport-Security"]


def test_the_secret_key_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    key = read_secret_key(tmp_path)

    assert len(key) == 32
    assert read_secret_key(tmp_path) == key
    assert stat.S_IMODE((tmp_path / SECRET_FILE).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [SECRET_FILE]


def test_a_post_without_a_token_is_refused(client: FlaskClient, passwords: dict[str, str]) -> None:
    data = {"login": "clerk", "password": passwords["clerk"]}

    answer = client.post("/sign-in", data=data)

    assert answer.status_code == 400
    assert "problem-stale" in answer.text
    assert client.get_cookie("session") is None


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_what_another_site_posted_is_never_carried_on(client: FlaskClient, site: str) -> None:
    answer = client.post(
        "/verify/code", data={"code": "AAAAA-AAAAA"}, headers={"Sec-Fetch-Site": site}
    )

    assert answer.status_code == 400
    assert "AAAAA" not in answer.text


@pytest.mark.parametrize(("address", "megabytes"), [("/verify/file", 30), ("/sign-in", 5)])
def test_a_body_that_is_too_large_is_read_and_refused(
    client: FlaskClient, address: str, megabytes: int
) -> None:
    body = io.BytesIO(b"x" * megabytes * 1024**2)

    answer = client.post(
        address,
        input_stream=body,
        content_length=megabytes * 1024**2,
        content_type="multipart/form-data; boundary=x",
    )

    assert answer.status_code == 413
    assert "problem-too-large" in answer.text
    assert body.tell() == megabytes * 1024**2
