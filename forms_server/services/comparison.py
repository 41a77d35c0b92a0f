"""Compares what a file's data say, field by field, with what the record says.

The record's side is the data XML made anew from the stored answers, read by the same reader, so
that a difference is one of content and never of spelling.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from forms_server.documents.data_reading import HEAD, Cell, Cells, read_cells
from forms_server.errors import DocumentError, InvalidAnswerError, catalogue, words
from forms_server.fields.base import Value
from forms_server.fields.registry import part_specs, type_of
from forms_server.fields.values import OVERRIDES, ROW
from forms_server.languages import BilingualText, Language
from forms_server.services.issuing import data_of
from forms_server.services.workshop import Workshop
from forms_server.specs.model import Edition, FieldSpec, TableSpec
from forms_server.storage.records import DocumentRecord

MOST_DIFFERENCES = 200
"""Named one by one; a file that differs in more is another document altogether."""
NOTHING = BilingualText(kk="–", ru="–")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One field in which a file and the record differ; the values are for its owner alone."""

    path: str
    label: BilingualText
    in_file: BilingualText = field(repr=False)
    in_record: BilingualText = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """``fields``: how many were compared; ``is_same_data``: the data's hash is the record's."""

    fields: int
    differences: tuple[Difference, ...]
    is_same_data: bool


def compare(workshop: Workshop, record: DocumentRecord, *, cells: Cells, sha256: str) -> Comparison:
    """Every cell of the file's data against the record's; ``sha256`` (hex) is the file's data's."""
    edition = workshop.edition(record.form_id, record.edition_id)
    if edition is None:
        return Comparison(fields=0, differences=(), is_same_data=sha256 == record.data_sha256)
    known = _known_cells(workshop, record, cells)
    paths = [*known, *(path for path in cells if path not in known)]
    writer = _Writer(edition, workshop.day_of(record.reserved_at))
    different = [path for path in paths if cells.get(path) != known.get(path)]
    return Comparison(
        fields=len(paths),
        differences=tuple(
            writer.difference(path, in_file=cells.get(path), in_record=known.get(path))
            for path in different[:MOST_DIFFERENCES]
        ),
        is_same_data=sha256 == record.data_sha256,
    )


def _known_cells(workshop: Workshop, record: DocumentRecord, cells: Cells) -> Cells:
    """The record's cells; where its answers can no longer be read as what the form takes, because
    somebody changed the register by hand, the stored words themselves.
    """
    try:
        return read_cells(data_of(workshop, record))
    except DocumentError:
        head = {path: cell for path, cell in cells.items() if path.startswith(HEAD)}
        return {**head, **dict(_stored_cells(record.answers))}


def _stored_cells(answers: Mapping[str, Any]) -> Iterator[tuple[str, Cell]]:
    """Canonical raw answers in the shape of cells; a table is rows by id or in their order."""
    for name, raw in answers.items():
        if name == OVERRIDES:
            continue
        rows = _stored_rows(raw)
        if not rows:
            yield name, _stored_cell(raw)
        for number, (row_id, row) in enumerate(rows, start=1):
            if row_id is not None:
                yield f"{name}/{number}/{HEAD}id", str(row_id)
            for column, value in row.items():
                if column != ROW:
                    yield f"{name}/{number}/{column}", _stored_cell(value)


def _stored_rows(raw: Any) -> list[tuple[Any, Mapping[str, Any]]]:
    if isinstance(raw, list) and raw and all(isinstance(row, Mapping) for row in raw):
        return [(row.get(ROW), row) for row in raw]
    if isinstance(raw, Mapping) and raw and all(isinstance(row, Mapping) for row in raw.values()):
        return list(raw.items())
    return []


def _stored_cell(raw: Any) -> Cell:
    if isinstance(raw, Mapping):
        return {str(name): _stored_cell(part) for name, part in raw.items()}
    return " ".join(map(str, raw)) if isinstance(raw, list) else str(raw)


class _Writer:
    """Says cells in words: the label that the form gives them, the value as the paper shows it."""

    def __init__(self, edition: Edition, day: date) -> None:
        self._edition = edition
        self._day = day

    def difference(self, path: str, *, in_file: Cell | None, in_record: Cell | None) -> Difference:
        label, spec = self._named(path)
        return Difference(
            path=path,
            label=label,
            in_file=self._show(spec, in_file),
            in_record=self._show(spec, in_record),
        )

    def _named(self, path: str) -> tuple[BilingualText, FieldSpec | None]:
        """The label of a path, and its field where the edition has one."""
        item_id, _, inside = path.partition("/")
        item = self._edition.items.get(item_id)
        if isinstance(item, FieldSpec) and not inside:
            return item.label, item
        if isinstance(item, TableSpec) and inside:
            return _cell_label(item, inside), _column(item, inside)
        code = f"data-{item_id.removeprefix(HEAD)}"
        is_head = item_id.startswith(HEAD) and code in catalogue()
        return words(code) if is_head else BilingualText(kk=path, ru=path), None

    def _show(self, spec: FieldSpec | None, cell: Cell | None) -> BilingualText:
        if cell is None or cell == "":
            return NOTHING
        if spec is None:
            return _as_it_stands(cell)
        try:
            value = _value(spec, cell, self._day)
            shown = {each: type_of(spec).show(value, spec, each) for each in Language}
        except (InvalidAnswerError, LookupError, TypeError, AttributeError, ValueError):
            return _as_it_stands(cell)  # a stranger's file may say what no form would take
        return BilingualText(kk=shown[Language.KK], ru=shown[Language.RU])


def _cell_label(table: TableSpec, inside: str) -> BilingualText:
    row, _, _ = inside.partition("/")
    column = _column(table, inside)
    name = column.label if column else BilingualText(kk=inside, ru=inside)
    return BilingualText(
        kk=f"{table.label.kk}: {row}: {name.kk}", ru=f"{table.label.ru}: {row}: {name.ru}"
    )


def _column(table: TableSpec, inside: str) -> FieldSpec | None:
    _, _, column_id = inside.partition("/")
    return next((column for column in table.columns if column.id == column_id), None)


def _value(spec: FieldSpec, cell: Cell, day: date) -> Value:
    """The value that a cell of this field means; refuses as the field's type does."""
    parts = part_specs(spec)
    if parts and isinstance(cell, Mapping):
        return {
            part.id: _value(part, cell[part.id], day) if part.id in cell else None for part in parts
        }
    type_ = type_of(spec)
    raw: Any = cell.split() if isinstance(cell, str) and type_.xsd(spec).is_list else cell
    return type_.read(raw, spec, day)


def _as_it_stands(cell: Cell) -> BilingualText:
    text = " ".join(_texts(cell))
    return BilingualText(kk=text, ru=text)


def _texts(cell: Cell) -> Iterator[str]:
    if isinstance(cell, str):
        yield cell
        return
    for part in cell.values():
        yield from _texts(part)
