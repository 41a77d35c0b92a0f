"""What a form asks of the same person's earlier documents; looking is the services' work."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

from forms_server.specs.expressions import PRESENT, Expression

THIS = f"{PRESENT}."
"""What ``where`` and ``take`` write before a name of the present document."""


class Combine(StrEnum):
    """What becomes of all that was found."""

    SUM = "sum"
    COUNT = "count"
    LATEST = "latest"
    """The greatest value: of days, the last one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierSource:
    """Documents of one form; ``where`` and ``take`` name what the earlier document answers.

    With ``rows`` both are asked of every row of that table of the earlier document. What is only
    counted needs no ``take``.
    """

    form: str
    take: Expression | None = None
    where: Expression | None = None
    rows: str | None = None

    @property
    def expressions(self) -> Iterator[Expression]:
        return (found for found in (self.take, self.where) if found is not None)

    @property
    def names(self) -> frozenset[str]:
        """The names of the earlier document."""
        return frozenset(name for name in self._names() if not name.startswith(THIS))

    def asks_only(self, columns: Collection[str]) -> bool:
        """Whether it names nothing of the earlier document but these columns and their parts."""
        return all(name.partition(".")[0] in columns for name in self.names)

    @property
    def present_names(self) -> frozenset[str]:
        """The names of the present document, without ``this.``."""
        return frozenset(name.removeprefix(THIS) for name in self._names() if name.startswith(THIS))

    def _names(self) -> Iterator[str]:
        return (name for expression in self.expressions for name in expression.names)


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierSpec:
    """One look at a person's earlier documents; rules name what it gives by its id.

    ``person`` is the field that holds the IIN. With ``each`` the look is taken for every row of
    that table, and ``person`` may be a column of it.
    """

    id: str
    person: str
    combine: Combine
    sources: tuple[EarlierSource, ...]
    each: str | None = None
    source: str | None = None
