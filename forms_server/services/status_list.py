"""The status list: what was annulled or replaced, signed, for phones that have no network.

Why hashes and not a string of bits: ``docs/decisions/0010-qr-seal-and-status-list.md``.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from joserfc import jws

from forms_server.services.workshop import Workshop
from forms_server.storage.records import WithdrawnDocument, WithdrawnMark

PATH = "/.well-known/status-list.jwt"
TYPE = "forms-status-list+jwt"
LISTED_BYTES = 8
"""Of a hash of 32: among ten million documents two agree in them with a chance of 1 in 370,000."""
REMADE_EVERY = timedelta(minutes=10)
GOOD_FOR = timedelta(days=7)
"""After that a phone says that it cannot know whether a document has been annulled since."""
KEPT_IN_MEMORY = 4


@dataclass(frozen=True, slots=True)
class StatusList:
    """The list as it is sent: a JWT (RFC 7519), the same compressed, and a name of the content."""

    jwt: bytes
    gzipped: bytes
    tag: str


def status_list(workshop: Workshop, *, now: datetime) -> StatusList:
    """The list as of now: it tells of every document that has been withdrawn by this moment.

    Header: ``alg`` ES256, ``kid`` of the key that seals today, ``typ`` ``forms-status-list+jwt``.
    Claims: ``iss`` the public address, ``sub`` the list's own; ``iat``; ``exp``, 7 days later;
    ``ttl`` in seconds; ``bytes``, the length of an entry; ``annulled`` and ``replaced``, base64url
    of the entries in ascending order, one after another. An entry is the beginning of the hash
    that the document's seal holds, so a token moved to another seal hides nothing.
    """
    mark = workshop.records.withdrawn.mark()
    return _write(workshop, mark, _issued_at(mark, now))


def _issued_at(mark: WithdrawnMark, now: datetime) -> int:
    """Seconds; the same in every process, so that a phone that asks again hears "unchanged"."""
    every = int(REMADE_EVERY.total_seconds())
    of_the_clock = int(now.timestamp()) // every * every
    of_the_last = int(mark.last_at.timestamp()) if mark.last_at else 0
    return max(of_the_clock, min(of_the_last, int(now.timestamp())))


@lru_cache(maxsize=KEPT_IN_MEMORY)
def _write(workshop: Workshop, mark: WithdrawnMark, issued_at: int) -> StatusList:
    documents = workshop.records.withdrawn.all()
    expires = datetime.fromtimestamp(issued_at, UTC) + GOOD_FOR
    claims = {
        "iss": workshop.settings.public_url,
        "sub": f"{workshop.settings.public_url}{PATH}",
        "iat": issued_at,
        "exp": int(expires.timestamp()),
        "ttl": int(REMADE_EVERY.total_seconds()),
        "bytes": LISTED_BYTES,
        "annulled": _entries(document for document in documents if not document.is_replaced),
        "replaced": _entries(document for document in documents if document.is_replaced),
    }
    keys = workshop.qr_keys
    header = {"alg": "ES256", "kid": keys.kid, "typ": TYPE}
    content = json.dumps(claims, separators=(",", ":")).encode()
    jwt = jws.serialize_compact(header, content, keys.private_key).encode()
    return StatusList(
        jwt=jwt, gzipped=gzip.compress(jwt, mtime=0), tag=_tag(keys.kid.encode(), content)
    )


def _entries(documents: Iterable[WithdrawnDocument]) -> str:
    hashes = sorted(bytes.fromhex(document.data_sha256)[:LISTED_BYTES] for document in documents)
    return urlsafe_b64encode(b"".join(hashes)).rstrip(b"=").decode()


def _tag(*parts: bytes) -> str:
    """Signed twice, the same content has two signatures and one tag."""
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
