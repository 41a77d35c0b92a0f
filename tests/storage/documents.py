"""Documents to reserve, issue and annul in tests."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from hashlib import sha256

from forms_server.storage.records import (
    AccountRecord,
    Annulment,
    DocumentRecord,
    Issuance,
    NewDocument,
    Records,
)

NOW = datetime(2025, 5, 2, 9, 30, 15, 123456, tzinfo=UTC)


def new_document(
    account: AccountRecord, *, scope: str = "MSE-2025", **changes: object
) -> NewDocument:
    values: dict[str, object] = {
        "scope": scope,
        "number_pattern": scope + "-{number:06d}",
        "token": secrets.token_urlsafe(16),
        "short_code": secrets.token_hex(8),
        "form_id": "mse-01",
        "edition_id": "mse-01-2023",
        "output": "kk-ru",
        "answers": {"surname": "Үлгі", "hours": 8, "days": ["2025-05-02"], "none": None},
        "masked_name": "Ү*** Ә.",
        "iin_last4": "0123",
        "office_id": account.office.id,
        "issued_by": account.id,
        "reserved_at": NOW,
    }
    return NewDocument(**(values | changes))  # type: ignore[arg-type]


def issue(records: Records, account: AccountRecord, **changes: object) -> DocumentRecord:
    reserved = records.documents.reserve(new_document(account, **changes))
    pdf = sha256(reserved.number.encode()).hexdigest()
    return records.documents.finish(
        reserved.id, Issuance(pdf_sha256=pdf, data_sha256="d" * 64, issued_at=NOW)
    )


def annulment(account: AccountRecord, *, replaced_by: str | None = None) -> Annulment:
    return Annulment(by=account.id, at=NOW, reason="Ошибка в дате", replaced_by=replaced_by)
