"""The interface for programs: its description by the official schema, its answers by its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

from forms_server.services.accounts import Actor
from forms_server.services.withdrawing import annul
from forms_server.services.workshop import Workshop
from forms_server.storage.records import AnnulmentCategory, DocumentRecord
from forms_server.web.api import DESCRIPTION
from tests.judges import ROOT

OFFICIAL = ROOT / "tests" / "samples" / "openapi" / "oas-3.1-2022-10-07.json"
"""https://spec.openapis.org/oas/3.1/schema/2022-10-07, as the OpenAPI Initiative publishes it."""
API: dict[str, Any] = json.loads(DESCRIPTION.read_text(encoding="utf-8"))
PROBLEM = "application/problem+json"
REASON = "Үлгіевтің үйі қате жазылған"


def validator(name: str) -> Draft202012Validator:
    """What the description says of a schema of this name."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": API["components"]}
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def asked(client: FlaskClient, path: str, schema: str, status: int = 200) -> dict[str, Any]:
    """The answer, right by its schema and readable for a page of any origin."""
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    assert answer.mimetype == ("application/json" if status == 200 else PROBLEM)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Set-Cookie" not in answer.headers
    found = json.loads(answer.text)
    validator(schema).validate(found)
    return dict(found)


def test_the_description_is_openapi_and_served(client: FlaskClient) -> None:
    Draft202012Validator(json.loads(OFFICIAL.read_text(encoding="utf-8"))).validate(API)
    for schema in API["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    assert client.get("/api/openapi.json").get_json() == API


def test_the_description_names_every_address(app: Flask) -> None:
    ours = {
        rule.rule.replace("<", "{").replace(">", "}")
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("api.")
    }
    assert ours == {*API["paths"]}


def test_the_documentation_names_every_address_and_member() -> None:
    text = Path(ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    for path in API["paths"]:
        assert path in text
    for schema in ("Document", "File", "Signature", "Problem"):
        for member in API["components"]["schemas"][schema]["properties"]:
            assert f"`{member}`" in text, member


def test_a_document_in_force(client: FlaskClient, document: DocumentRecord) -> None:
    found = asked(client, f"/api/documents/{document.token}", "Document")
    assert (found["number"], found["state"], found["sha256"]) == (
        document.number,
        "issued",
        document.pdf_sha256,
    )
    assert (found["annulled_at"], found["replaced_by"], found["replaces"]) == (None, None, None)
    assert datetime.fromisoformat(found["issued_at"]) == document.issued_at


def test_no_answer_tells_who_or_why(
    client: FlaskClient,
    workshop: Workshop,
    head: Actor,
    new_document: Callable[[], DocumentRecord],
) -> None:
    record = new_document()
    annul(
        workshop, record.number, reason=REASON, category=AnnulmentCategory.DATA_ERROR,
        actor=head, now=datetime.now(UTC),
    )  # fmt: skip
    found = asked(client, f"/api/documents/{record.token}", "Document")
    assert (found["state"], found["annulment_category"]) == ("annulled", "data-error")
    told = json.dumps(found, ensure_ascii=False)
    for private in (REASON, record.masked_name, record.short_code, record.answers["iin"]):
        assert private not in told


def test_a_file_is_known_by_its_hash(client: FlaskClient, document: DocumentRecord) -> None:
    sha256 = str(document.pdf_sha256)
    found = asked(client, f"/api/hashes/{sha256.upper()}", "File")
    assert (found["sha256"], found["is_newest"]) == (sha256, True)
    assert found["document"] == asked(client, f"/api/documents/{document.token}", "Document")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/documents/xxxxxxxxxxxxxxxxxxxxxx", 404, "document-unknown-here"),
        ("/api/documents/%00", 404, "document-unknown-here"),
        ("/api/documents/" + "a" * 3000, 404, "document-unknown-here"),
        ("/api/hashes/" + "0" * 64, 404, "document-unknown-here"),
        ("/api/hashes/" + "0" * 63, 422, "hash-malformed"),
        ("/api/hashes/" + "ә" * 64, 422, "hash-malformed"),
    ],
)
def test_a_refusal_is_problem_details(
    client: FlaskClient, path: str, status: int, code: str
) -> None:
    found = asked(client, path, "Problem", status)
    assert (found["code"], found["status"]) == (code, status)
    assert found["type"] == f"urn:forms-server:problem:{code}"
    assert {*found["message"]} == {"kk", "ru", "en"}


def test_an_address_that_is_none_is_a_problem_too(client: FlaskClient) -> None:
    refused = client.post("/api/openapi.json")
    assert "GET" in refused.headers["Allow"]
    for answer in (client.get("/api/nothing"), refused):
        assert answer.mimetype == PROBLEM
        validator("Problem").validate(json.loads(answer.text))


def test_who_asks_too_often_learns_when_to_come_back(
    client: FlaskClient, document: DocumentRecord
) -> None:
    path = f"/api/documents/{document.token}"
    # A minute may end in between, and then the counting begins anew.
    answers = (client.get(path) for _ in range(2 * 120 + 1))
    refused = next(answer for answer in answers if answer.status_code != 200)
    assert refused.status_code == 429
    assert refused.mimetype == PROBLEM
    assert 1 <= int(refused.headers["Retry-After"]) <= 61, "the rest of a minute, rounded up"
