"""Files of ``static/``: kept for a year under a fingerprint, revalidated without one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forms_server.errors import SettingsError
from forms_server.web.static_files import fingerprint, register_static_files


def test_a_fingerprinted_file_is_kept(client: FlaskClient) -> None:
    found = re.search(r'href="(/static/web\.css\?v=[0-9a-f]{10})"', client.get("/").text)
    assert found

    answer = client.get(found[1], buffered=True)

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_a_file_that_a_module_imports_is_revalidated(client: FlaskClient) -> None:
    assert (
        client.get("/static/js/seal.js", buffered=True).headers["Cache-Control"]
        == "public, no-cache"
    )


def test_another_content_has_another_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / "a.css"
    path.write_text("a")
    before = fingerprint(path, 1)
    path.write_text("b")

    assert fingerprint(path, 2) != before


def test_the_worker_may_serve_the_pages_of_verification_and_no_other_file_may(
    client: FlaskClient,
) -> None:
    worker = client.get("/static/js/verification-worker.js", buffered=True)
    other = client.get("/static/js/seal.js", buffered=True)

    assert worker.headers["Service-Worker-Allowed"] == "/v/"
    assert "Service-Worker-Allowed" not in other.headers


def test_nothing_outside_the_folder_is_given(client: FlaskClient) -> None:
    assert client.get("/static/../pyproject.toml").status_code == 404
    assert client.get("/static/%2e%2e/pyproject.toml").status_code == 404


def test_without_what_set_up_fetches_the_server_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="settings-packages-missing"):
        register_static_files(Flask("bare", static_folder=tmp_path))


def test_what_was_fetched_has_its_licence_beside_it(app: Flask) -> None:
    packages = Path(app.static_folder or "") / "packages"
    assert "MIT License" in (packages / "ncalayer-client.LICENSE.txt").read_text()
