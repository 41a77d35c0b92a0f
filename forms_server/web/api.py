"""What anybody's program may ask of a document, by its token or its file: docs/api.md.

No personal data is in any answer; refusals are problem details (RFC 9457).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, jsonify, make_response
from flask.typing import ResponseReturnValue

from forms_server.errors import ServiceError
from forms_server.services.certificates import Certificate, look_up, look_up_hash
from forms_server.storage.records import SignatureRecord
from forms_server.web.desk import now, workshop
from forms_server.web.security import limiter

pages = Blueprint("api", __name__, url_prefix="/api")

ASKED_BY_AN_ADDRESS = "120 per minute"
SHA256 = re.compile(r"[0-9a-fA-F]{64}")
DESCRIPTION = Path(__file__).with_name("openapi.json")
FOR_ANYBODY: Mapping[str, str] = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Retry-After",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


@pages.get("/documents/<token>")
@limiter.limit(ASKED_BY_AN_ADDRESS)
def show_document(token: str) -> ResponseReturnValue:
    """How a document stands; ``document-unknown-here`` where none has this token."""
    return jsonify(_facts(_known(look_up(workshop(), token))))


@pages.get("/hashes/<sha256>")
@limiter.limit(ASKED_BY_AN_ADDRESS)
def show_hash(sha256: str) -> ResponseReturnValue:
    """Whose file has this SHA-256; ``hash-malformed``, ``document-unknown-here``."""
    if not SHA256.fullmatch(sha256):
        raise ServiceError("hash-malformed")
    asked = sha256.lower()
    certificate = _known(look_up_hash(workshop(), asked))
    return jsonify(
        sha256=asked, is_newest=asked == certificate.pdf_sha256, document=_facts(certificate)
    )


@pages.get("/openapi.json")
def show_description() -> Response:
    """This very interface, for programs: OpenAPI 3.1."""
    response = make_response(_description())
    response.content_type = "application/json"
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


@pages.after_request
def open_to_anybody(response: Response) -> Response:
    """A page of any origin may read the answers; who asked too often learns when to come back."""
    response.headers.update(FOR_ANYBODY)
    limit = limiter.current_limit
    if response.status_code == 429 and limit is not None:
        response.headers["Retry-After"] = str(max(1, round(limit.reset_at - now().timestamp())))
    return response


@cache
def _description() -> bytes:
    return DESCRIPTION.read_bytes()


def _known(certificate: Certificate | None) -> Certificate:
    if certificate is None:
        raise ServiceError("document-unknown-here")
    return certificate


def _facts(certificate: Certificate) -> Mapping[str, Any]:
    signatures = workshop().records.signatures.of_document(certificate.document_id)
    annulled_at, category = certificate.annulled_at, certificate.annulment_category
    return {
        "number": certificate.number,
        "form": certificate.form_id,
        "edition": certificate.edition_id,
        "issued_at": certificate.issued_at.isoformat(),
        "office": {
            "code": certificate.office_code,
            "name": {"kk": certificate.office.kk, "ru": certificate.office.ru},
        },
        "state": certificate.state.value,
        "annulled_at": annulled_at and annulled_at.isoformat(),
        "annulment_category": category and category.value,
        "replaces": certificate.replaces,
        "replaced_by": _replacement(certificate),
        "sha256": certificate.pdf_sha256,
        "data_sha256": certificate.data_sha256,
        "time_stamp": certificate.time_stamp.value,
        "signatures": [_signature(record) for record in signatures],
        "is_development": certificate.is_development,
    }


def _replacement(certificate: Certificate) -> Mapping[str, str | None] | None:
    if certificate.replaced_by is None:
        return None
    return {"number": certificate.replaced_by, "token": certificate.replaced_by_token}


def _signature(record: SignatureRecord) -> Mapping[str, Any]:
    """Not whose it is: only which, whether the form requires it, and how it stands."""
    return {
        "id": record.signature_id,
        "required": record.required,
        "state": record.state.value,
        "is_checked": record.is_checked,
        "settled_at": record.settled_at and record.settled_at.isoformat(),
    }
