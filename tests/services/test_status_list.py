"""The status list: signed by today's key, tells of a withdrawal at once, says nothing else."""

from __future__ import annotations

import gzip
import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from forms_server.services.status_list import GOOD_FOR, LISTED_BYTES, status_list
from forms_server.services.withdrawing import annul
from forms_server.services.workshop import Workshop
from forms_server.storage.records import Annulment, AnnulmentCategory, DocumentRecord
from tests.workshop import NOW, actor_in, issue_sample, opened, settings_in

LATER = NOW + timedelta(hours=1)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    with opened(settings_in(tmp_path_factory.mktemp("home"))) as workshop:
        yield workshop


def read(workshop: Workshop, now: datetime) -> dict[str, object]:
    """The claims of the list, its signature checked by another library."""
    published = ECKey.import_key(workshop.qr_keys.jwks["keys"][0])
    token = jws.deserialize_compact(status_list(workshop, now=now).jwt.decode(), published)
    assert token.headers() == {
        "alg": "ES256",
        "kid": workshop.qr_keys.kid,
        "typ": "forms-status-list+jwt",
    }
    claims = json.loads(token.payload)
    assert isinstance(claims, dict)
    return claims


def entries(claims: dict[str, object], name: str) -> list[bytes]:
    text = str(claims[name])
    content = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    assert len(content) % LISTED_BYTES == 0
    return [content[at : at + LISTED_BYTES] for at in range(0, len(content), LISTED_BYTES)]


def entry_of(record: DocumentRecord) -> bytes:
    assert record.data_sha256 is not None
    return bytes.fromhex(record.data_sha256)[:LISTED_BYTES]


def test_an_empty_list_says_whose_it_is_and_until_when(workshop: Workshop) -> None:
    claims = read(workshop, NOW)
    issued = claims.pop("iat")
    assert isinstance(issued, int)
    assert 0 <= NOW.timestamp() - issued < 600
    assert claims == {
        "iss": "http://127.0.0.1:8000",
        "sub": "http://127.0.0.1:8000/.well-known/status-list.jwt",
        "exp": issued + int(GOOD_FOR.total_seconds()),
        "ttl": 600,
        "bytes": LISTED_BYTES,
        "annulled": "",
        "replaced": "",
    }


def test_a_withdrawal_is_listed_at_once(workshop: Workshop) -> None:
    kept, annulled, replaced = (issue_sample(workshop) for _ in range(3))
    before = status_list(workshop, now=LATER)
    head = actor_in(workshop, "head")
    annul(
        workshop,
        annulled.number,
        reason="Қате",
        category=AnnulmentCategory.DATA_ERROR,
        actor=head,
        now=LATER,
    )
    replacement = Annulment(by=head.account_id, at=LATER, reason="Қате", replaced_by=kept.number)
    workshop.records.documents.annul(replaced.number, replacement)

    claims = read(workshop, LATER)
    assert entries(claims, "annulled") == [entry_of(annulled)]
    assert entries(claims, "replaced") == [entry_of(replaced)]
    assert claims["iat"] == int(LATER.timestamp())
    assert status_list(workshop, now=LATER).tag != before.tag


def test_the_same_list_is_not_made_twice(workshop: Workshop) -> None:
    first = status_list(workshop, now=LATER)
    assert status_list(workshop, now=LATER) is first
    assert status_list(workshop, now=LATER + timedelta(hours=1)).tag != first.tag


def test_another_process_gives_the_same_content_the_same_tag(workshop: Workshop) -> None:
    twin = replace(workshop)
    one, other = status_list(workshop, now=LATER), status_list(twin, now=LATER)
    assert one.jwt != other.jwt
    assert one.tag == other.tag


def test_after_a_rotation_the_new_key_signs(workshop: Workshop) -> None:
    new = ECKey.generate_key("P-256")
    kid = new.thumbprint()[:8]
    published = {**new.as_dict(private=False), "kid": kid}
    jwks = {"keys": [published, *workshop.qr_keys.jwks["keys"]]}
    rotated = replace(
        workshop, qr_keys=replace(workshop.qr_keys, private_key=new, kid=kid, jwks=jwks)
    )
    assert read(rotated, LATER)["iat"]


def test_ten_thousand_annulments_are_a_list_that_a_phone_can_fetch(tmp_path: Path) -> None:
    with opened(settings_in(tmp_path)) as workshop:
        record = issue_sample(workshop)
        _annul_ten_thousand(workshop, record)
        made = status_list(workshop, now=datetime.now(UTC))
        payload = made.jwt.decode().split(".")[1]
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        assert len(entries(claims, "annulled")) == 10_000
        assert len(made.jwt) < 150_000
        assert len(made.gzipped) < 120_000
        assert gzip.decompress(made.gzipped) == made.jwt


def _annul_ten_thousand(workshop: Workshop, record: DocumentRecord) -> None:
    """Rows as withdrawals leave them, written at once: issuing so many would take an hour."""
    columns = [column for column in _columns(workshop) if column != "id"]
    own = {
        "token": "'t' || n",
        "short_code": "'s' || n",
        "number": "'n' || n",
        "draft_id": "NULL",
        "state": "'annulled'",
        "data_sha256": "lower(hex(randomblob(32)))",
        "pdf_sha256": "lower(hex(randomblob(32)))",
        "annulled_at": "'2026-01-01 00:00:00.000000'",
        "annulled_by": "issued_by",
        "annulment_reason": "'r'",
    }
    values = ", ".join(own.get(column, column) for column in columns)
    with workshop.records.engine.begin() as connection:
        connection.exec_driver_sql(
            "WITH RECURSIVE count(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count"  # noqa: S608
            " LIMIT 10000)"
            f" INSERT INTO documents ({', '.join(columns)})"
            f" SELECT {values} FROM documents, count WHERE documents.id = {record.id}"
        )


def _columns(workshop: Workshop) -> list[str]:
    with workshop.records.engine.connect() as connection:
        rows = connection.exec_driver_sql("PRAGMA table_info(documents)")
        return [str(row[1]) for row in rows]
