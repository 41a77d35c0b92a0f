"""Whom a document is about: IINs and a name in its answers, by what its specification says."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from forms_server.documents.qr import mask_name
from forms_server.fields.base import Raw
from forms_server.specs.model import Edition, FormSpec, Rows, TableSpec
from forms_server.storage.records import Records

PERSON = "person.iin"
NAME = "person.name"
NAME_PARTS = ("surname", "given_name", "patronymic")
AT_A_TIME = 500

logger = logging.getLogger(__name__)


def iins_in(edition: Edition, raw: Mapping[str, Raw]) -> tuple[str, ...]:
    """The IINs of the persons whom canonical raw answers are about, each once, in their order."""
    return tuple(dict.fromkeys(iin for iin in _iins(edition, raw) if iin))


def masked_name_in(edition: Edition, answers: Mapping[str, Any]) -> str:
    """Whose name the answers tell, masked; read or as far as it was typed, empty if not at all."""
    field = edition.meaning(NAME)
    name = answers.get(field.id) if field else None
    if not isinstance(name, Mapping):
        return ""
    surname, given_name, patronymic = (str(name.get(part) or "") for part in NAME_PARTS)
    return mask_name(surname, given_name, patronymic)


def note_persons(records: Records, forms: Mapping[str, FormSpec]) -> int:
    """Note whom the documents of an older release are about; how many there were.

    A document of an edition that is gone cannot be read: it is noted as being about nobody, and
    the log names it.
    """
    count = 0
    while found := records.documents.without_persons_noted(limit=AT_A_TIME):
        for record in found:
            form = forms.get(record.form_id)
            edition = form.edition(record.edition_id) if form else None
            if edition is None:
                logger.error("edition %s/%s is gone", record.form_id, record.edition_id)
            iins = iins_in(edition, record.answers) if edition else ()
            records.documents.note_persons(record.id, iins)
        count += len(found)
    return count


def _iins(edition: Edition, raw: Mapping[str, Raw]) -> Iterator[str]:
    for field in edition.fields():
        if field.means == PERSON:
            yield raw.get(field.id) or ""
    for table in edition.tables():
        for column in table.columns:
            if column.means == PERSON:
                yield from (row.get(column.id) or "" for row in _rows(table, raw))


def _rows(table: TableSpec, raw: Mapping[str, Raw]) -> Iterator[Mapping[str, Raw]]:
    rows: Any = raw.get(table.id) or {}
    yield from rows.values() if table.rows_are is Rows.FIXED else rows
