"""The two languages of every form, and a text in both. Nothing else counts languages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Language(StrEnum):
    """A language a form is filled in and printed in."""

    KK = "kk"
    RU = "ru"

    @property
    def other(self) -> Language:
        return Language.RU if self is Language.KK else Language.KK


@dataclass(frozen=True, slots=True)
class BilingualText:
    """One text in Kazakh and in Russian; ``text[Language.KK]`` gives one of them."""

    kk: str
    ru: str

    def __getitem__(self, language: Language) -> str:
        return self.kk if language is Language.KK else self.ru

    @property
    def both(self) -> str:
        """One line for readers of either language."""
        return f"{self.kk} / {self.ru}"


OUTPUTS: dict[str, tuple[Language, ...]] = {
    "kk": (Language.KK,),
    "ru": (Language.RU,),
    "kk-ru": (Language.KK, Language.RU),
}
"""What a document can be printed in; ``kk-ru`` is the Kazakh pages, then the Russian pages."""
