"""Earlier documents: what a person was given before, in any office, and what rules make of it.

Answers are judged here wherever somebody is about to issue them. A stored document that is read
again is judged no more: it was right when it was issued.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from forms_server.fields.answers import read_answers
from forms_server.fields.base import Raw, Value
from forms_server.fields.scopes import row_scope, rows_of, scope_of
from forms_server.fields.values import Reading
from forms_server.services.persons import PERSON
from forms_server.services.workshop import Workshop
from forms_server.specs.earlier import THIS, Combine, EarlierSource, EarlierSpec
from forms_server.specs.expressions import evaluate, holds
from forms_server.specs.model import Edition, FieldSpec, Rows, TableSpec
from forms_server.storage.records import DocumentRecord, Seen

logger = logging.getLogger(__name__)

COMBINE: Mapping[Combine, Callable[[Sequence[Any]], Value]] = {
    Combine.SUM: lambda values: sum(values, Decimal(0)),
    Combine.COUNT: len,
    Combine.LATEST: lambda values: max(values, default=None),
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """Answers as they were read, and which earlier documents that rests on."""

    reading: Reading
    seen: Seen | None


def judge(
    workshop: Workshop, edition: Edition, raw: Raw, *, today: date, draft_id: str | None = None
) -> Judgement:
    """Read answers that somebody wants to issue, in the light of the person's earlier documents.

    ``draft_id`` is the draft that they stand in: what was issued from it is not earlier, and what
    it is to replace counts no more.
    """
    looks = Looks(workshop, edition, draft_id=draft_id)
    reading = read_answers(edition, raw, today, looks if edition.earlier else None)
    return Judgement(reading, looks.seen)


class Looks:
    """Looks at earlier documents during one reading; all of its looks cost two queries."""

    def __init__(self, workshop: Workshop, edition: Edition, *, draft_id: str | None) -> None:
        self.workshop = workshop
        self.edition = edition
        self.draft_id = draft_id
        self.form_ids = frozenset(
            source.form for look in edition.earlier for source in look.sources
        )
        self.found: dict[str, tuple[DocumentRecord, ...]] = {}
        self.papers = _Papers(workshop)
        self.answered: dict[tuple[str, ...], Value] = {}

    def __call__(self, look: EarlierSpec, scope: Mapping[str, Value]) -> Value:
        """What a look gives; nothing where the person is not known."""
        iin = scope.get(look.person)
        if iin is None:
            return None
        asked = (look.id, iin, *(repr(scope.get(name)) for name in _present_names(look)))
        if asked not in self.answered:
            self.answered[asked] = self._combined(look, iin, scope)
        return self.answered[asked]

    def _combined(self, look: EarlierSpec, iin: str, scope: Mapping[str, Value]) -> Value:
        documents = self._documents(iin, scope)
        taken = (
            value for source in look.sources for value in self._taken(source, documents, iin, scope)
        )
        return COMBINE[look.combine]([value for value in taken if value is not None])

    @property
    def seen(self) -> Seen | None:
        """What the answers to all looks rest on; ``None`` where nobody was looked for."""
        if not self.found:
            return None
        ids = frozenset(record.id for records in self.found.values() for record in records)
        return Seen(
            iins=frozenset(self.found), form_ids=self.form_ids, ids=ids, replaced=self._replaced
        )

    @cached_property
    def _replaced(self) -> str | None:
        """The number of the document that the draft is to replace."""
        return self.workshop.records.drafts.replaced(self.draft_id) if self.draft_id else None

    def _documents(self, iin: str, scope: Mapping[str, Value]) -> tuple[DocumentRecord, ...]:
        if iin not in self.found:
            persons = {iin, *self._persons(scope)} - {*self.found}
            found = self.workshop.records.documents.of_persons(persons, self.form_ids)
            for person, records in found.items():
                self.found[person] = tuple(filter(self._is_other, records))
        return self.found[iin]

    def _persons(self, scope: Mapping[str, Value]) -> Iterator[str]:
        """Everybody whom any of the looks will ask about: a person, or one in each row."""
        for look in self.edition.earlier:
            each = rows_of(scope.get(look.each)) if look.each else ()
            candidates = (scope.get(look.person), *(row.get(look.person) for row in each))
            yield from (iin for iin in candidates if isinstance(iin, str))

    def _is_other(self, record: DocumentRecord) -> bool:
        if self.draft_id is None:
            return True
        return record.draft_id != self.draft_id and record.number != self._replaced

    def _taken(
        self,
        source: EarlierSource,
        documents: Sequence[DocumentRecord],
        iin: str,
        scope: Mapping[str, Value],
    ) -> Iterator[Value]:
        """What one source takes of each document, or row of it, for which ``where`` holds."""
        present = {f"{THIS}{name}": scope.get(name) for name in source.present_names}
        for record in documents:
            if record.form_id == source.form:
                for names in self.papers.names(record, source, iin):
                    known = {**names, **present}
                    if source.where is None or holds(source.where, known):
                        yield evaluate(source.take, known) if source.take else True


class _Papers:
    """Earlier documents as expressions see them; what was read once is kept."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop
        self.scopes: dict[tuple[int, str, str], Mapping[str, Value]] = {}
        """By document; of a person's rows alone by their table and the person too."""
        self.rows: dict[tuple[int, str], Mapping[str, list[Raw]]] = {}

    def names(
        self, record: DocumentRecord, source: EarlierSource, iin: str
    ) -> Iterator[Mapping[str, Value]]:
        """The names of an earlier document or, with ``rows``, of each row that is the person's."""
        edition = self.workshop.edition(record.form_id, record.edition_id)
        if edition is None:
            logger.error("edition %s/%s is gone", record.form_id, record.edition_id)
            return
        if source.rows is None:
            yield self._scope(record, edition)
            return
        table = edition.items.get(source.rows)
        if isinstance(table, TableSpec):
            if source.asks_only(table.names):
                scope = self._scope_of_rows(record, edition, table, iin)
            else:
                scope = self._scope(record, edition)
            for row in rows_of(scope.get(table.id)):
                if _is_of(table, row, iin):
                    yield row_scope(table, row, scope)

    def _scope_of_rows(
        self, record: DocumentRecord, edition: Edition, table: TableSpec, iin: str
    ) -> Mapping[str, Value]:
        """The names of a document, of its rows only the person's if rows say whose they are.

        A journal has thousands of rows, and is looked into for each of as many persons.
        """
        column = _person_column(table)
        if column is None or table.rows_are is Rows.FIXED:
            return self._scope(record, edition)
        if (record.id, table.id) not in self.rows:
            self.rows[record.id, table.id] = _by_person(record.answers.get(table.id), column.id)
        rows = self.rows[record.id, table.id].get(iin, [])
        key = (record.id, table.id, iin)
        if key not in self.scopes:
            self.scopes[key] = self._read(record, edition, {**record.answers, table.id: rows})
        return self.scopes[key]

    def _scope(self, record: DocumentRecord, edition: Edition) -> Mapping[str, Value]:
        key = (record.id, "", "")
        if key not in self.scopes:
            self.scopes[key] = self._read(record, edition, record.answers)
        return self.scopes[key]

    def _read(
        self, record: DocumentRecord, edition: Edition, raw: Mapping[str, Raw]
    ) -> Mapping[str, Value]:
        day = self.workshop.day_of(record.reserved_at)
        return scope_of(edition, read_answers(edition, raw, day).answers.values, day)


def _present_names(look: EarlierSpec) -> list[str]:
    """What a look depends on beside the person, in one order."""
    return sorted({name for source in look.sources for name in source.present_names})


def _by_person(rows: Any, column: str) -> Mapping[str, list[Raw]]:
    """Raw rows by whom they are about."""
    found: dict[str, list[Raw]] = {}
    for row in rows or ():
        found.setdefault(row.get(column) or "", []).append(row)
    return found


def _person_column(table: TableSpec) -> FieldSpec | None:
    return next((column for column in table.columns if column.means == PERSON), None)


def _is_of(table: TableSpec, row: Mapping[str, Value], iin: str) -> bool:
    """Whether a row is about the person; where rows name no person, the whole document is."""
    column = _person_column(table)
    return column is None or row.get(column.id) == iin
