"""The small language of rules: ``hours <= 8``, ``'repeat' in purposes``, ``sum(services.cost)``.

Written in an attribute of a specification, read once into a frozen tree of nodes, evaluated on the
server by :func:`evaluate` and in the browser by ``static/js/expressions.js`` from the same tree.
A name is the id of a field; ``table.column`` is the list of a column's values; ``table.row`` of a
picked table is the list of its rows that were picked.
An empty answer is ``None``; arithmetic with ``None`` gives ``None``; a comparison with ``None``
other than ``==`` and ``!=`` holds: an empty answer breaks no limit, ``required`` asks for it.
"""

from __future__ import annotations

import ast
import inspect
import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from forms_server.specs.functions import CODES, FUNCTIONS, OF_WORKING_DAYS, Value, sequence
from forms_server.specs.working_days import NAME as WORKING_DAYS
from forms_server.specs.working_days import WorkingDays

Node: TypeAlias = "tuple[str, ...] | tuple[object, ...]"


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression as written and as read: ``("*", ("field", "hours"), ("field", "price"))``."""

    text: str
    node: Node

    @property
    def names(self) -> frozenset[str]:
        """Every field and ``table.column`` that the expression names."""
        return frozenset(_names(self.node))


class ExpressionError(ValueError):
    """The text is not an expression of this language; the argument says which part."""


_OPERATORS: Mapping[type, str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*",
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.In: "in", ast.NotIn: "not in", ast.And: "and", ast.Or: "or", ast.Not: "not",
}  # fmt: skip


PRESENT = "this"
"""Before a name of the present document, where the names are those of an earlier one."""
LONGEST = 1000
DEEPEST = 100
"""Characters, and nodes within nodes: an expression is evaluated by recursion."""


def parse(text: str) -> Expression:
    """Read an expression; :class:`ExpressionError` names the part that does not belong."""
    if len(text) > LONGEST:
        raise ExpressionError(f"{text[:40]}…")
    try:
        tree = ast.parse(text.strip(), mode="eval")
        node = _read(tree.body)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise error if isinstance(error, ExpressionError) else ExpressionError(text) from error
    if _depth(node) > DEEPEST:
        raise ExpressionError(f"{text[:40]}…")
    return Expression(text, node)


def _depth(node: Node) -> int:
    level, depth = [node], 0
    while level:
        level = [part for found in level for part in found if isinstance(part, tuple)]
        depth += 1
    return depth


def _read(tree: ast.expr) -> Node:
    reader = _READERS.get(type(tree))
    if reader is None:
        raise ExpressionError(ast.unparse(tree))
    return reader(tree)


def _read_name(tree: ast.Name) -> Node:
    return ("field", tree.id)


def _read_column(tree: ast.Attribute) -> Node:
    return ("field", ".".join(_path(tree, tree)))


def _path(tree: ast.expr, whole: ast.Attribute) -> tuple[str, ...]:
    """``table.column`` as two words; a name of the present document has a third, ``this``."""
    if isinstance(tree, ast.Name):
        return (tree.id,)
    if not isinstance(tree, ast.Attribute):
        raise ExpressionError(ast.unparse(whole))
    path = (*_path(tree.value, whole), tree.attr)
    if len(path) > (3 if path[0] == PRESENT else 2):
        raise ExpressionError(ast.unparse(whole))
    return path


def _read_constant(tree: ast.Constant) -> Node:
    if isinstance(tree.value, float) and math.isfinite(tree.value):
        return ("constant", str(tree.value), "decimal")
    if isinstance(tree.value, (str, int)):
        return ("constant", tree.value)
    raise ExpressionError(ast.unparse(tree))


def _read_binary(tree: ast.BinOp) -> Node:
    return (_symbol(tree.op, tree), _read(tree.left), _read(tree.right))


def _read_boolean(tree: ast.BoolOp) -> Node:
    return (_symbol(tree.op, tree), *(_read(part) for part in tree.values))


def _read_unary(tree: ast.UnaryOp) -> Node:
    return (_symbol(tree.op, tree), _read(tree.operand))


def _read_comparison(tree: ast.Compare) -> Node:
    if len(tree.ops) != 1:
        raise ExpressionError(ast.unparse(tree))
    return (_symbol(tree.ops[0], tree), _read(tree.left), _read(tree.comparators[0]))


def _read_call(tree: ast.Call) -> Node:
    name = tree.func.id if isinstance(tree.func, ast.Name) else ""
    if name not in FUNCTIONS or tree.keywords or len(tree.args) != _arity(name):
        raise ExpressionError(ast.unparse(tree))
    if name == "within" and not _is_list_of_codes(tree.args[1]):
        raise ExpressionError(ast.unparse(tree))
    return ("call", name, *(_read(part) for part in tree.args))


def _arity(name: str) -> int:
    taken = len(inspect.signature(FUNCTIONS[name]).parameters)
    return taken - 1 if name in OF_WORKING_DAYS else taken


def _is_list_of_codes(tree: ast.expr) -> bool:
    text = tree.value if isinstance(tree, ast.Constant) else None
    return isinstance(text, str) and CODES.fullmatch(text) is not None


def _read_choice(tree: ast.IfExp) -> Node:
    return ("if", _read(tree.test), _read(tree.body), _read(tree.orelse))


def _symbol(op: ast.AST, tree: ast.expr) -> str:
    try:
        return _OPERATORS[type(op)]
    except KeyError:
        raise ExpressionError(ast.unparse(tree)) from None


_READERS: Mapping[type, Callable[..., Node]] = {
    ast.Name: _read_name,
    ast.Attribute: _read_column,
    ast.Constant: _read_constant,
    ast.BinOp: _read_binary,
    ast.BoolOp: _read_boolean,
    ast.UnaryOp: _read_unary,
    ast.Compare: _read_comparison,
    ast.Call: _read_call,
    ast.IfExp: _read_choice,
}


def _names(node: Node) -> Iterator[str]:
    if node[0] == "field":
        yield str(node[1])
        return
    for part in node[1:]:
        if isinstance(part, tuple):
            yield from _names(part)


_ARITHMETIC: Mapping[str, Callable[..., Value]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}
_ORDER: Mapping[str, Callable[..., bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def evaluate(expression: Expression, values: Mapping[str, Value]) -> Value:
    """The value of an expression over answers; names that have no answer are ``None``.

    The table of working days stands among the values under ``working_days.NAME``.
    """
    return _evaluate(expression.node, values)


def holds(expression: Expression, values: Mapping[str, Value]) -> bool:
    """Whether a condition is true of the answers."""
    return bool(evaluate(expression, values))


def _evaluate(node: Node, values: Mapping[str, Value]) -> Value:
    kind = str(node[0])
    if kind == "field":
        return values.get(str(node[1]))
    if kind == "constant":
        return Decimal(str(node[1])) if len(node) == 3 else node[1]
    if kind in {"and", "or"}:
        return _evaluate_boolean(kind, node[1:], values)
    if kind == "if":
        return _evaluate_choice(node, values)
    parts = node[2:] if kind == "call" else node[1:]
    operands = [_evaluate(part, values) for part in parts if isinstance(part, tuple)]
    if kind == "call":
        return _call(str(node[1]), operands, values)
    return _apply(kind, operands)


def _evaluate_boolean(kind: str, parts: Sequence[object], values: Mapping[str, Value]) -> bool:
    truths = (bool(_evaluate(part, values)) for part in parts if isinstance(part, tuple))
    return all(truths) if kind == "and" else any(truths)


def _evaluate_choice(node: Node, values: Mapping[str, Value]) -> Value:
    condition, chosen, other = (part for part in node[1:] if isinstance(part, tuple))
    return _evaluate(chosen if _evaluate(condition, values) else other, values)


def _call(name: str, operands: Sequence[Value], values: Mapping[str, Value]) -> Value:
    if name not in OF_WORKING_DAYS:
        return FUNCTIONS[name](*operands)
    table = values.get(WORKING_DAYS)
    return FUNCTIONS[name](table, *operands) if isinstance(table, WorkingDays) else None


def _apply(kind: str, operands: Sequence[Value]) -> Value:
    if kind == "not":
        return not operands[0]
    left, right = operands
    if kind in {"==", "!="}:
        return (left == right) is (kind == "==")
    if kind in {"in", "not in"}:
        return (left in sequence(right)) is (kind == "in")
    if kind in _ORDER:
        return left is None or right is None or _ORDER[kind](left, right)
    return None if left is None or right is None else _ARITHMETIC[kind](left, right)
