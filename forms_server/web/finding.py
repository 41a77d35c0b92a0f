"""Finding a form in the list: by words of its title, by its appendix, by its id.

A form is found if each word of the search begins one of the form's words; a number must be one of
its numbers, ``5`` and ``05`` being the same. static/js/finder.js does alike while one types.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from forms_server.specs.model import FormSpec

WORD = re.compile(r"[^\W\d_]+|\d+")
"""Letters and digits are parted, so that ``mse01``, ``mse-01`` and ``mse 1`` are one search."""
BLANK = re.compile(r"\{[^}]*\}")


def words_of(text: str) -> tuple[str, ...]:
    """The words and numbers of a text as they are compared."""
    plain = text.lower().replace("ё", "е")
    return tuple(
        word.lstrip("0") or "0" if word.isdigit() else word for word in WORD.findall(plain)
    )


def form_words(form: FormSpec, *shown: str) -> tuple[str, ...]:
    """What a form is found by: its titles, its id, its appendix, and what the list shows of it."""
    return tuple(sorted({word for text in (*_texts(form), *shown) for word in words_of(text)}))


def is_found(search: tuple[str, ...], words: Iterable[str]) -> bool:
    """Whether the words answer every word of the search; an empty search finds everything."""
    return all(any(_answers(asked, word) for word in words) for asked in search)


def _answers(asked: str, word: str) -> bool:
    return word == asked if asked.isdigit() else word.startswith(asked)


def _texts(form: FormSpec) -> Iterable[str]:
    yield from (form.id, form.appendix, form.title.kk, form.title.ru)
    yield from (form.rules_title.kk, form.rules_title.ru)
    for edition in form.editions:
        yield from (edition.title.kk, edition.title.ru, edition.order)
        yield BLANK.sub(" ", edition.numbering.pattern)
