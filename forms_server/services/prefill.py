"""Prefill: what an issued document already tells of the next form, carried over by meaning.

An answer is carried raw, as it stands in the document; what the next form does not take is told by
its own reading. What cannot be an answer there at all (another type, an option that it does not
have) stays behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from forms_server.errors import ServiceError
from forms_server.fields.base import Raw
from forms_server.fields.registry import part_specs
from forms_server.fields.values import ROW
from forms_server.services.accounts import Actor, Permission, require
from forms_server.services.editions import edition_in_force
from forms_server.services.issuing import open_document
from forms_server.services.stored import edition_of
from forms_server.services.workshop import Workshop
from forms_server.specs.model import Edition, FieldSpec, FormSpec, Rows, TableSpec
from forms_server.storage.records import DocumentRecord, DocumentState

DOCUMENT_DATE = "document.date"
CONSENT = "consent"
"""Given anew on every paper."""
OFFICE, CLERK = "office.", "clerk."
ISSUED = "issued."
EVERYDAY = (OFFICE, CLERK, DOCUMENT_DATE)
"""Meanings that every draft answers by itself: sharing them alone makes no form follow another."""
Columns: TypeAlias = Sequence[tuple[FieldSpec, FieldSpec]]
"""A column of the document and the column of the draft that takes its answers."""
TEXTS = frozenset({"text", "long-text"})
"""Types that hold the same kind of answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A document that a draft is begun from, and its specification."""

    record: DocumentRecord
    form: FormSpec
    edition: Edition
    day: date
    """The day on which it was issued."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A form that can be begun from a document; ``count`` answers are carried over.

    ``follows``: it is of the same rules and names the number or the date of such a document.
    """

    form: FormSpec
    edition: Edition
    count: int
    follows: bool


def open_source(workshop: Workshop, number: str, *, actor: Actor) -> Source:
    """A document of the actor's office that a draft may be begun from: issued, not annulled."""
    source = source_of(workshop, number, actor=actor)
    if source.record.state is not DocumentState.ISSUED:
        raise ServiceError("source-not-issued", number=number)
    return source


def carried_items(
    workshop: Workshop, number: str, edition: Edition, *, actor: Actor
) -> tuple[FieldSpec | TableSpec, ...]:
    """The questions that a draft of this edition has answered from the document."""
    carried = carry(source_of(workshop, number, actor=actor), edition, actor=actor)
    return tuple(edition.items[name] for name in carried)


def begun_from(workshop: Workshop, number: str, *, actor: Actor) -> tuple[DocumentRecord, ...]:
    """The documents of the actor's office that were begun from this one."""
    require(actor, Permission.READ_DOCUMENTS)
    found = workshop.records.documents.begun_from(number)
    return tuple(record for record in found if record.office_id == actor.office.id)


def source_of(workshop: Workshop, number: str, *, actor: Actor) -> Source:
    """A document of the actor's office, in force or not."""
    record = open_document(workshop, number, actor=actor)
    edition, day = edition_of(workshop, record), workshop.day_of(record.reserved_at)
    form = workshop.forms[edition.form_id]
    return Source(record=record, form=form, edition=edition, day=day)


def offers(workshop: Workshop, number: str, *, actor: Actor, today: date) -> tuple[Offer, ...]:
    """The forms that can be begun from a document, the likeliest first.

    What follows it, then forms of the same rules, then others; among these by what is carried.
    The document's own form stands last: to write the same paper again is the rarer wish. Refuses
    with ``document-not-found`` and ``source-not-issued``.
    """
    require(actor, Permission.FILL)
    source = open_source(workshop, number, actor=actor)
    found = [
        Offer(
            form=form,
            edition=edition,
            count=len(carried),
            follows=_follows(source, form, edition, carried),
        )
        for form in workshop.forms.values()
        if (edition := edition_after(source, form, today))
        and (carried := carry(source, edition, actor=actor))
        and _is_worth_it(edition, carried)
    ]
    return tuple(sorted(found, key=lambda offer: _rank(offer, source)))


def carry(source: Source, edition: Edition, *, actor: Actor) -> Mapping[str, Raw]:
    """The raw answers of a new draft that the document gives, in the order of the form."""
    return _Carrier(source, edition, actor).carry()


class _Carrier:
    """Carries the answers of one document to one edition."""

    def __init__(self, source: Source, edition: Edition, actor: Actor) -> None:
        self.source = source
        self.edition = edition
        self.is_own = source.record.issued_by == actor.account_id
        kind = f"{ISSUED}{source.form.kind}"
        self.itself: Mapping[str, tuple[str, Raw]] = {
            f"{kind}.number": ("text", source.record.number),
            f"{kind}.date": ("date", source.day.isoformat()),
        }
        """What the document is to the next one: type and raw by meaning."""

    def carry(self) -> Mapping[str, Raw]:
        found = {
            item.id: self._table(item) if isinstance(item, TableSpec) else self._field(item)
            for item in self.edition.items.values()
        }
        return {name: raw for name, raw in found.items() if raw}

    def _field(self, spec: FieldSpec) -> Raw:
        if not self._is_carried(spec):
            return None
        means = spec.means or ""
        if means in self.itself:
            type_, raw = self.itself[means]
            return raw if type_ == _family(spec.type) else None
        fitted = (_fitter(asked, spec)(raw) for asked, raw in self._answers(means))
        return next((raw for raw in fitted if raw), None)

    def _is_carried(self, spec: FieldSpec) -> bool:
        """A clerk's own answers are no other clerk's; a new document has a day of its own."""
        means = spec.means
        if means is None or means == DOCUMENT_DATE or spec.computed or spec.type == CONSENT:
            return False
        return self.is_own or not means.startswith(CLERK)

    def _answers(self, means: str) -> Iterator[tuple[FieldSpec, Raw]]:
        """What the document answers of a meaning: in a field, or in the only row of a table."""
        answers = self.source.record.answers
        for spec in self.source.edition.fields():
            if spec.means == means:
                yield spec, answers.get(spec.id)
        for table in self.source.edition.tables():
            rows = self._answered(table)
            for column in table.columns if len(rows) == 1 else ():
                if column.means == means:
                    yield column, rows[0].get(column.id)

    def _table(self, table: TableSpec) -> Raw:
        """A table of the same meaning; else columns of the same meanings; else one row."""
        tables = tuple(self.source.edition.tables())
        if table.means:
            same = (self._rows(other, table) for other in tables if other.means == table.means)
            return next((rows for rows in same if rows), None)
        if table.rows_are is not Rows.FREE:
            return None
        shared = [(other, self._shared_columns(other, table)) for other in tables]
        other, columns = max(shared, key=lambda pair: len(pair[1]), default=(None, ()))
        if other is None or not columns:
            return self._first_row(table)
        return [row for row in _fit_rows(self._answered(other), columns) if row]

    def _shared_columns(self, other: TableSpec, table: TableSpec) -> Columns:
        """Columns of one meaning, if they tell more than what every paper says."""
        columns = [
            (asked, column)
            for column in table.columns
            for asked in other.columns
            if self._is_carried(column) and asked.means == column.means
        ]
        return columns if any(_tells(column) for _, column in columns) else ()

    def _rows(self, other: TableSpec, table: TableSpec) -> Raw:
        """The rows of a table in another of the same meaning; printed rows keep their places."""
        if table.rows_are not in {Rows.FREE, other.rows_are}:
            return None
        columns = tuple(_same_columns(other, table))
        if table.rows_are is Rows.FIXED:
            answers: Any = self.source.record.answers.get(other.id) or {}
            named = zip(answers, _fit_rows(answers.values(), columns), strict=True)
            return {name: row for name, row in named if row and _has_row(table, name)}
        rows = self._answered(other)
        fitted = _fit_rows(rows, columns)
        if table.rows_are is Rows.FREE:
            return [row for row in fitted if row]
        picked = ((row[ROW], found) for row, found in zip(rows, fitted, strict=True))
        return [{ROW: name, **found} for name, found in picked if _has_row(table, name)]

    def _first_row(self, table: TableSpec) -> Raw:
        """One row of what the document says of its person: an application in a journal."""
        asked_above = {spec.means for spec in self.edition.fields()}
        columns = [column for column in table.columns if column.means not in asked_above]
        row = {column.id: raw for column in columns if (raw := self._field(column))}
        return [row] if any(_tells(column) for column in columns if column.id in row) else None

    def _answered(self, table: TableSpec) -> Sequence[Mapping[str, Raw]]:
        rows: Any = self.source.record.answers.get(table.id) or {}
        return [*rows.values()] if table.rows_are is Rows.FIXED else [*rows]


def _same_columns(other: TableSpec, table: TableSpec) -> Iterator[tuple[FieldSpec, FieldSpec]]:
    """Pairs of columns in two tables of one meaning: by their own meaning, else by their id."""
    for column in table.columns:
        for asked in other.columns:
            is_same = asked.id == column.id if column.means is None else True
            if is_same and asked.means == column.means and column.computed is None:
                yield asked, column


def _fit_rows(rows: Iterable[Mapping[str, Raw]], columns: Columns) -> Iterator[Mapping[str, Raw]]:
    """What rows answer, in the columns of another table; of a journal these are thousands."""
    fits = [(asked.id, column.id, _fitter(asked, column)) for asked, column in columns]
    for row in rows:
        fitted = {name: fit(row.get(own)) for own, name, fit in fits if row.get(own)}
        yield {name: raw for name, raw in fitted.items() if raw}


def _has_row(table: TableSpec, row_id: str) -> bool:
    row = table.row(row_id)
    return row is not None and not row.heading


def _fitter(asked: FieldSpec, spec: FieldSpec) -> Callable[[Raw], Raw]:
    """Makes of a raw answer to ``asked`` one to ``spec``; nothing where it cannot be one."""
    if _family(asked.type) != _family(spec.type):
        return lambda _: None
    own = {part.id: part for part in part_specs(asked)}
    if not own:
        return lambda raw: _offered(raw, spec)
    fits = {part.id: _fitter(own[part.id], part) for part in part_specs(spec) if part.id in own}
    return lambda raw: {
        name: found for name, fit in fits.items() if (found := fit((raw or {}).get(name)))
    }


def _offered(raw: Raw, spec: FieldSpec) -> Raw:
    """The answer, of a choice as far as it is offered."""
    if not raw:
        return None
    if isinstance(raw, (list, tuple)):
        return [chosen for chosen in raw if spec.option(chosen)]
    is_offered = (
        spec.option(raw) if spec.options else not spec.reference or spec.reference.item(raw)
    )
    return raw if is_offered else None


def _family(type_: str) -> str:
    return "text" if type_ in TEXTS else type_


def _tells(spec: FieldSpec) -> bool:
    """Whether an answer tells more than what every draft answers by itself."""
    return spec.means is not None and not spec.means.startswith(EVERYDAY)


def _is_worth_it(edition: Edition, carried: Mapping[str, Raw]) -> bool:
    items = (edition.items[name] for name in carried)
    return any(isinstance(item, TableSpec) or _tells(item) for item in items)


def edition_after(source: Source, form: FormSpec, today: date) -> Edition | None:
    """The edition in force; after a document of an order that is over, that order's own."""
    in_force = edition_in_force(form, today)
    if in_force or source.edition.in_force_on(today):
        return in_force
    same_order = (item for item in form.editions if item.order == source.edition.order)
    return next(same_order, form.latest)


def _follows(source: Source, form: FormSpec, edition: Edition, carried: Mapping[str, Raw]) -> bool:
    """An application has its notification, whatever other applications ask the same."""
    itself = f"{ISSUED}{source.form.kind}."
    items = (edition.items[name] for name in carried)
    names_it = any(isinstance(item, FieldSpec) and _means(item, itself) for item in items)
    return names_it and form.rules == source.form.rules


def _means(spec: FieldSpec, beginning: str) -> bool:
    return spec.means is not None and spec.means.startswith(beginning)


def _rank(offer: Offer, source: Source) -> tuple[bool, bool, bool, int, str]:
    is_same_form, is_other_set = offer.form is source.form, offer.form.rules != source.form.rules
    return is_same_form, not offer.follows, is_other_set, -offer.count, offer.form.id
