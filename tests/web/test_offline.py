"""What phones keep: the page, its manifest, the keys and the status list, as they are sent."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from forms_server.services.workshop import Workshop
from forms_server.settings import ROOT
from forms_server.web import offline
from tests.web.conftest import SignIn

LIST = "/.well-known/status-list.jwt"
KEYS = "/.well-known/jwks.json"


@pytest.mark.parametrize(
    ("address", "kind"),
    [(LIST, "application/jwt"), (KEYS, "application/jwk-set+json")],
)
def test_anybody_may_have_it_and_asks_whether_it_changed(
    client: FlaskClient, address: str, kind: str
) -> None:
    answer = client.get(address)

    assert answer.content_type == kind
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    again = client.get(address, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert not again.data
    assert client.get(address, headers={"If-None-Match": '"other"'}).status_code == 200


def test_the_list_is_never_taken_from_a_cache_unasked(client: FlaskClient) -> None:
    answer = client.get(LIST)

    assert answer.headers["Cache-Control"] == "public, no-cache"
    assert not answer.headers.getlist("Set-Cookie")


@pytest.mark.parametrize("address", ["/v/offline", "/v/manifest.webmanifest"])
def test_what_depends_on_the_visitor_is_in_no_shared_cache(
    client: FlaskClient, sign_in: SignIn, address: str
) -> None:
    """The page names who is signed in, in the language of a cookie."""
    sign_in(client, "clerk")
    assert client.get(address).headers["Cache-Control"] == "private, no-cache"


def test_a_long_list_is_compressed_for_who_can_read_that(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offline, "SHORTEST_COMPRESSED", 100)
    plain = client.get(LIST)
    compressed = client.get(LIST, headers={"Accept-Encoding": "gzip"})

    assert "Content-Encoding" not in plain.headers
    assert compressed.headers["Content-Encoding"] == "gzip"
    assert compressed.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(compressed.data) == plain.data


def test_the_keys_carry_the_ids_that_seals_name(client: FlaskClient, workshop: Workshop) -> None:
    published = json.loads(client.get(KEYS).data)["keys"]

    assert [key["kid"] for key in published] == [workshop.qr_keys.kid]
    assert set(published[0]) == {"kty", "crv", "x", "y", "kid", "alg", "use"}


@pytest.mark.parametrize(
    ("language", "name"),
    [("kk", "Құжаттарды тексеру"), ("ru", "Проверка документов"), ("en", "Checking documents")],
)
def test_the_page_can_be_installed(client: FlaskClient, language: str, name: str) -> None:
    page = client.get(f"/v/offline?lang={language}")
    address = f"/v/manifest.webmanifest?lang={language}"
    assert f'<link rel="manifest" href="{address}">' in page.text

    answer = client.get(address)
    manifest = json.loads(answer.data)

    assert answer.content_type == "application/manifest+json"
    assert manifest["name"] == name
    assert manifest["start_url"] == f"/v/offline?lang={language}"
    assert manifest["scope"] == "/v/"
    for icon in manifest["icons"]:
        file = ROOT / Path(icon["src"].partition("?")[0].lstrip("/"))
        assert file.read_bytes().startswith(b"\x89PNG")


def test_the_policy_lets_the_manifest_through(client: FlaskClient) -> None:
    policy = client.get("/v/offline").headers["Content-Security-Policy"]

    assert "manifest-src 'self'" in policy
