"""Who signs a form, in which order and how; which records and files that makes is not told here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from forms_server.languages import BilingualText


class Way(StrEnum):
    """How a person signs."""

    HAND = "hand"
    ELECTRONIC = "electronic"
    EITHER = "either"


class Signer(StrEnum):
    """Who signs: somebody with a role in the office that issues, or a person without account."""

    HEAD = "head"
    CLERK = "clerk"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureSpec:
    """Who signs the paper and how; those of an edition stand in the order of signing.

    ``name``, ``iin`` and ``bin`` are the fields that hold the signer's name, IIN and BIN.
    ``id`` is also the name of the PDF's signature field.
    """

    id: str
    label: BilingualText
    way: Way
    by: Signer = Signer.PERSON
    name: str | None = None
    iin: str | None = None
    bin: str | None = None
    required: bool = True
    source: str | None = None

    @property
    def is_electronic(self) -> bool:
        """Whether it may be an electronic signature."""
        return self.way is not Way.HAND

    @property
    def is_of_office(self) -> bool:
        """Whether somebody with an account of the office signs."""
        return self.by is not Signer.PERSON
