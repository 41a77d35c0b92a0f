"""Sentences of equivalence: what law makes an issued paper equal to, by the day of the document.

They stand in a TOML file that an operator corrects without a release; a change shows on documents
issued later only, because what has been issued is never printed again.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from forms_server.errors import SpecificationError
from forms_server.languages import BilingualText

ENTRY = "sentence"
HEADER = re.compile(rf"\s*\[\[\s*{ENTRY}\s*\]\]")
PLACE = re.compile(r"at line (\d+)")
DATES = frozenset({"from", "until"})
TEXTS = ("kk", "ru", "source")
OPTIONAL = frozenset({"until"})
LONGEST = 400
"""Letters of a sentence: the frame at a document's end has room for three lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence for documents from ``first`` on, up to but not including ``until``."""

    first: date
    until: date | None
    text: BilingualText
    source: str

    def covers(self, day: date) -> bool:
        return self.first <= day and (self.until is None or day < self.until)


def read_sentences(path: Path) -> tuple[Sentence, ...]:
    """The sentences of a file by their first day; an empty file gives none.

    Raises :class:`SpecificationError`, with path and line: ``sentences-unreadable``,
    ``sentences-not-toml``, ``sentences-malformed``, ``sentences-overlap``.
    """
    text = _text(path)
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = PLACE.search(str(error))
        line = int(found[1]) if found else len(text.splitlines())
        raise SpecificationError(
            "sentences-not-toml", path=path, line=line, reason=str(error)
        ) from error
    entries = content.pop(ENTRY, [])
    if content or not _is_list_of_tables(entries):
        raise SpecificationError(
            "sentences-malformed",
            path=path,
            line=1,
            reason=f"[[{ENTRY}]]: {', '.join(content) or '?'}",
        )
    lines = _lines_of_entries(text, len(entries))
    sentences = [_read(entry, path, line) for entry, line in zip(entries, lines, strict=True)]
    return _in_order(zip(sentences, lines, strict=True), path)


def sentence_on(sentences: Iterable[Sentence], day: date) -> BilingualText | None:
    """What is printed on a document of that day; nothing where no entry covers it."""
    return next((sentence.text for sentence in sentences if sentence.covers(day)), None)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecificationError(
            "sentences-unreadable", path=path, line=1, reason=type(error).__name__
        ) from error


def _is_list_of_tables(entries: Any) -> bool:
    return isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries)


def _lines_of_entries(text: str, count: int) -> Sequence[int]:
    """Where each entry begins; the first line where they are not written as ``[[sentence]]``."""
    lines = [number for number, line in enumerate(text.splitlines(), 1) if HEADER.match(line)]
    return lines if len(lines) == count else [1] * count


def _read(entry: Mapping[str, Any], path: Path, line: int) -> Sentence:
    reason = _wrong(entry)
    if reason:
        raise SpecificationError("sentences-malformed", path=path, line=line, reason=reason)
    return Sentence(
        first=entry["from"],
        until=entry.get("until"),
        text=BilingualText(kk=entry["kk"].strip(), ru=entry["ru"].strip()),
        source=entry["source"],
    )


def _wrong(entry: Mapping[str, Any]) -> str:
    """The key that is wrong and, where it is there, its value; empty where all is right."""
    known = (*DATES, *TEXTS)
    missing = [key for key in known if key not in entry and key not in OPTIONAL]
    unknown = [key for key in entry if key not in known]
    bad = [key for key in entry if key in known and not _is_right(key, entry[key])]
    wrong = next(iter([*unknown, *missing, *bad]), None)
    if wrong is not None:
        return f"{wrong} = {entry.get(wrong)!r}" if wrong in entry else wrong
    is_reversed = "until" in entry and entry["until"] <= entry["from"]
    return f"until = {entry['until']}" if is_reversed else ""


def _is_right(key: str, value: Any) -> bool:
    if key in DATES:
        return isinstance(value, date) and not isinstance(value, datetime)
    return isinstance(value, str) and 0 < len(value.strip()) <= LONGEST and value.isprintable()


def _in_order(found: Iterable[tuple[Sentence, int]], path: Path) -> tuple[Sentence, ...]:
    ordered = sorted(found, key=lambda pair: pair[0].first)
    for (earlier, _), (later, line) in pairwise(ordered):
        if earlier.covers(later.first):
            raise SpecificationError(
                "sentences-overlap", path=path, line=line, earlier=earlier.first, later=later.first
            )
    return tuple(sentence for sentence, _ in ordered)
