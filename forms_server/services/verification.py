"""What a document says, for its owner, and the keys that papers are checked with.

The full check of a file is ``file_checks``.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from forms_server.fields.registry import type_of
from forms_server.fields.values import ROW, Answers
from forms_server.languages import BilingualText, Language
from forms_server.services.stored import answers_of
from forms_server.services.workshop import Workshop
from forms_server.specs.model import Edition, FieldSpec, TableSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentDetails:
    """The answers of a document for its owner: label and text, in printed order.

    ``annulment_reason``: why it was annulled, in the words of the office.
    """

    annulment_reason: str
    rows: tuple[tuple[BilingualText, BilingualText], ...]


def unlock(workshop: Workshop, token: str, *, iin_last4: str) -> DocumentDetails | None:
    """The answers, for who knows the last four digits of the IIN; compared in constant time."""
    record = workshop.records.documents.by_token(token)
    if record is None or record.issued_at is None or record.iin_last4 is None:
        return None
    if not hmac.compare_digest(record.iin_last4.encode(), iin_last4.strip().encode()):
        return None
    edition = workshop.edition(record.form_id, record.edition_id)
    rows = tuple(show_answers(edition, answers_of(workshop, record, edition))) if edition else ()
    return DocumentDetails(annulment_reason=record.annulment_reason or "", rows=rows)


def public_keys(workshop: Workshop) -> Mapping[str, Any]:
    """The JWK set that seals in QRs are checked with (RFC 7517)."""
    return workshop.qr_keys.jwks


def show_answers(
    edition: Edition, answers: Answers
) -> Iterator[tuple[BilingualText, BilingualText]]:
    """Every answered field and table row, label and text, in printed order."""
    for item in edition.items.values():
        value = answers.value(item.id)
        if value in (None, (), {}):
            continue
        if isinstance(item, FieldSpec):
            yield item.label, _show(item, value)
        else:
            yield from _show_rows(item, value)


def _show(spec: FieldSpec, value: Any) -> BilingualText:
    type_ = type_of(spec)
    return BilingualText(
        kk=type_.show(value, spec, Language.KK), ru=type_.show(value, spec, Language.RU)
    )


def _show_rows(table: TableSpec, rows: Any) -> Iterator[tuple[BilingualText, BilingualText]]:
    named = rows.items() if isinstance(rows, Mapping) else ((row.get(ROW), row) for row in rows)
    for index, (row_id, row) in enumerate(named):
        spec = table.row(row_id) if row_id else None
        label = spec.title if spec else BilingualText(kk=str(index + 1), ru=str(index + 1))
        shown = [
            _show(column, row[column.id])
            for column in table.columns
            if row.get(column.id) is not None
        ]
        yield (
            BilingualText(kk=f"{table.label.kk}: {label.kk}", ru=f"{table.label.ru}: {label.ru}"),
            BilingualText(
                kk=", ".join(text.kk for text in shown), ru=", ".join(text.ru for text in shown)
            ),
        )
