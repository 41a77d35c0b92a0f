"""Says in words when a question is to be answered, for pages that cannot hide it by themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from flask_babel import gettext

from forms_server.fields.registry import part_specs, type_of
from forms_server.languages import Language
from forms_server.specs.expressions import Expression, Node
from forms_server.specs.model import Edition, FieldSpec, TableSpec


def describe_condition(
    expression: Expression,
    edition: Edition,
    language: Language,
    columns: Sequence[FieldSpec] = (),
) -> str:
    """One sentence; a general one where the condition is too involved for words.

    ``columns`` are those of the row in which the question stands, if it stands in one.
    """
    words = _Words(edition, language, columns).say(expression.node)
    if not words:
        return str(gettext("Answer only where it applies."))
    return str(gettext("Answer if: %(condition)s.", condition=words))


class _Words:
    """Puts the nodes of a condition into words; an empty text means that it cannot."""

    def __init__(self, edition: Edition, language: Language, columns: Sequence[FieldSpec]) -> None:
        self.language = language
        own = {column.id: column for column in columns}
        self.items: Mapping[str, FieldSpec | TableSpec] = {**edition.items, **own}
        self.sayings: Mapping[str, Callable[[Node], str]] = {
            "field": self._say_field,
            "in": self._say_chosen,
            "not in": self._say_not_chosen,
            "==": self._say_equal,
            "!=": self._say_unequal,
            "call": self._say_filled,
            "not": self._say_not,
            "and": self._say_and,
            "or": self._say_or,
        }

    def say(self, node: object) -> str:
        if not isinstance(node, tuple):
            return ""
        saying = self.sayings.get(str(node[0]))
        return saying(node) if saying else ""

    def _say_field(self, node: Node) -> str:
        spec = self._spec(node)
        return f"«{self._label(spec)}»" if spec else ""

    def _say_equal(self, node: Node) -> str:
        return self._say_pair(node[1], node[2])

    def _say_unequal(self, node: Node) -> str:
        return self._negate(self._say_pair(node[1], node[2]))

    def _say_chosen(self, node: Node) -> str:
        return self._say_pair(node[2], node[1])

    def _say_not_chosen(self, node: Node) -> str:
        return self._negate(self._say_pair(node[2], node[1]))

    def _say_pair(self, field: object, constant: object) -> str:
        spec = self._spec(field)
        if spec is None or not isinstance(constant, tuple) or constant[0] != "constant":
            return ""
        return f"«{self._label(spec)}» – «{self._choice(spec, constant[1])}»"

    def _say_filled(self, node: Node) -> str:
        spec = self._spec(node[2]) if node[1] == "filled" else None
        return gettext("“%(field)s” is filled in", field=self._label(spec)) if spec else ""

    def _say_not(self, node: Node) -> str:
        return self._negate(self.say(node[1]))

    def _negate(self, words: str) -> str:
        return gettext("not: %(condition)s", condition=words) if words else ""

    def _say_and(self, node: Node) -> str:
        return self._join(node, gettext("and"))

    def _say_or(self, node: Node) -> str:
        return self._join(node, gettext("or"))

    def _join(self, node: Node, word: str) -> str:
        parts = [self.say(part) for part in node[1:]]
        return f" {word} ".join(parts) if all(parts) else ""

    def _spec(self, node: object) -> FieldSpec | TableSpec | None:
        if not isinstance(node, tuple) or node[0] != "field":
            return None
        name, _, part = str(node[1]).partition(".")
        item = self.items.get(name)
        if not part or item is None:
            return item
        if isinstance(item, TableSpec):
            return item.column(part)
        return next((spec for spec in part_specs(item) if spec.id == part), None)

    def _label(self, spec: FieldSpec | TableSpec) -> str:
        return spec.label[self.language]

    def _choice(self, spec: FieldSpec | TableSpec, value: object) -> str:
        if not isinstance(spec, FieldSpec):
            return str(value)
        if isinstance(value, bool) or spec.option(str(value)) or spec.reference:
            return type_of(spec).show(value, spec, self.language) or str(value)
        return str(value)
