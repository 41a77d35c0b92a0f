"""Signed checkpoints of the audit trail: a JWS that anybody with the public keys can check."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from forms_server.documents.qr_keys import QrKeys
from forms_server.errors import DocumentError

ALGORITHM = "ES256"
TYPE = "checkpoint+jwt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a checkpoint vouches for; ``previous`` is the SHA-256 (hex) of the JWS before it.

    The trail had ``events`` events, the last one with the hash ``head`` (hex); ``links`` are the
    first bytes of the hash of each event after number ``after``. There were so many documents, and
    so many ``numbers`` had been given out.
    """

    issuer: str
    day: date
    made_at: datetime
    after: int
    events: int
    head: str
    links: bytes = field(repr=False)
    documents: int
    numbers: int
    previous: str | None


def write_checkpoint(checkpoint: Checkpoint, keys: QrKeys) -> str:
    """A compact JWS (RFC 7515, 3.1), ES256, with ``typ`` and the ``kid`` of ``jwks.json``.

    Payload, JSON: ``iss``, ``iat`` (RFC 7519, 4.1), ``day`` (ISO 8601), ``after``, ``events``,
    ``head``, ``links`` (base64url), ``documents``, ``numbers``, ``previous``.
    """
    header = {"alg": ALGORITHM, "typ": TYPE, "kid": keys.kid}
    payload = {
        "iss": checkpoint.issuer,
        "iat": int(checkpoint.made_at.timestamp()),
        "day": checkpoint.day.isoformat(),
        "after": checkpoint.after,
        "events": checkpoint.events,
        "head": checkpoint.head,
        "links": urlsafe_b64encode(checkpoint.links).decode("ascii"),
        "documents": checkpoint.documents,
        "numbers": checkpoint.numbers,
        "previous": checkpoint.previous,
    }
    content = json.dumps(payload, separators=(",", ":")).encode()
    return jws.serialize_compact(header, content, keys.private_key)


def read_checkpoint(text: str, jwks: Mapping[str, Any]) -> Checkpoint:
    """What the checkpoint vouches for, if the key that it names signed it.

    Refuses with ``checkpoint-forged``: unreadable, of another type, by no key of ours, or altered.
    """
    try:
        header = jws.extract_compact(text.encode("ascii")).headers()
        published = next(key for key in jwks["keys"] if key["kid"] == header["kid"])
        if header["typ"] != TYPE:
            raise DocumentError("checkpoint-forged")
        signed = jws.deserialize_compact(text, ECKey.import_key(published), [ALGORITHM])
        return _from_payload(json.loads(signed.payload))
    except (JoseError, ValueError, TypeError, LookupError, StopIteration, OverflowError) as error:
        raise DocumentError("checkpoint-forged") from error


def _from_payload(payload: Mapping[str, Any]) -> Checkpoint:
    return Checkpoint(
        issuer=payload["iss"],
        day=date.fromisoformat(payload["day"]),
        made_at=datetime.fromtimestamp(payload["iat"], UTC),
        after=payload["after"],
        events=payload["events"],
        head=payload["head"],
        links=urlsafe_b64decode(payload["links"]),
        documents=payload["documents"],
        numbers=payload["numbers"],
        previous=payload["previous"],
    )
