// Evaluates the expressions of a specification in the page, as specs/expressions.py does on the
// server: from the same tree, with the same exact decimals. The server decides; this only shows.

import { FUNCTIONS, OF_WORKING_DAYS } from "./functions.js";
import {
  Amount,
  WORKING_DAYS,
  add,
  align,
  compareAmounts,
  equal,
  isTrue,
  list,
  number,
} from "./values.js";

const compare = (left, right) => {
  const [a, b] = [number(left), number(right)];
  if (a && b) return compareAmounts(a, b);
  const [first, second] = [String(left), String(right)];
  return first < second ? -1 : Number(first > second);
};

const ARITHMETIC = {
  "+": add,
  "-": (left, right) => {
    const [a, b, places] = align(left, right);
    return new Amount(a - b, places);
  },
  "*": (left, right) => new Amount(left.digits * right.digits, left.places + right.places),
};

const ORDER = {
  "<": (order) => order < 0,
  "<=": (order) => order <= 0,
  ">": (order) => order > 0,
  ">=": (order) => order >= 0,
};

const call = (name, operands, values) => {
  if (!OF_WORKING_DAYS[name]) return FUNCTIONS[name](...operands);
  const table = values[WORKING_DAYS];
  return table ? OF_WORKING_DAYS[name](table, ...operands) : null;
};

const constant = ([, value, isDecimal]) => {
  if (isDecimal || typeof value === "number") return Amount.read(value);
  return value;
};

const calculate = (kind, left, right) => {
  const [a, b] = [number(left), number(right)];
  return a && b ? ARITHMETIC[kind](a, b) : null;
};

const apply = (kind, left, right) => {
  if (kind === "not") return !isTrue(left);
  if (kind === "==") return equal(left, right);
  if (kind === "!=") return !equal(left, right);
  if (kind === "in") return list(right).some((item) => equal(item, left));
  if (kind === "not in") return !list(right).some((item) => equal(item, left));
  if (kind in ORDER) return left === null || right === null || ORDER[kind](compare(left, right));
  return calculate(kind, left, right);
};

/** The value of a tree over answers by name; a name without an answer is null. */
export const evaluate = (node, values) => {
  const [kind] = node;
  if (kind === "field") return values[node[1]] ?? null;
  if (kind === "constant") return constant(node);
  if (kind === "and") return node.slice(1).every((part) => isTrue(evaluate(part, values)));
  if (kind === "or") return node.slice(1).some((part) => isTrue(evaluate(part, values)));
  if (kind === "if") return evaluate(node[isTrue(evaluate(node[1], values)) ? 2 : 3], values);
  if (kind === "call") {
    return call(node[1], node.slice(2).map((part) => evaluate(part, values)), values);
  }
  return apply(kind, ...node.slice(1).map((part) => evaluate(part, values)));
};

export const holds = (node, values) => isTrue(evaluate(node, values));
