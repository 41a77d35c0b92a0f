"""Every error raised on purpose: one tree, a stable code each, its sentence from the catalogue.

The sentences stand in ``forms_server/messages/*.toml``: one table a code, with ``kk``, ``ru`` and
(where a citizen can meet it) ``en``; ``{name}`` in a sentence is filled from the error's values.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from forms_server.languages import BilingualText

MESSAGES = Path(__file__).parent / "messages"


@cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """All sentences by code; a code that stands twice is a mistake of ours."""
    sentences: dict[str, Mapping[str, str]] = {}
    for path in sorted(MESSAGES.glob("*.toml")):
        for code, texts in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if code in sentences:
                raise RuntimeError(f"message code {code} stands twice, again in {path.name}")
            sentences[code] = texts
    return sentences


def words(code: str) -> BilingualText:
    """A text of the catalogue in the languages that forms have; it takes no values."""
    texts = catalogue()[code]
    return BilingualText(kk=texts["kk"], ru=texts["ru"])


def say(code: str, language: str, values: Mapping[str, object]) -> str:
    """A sentence in ``kk``, ``ru`` or ``en`` (Russian where there is no English), filled in."""
    texts = catalogue()[code]
    return texts.get(language, texts["ru"]).format(**values)


class FormsServerError(Exception):
    """Something was refused; ``code`` is for machines, ``message`` and ``say`` for people."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.values = values

    def say(self, language: str) -> str:
        """The sentence in ``kk``, ``ru`` or ``en``."""
        return say(self.code, language, self.values)

    @property
    def message(self) -> BilingualText:
        return BilingualText(kk=self.say("kk"), ru=self.say("ru"))

    def __str__(self) -> str:
        return f"{self.code}: {self.say('ru')}"


class SettingsError(FormsServerError):
    """A setting is missing or wrong."""


class SpecificationError(FormsServerError):
    """A file of ``form_specs/`` or ``templates/`` is wrong: which, where and how to mend it."""

    def __init__(self, code: str, *, path: Path, line: int, **values: object) -> None:
        super().__init__(code, **values)
        self.path = path
        self.line = line

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.code}: {self.say('en')}"


class InvalidAnswerError(FormsServerError):
    """One answer cannot be read or breaks a rule."""


class DocumentError(FormsServerError):
    """A page could not be printed, sealed or read."""


class StorageError(FormsServerError):
    """A record or a file could not be stored or found."""


class ServiceError(FormsServerError):
    """A story refuses to go on: not found, not allowed, not in this state."""
