"""What an audit finds: a code, what it is about, and its sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forms_server.errors import say

NOTHING = "–"


class Finding:
    """Something that does not hold; it speaks as refusals do, but is a result and never raised."""

    def __init__(self, code: str, **values: object) -> None:
        self.code = code
        self.values = {name: _plain(value) for name, value in values.items()}

    def say(self, language: str) -> str:
        """The sentence in ``kk``, ``ru`` or ``en``."""
        shown = {name: NOTHING if value is None else value for name, value in self.values.items()}
        return say(self.code, language, shown)

    @property
    def facts(self) -> Mapping[str, Any]:
        """For machines, plain JSON: the code, the values, and the sentence in English."""
        return {"code": self.code, **self.values, "message": self.say("en")}


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, int) else str(value)
