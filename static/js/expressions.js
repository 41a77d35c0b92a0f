// Evaluates the expressions of a specification in the page, as specs/expressions.py does on the
// server: from the same tree, with the same exact decimals. The server decides; this only shows.
//
// Values: string, boolean, null (no answer), Amount, Day, array (a list of values), object (parts).

/** An exact decimal number, kept with its places: 2.5 × 1250.50 is 3126.250. */
export class Amount {
  constructor(digits, places = 0) {
    this.digits = BigInt(digits);
    this.places = places;
  }

  static read(text) {
    const [whole, fraction = ""] = String(text).split(".");
    return new Amount(whole + fraction, fraction.length);
  }

  /** The same number with at least so many places. */
  widened(places) {
    const more = Math.max(places - this.places, 0);
    return new Amount(this.digits * 10n ** BigInt(more), this.places + more);
  }

  /** The same number without zeros at its end, but with at least so many places. */
  trimmed(least = 0) {
    const wide = this.widened(least);
    let { digits, places } = wide;
    while (places > least && digits % 10n === 0n) {
      digits /= 10n;
      places -= 1;
    }
    return new Amount(digits, places);
  }

  /** The number brought to so many places, half away from zero. */
  settled(places) {
    if (this.places <= places) return this;
    const step = 10n ** BigInt(this.places - places);
    const half = (this.digits < 0n ? -step : step) / 2n;
    return new Amount((this.digits + half) / step, places);
  }

  toString() {
    const sign = this.digits < 0n ? "-" : "";
    const text = String(this.digits < 0n ? -this.digits : this.digits).padStart(this.places + 1, "0");
    const whole = text.slice(0, text.length - this.places);
    return this.places ? `${sign}${whole}.${text.slice(-this.places)}` : `${sign}${whole}`;
  }
}

/** A day of the calendar. */
export class Day {
  constructor(iso) {
    this.iso = iso;
  }

  get number() {
    return Date.parse(`${this.iso}T00:00:00Z`) / 86_400_000;
  }

  toString() {
    return this.iso;
  }
}

const number = (value) => {
  if (value instanceof Amount) return value;
  return typeof value === "boolean" ? new Amount(value ? 1 : 0) : null;
};

const align = (left, right) => {
  const places = Math.max(left.places, right.places);
  return [left.widened(places).digits, right.widened(places).digits, places];
};

const compareAmounts = (left, right) => {
  const [a, b] = align(left, right);
  return a < b ? -1 : Number(a > b);
};

const compare = (left, right) => {
  const [a, b] = [number(left), number(right)];
  if (a && b) return compareAmounts(a, b);
  const [first, second] = [String(left), String(right)];
  return first < second ? -1 : Number(first > second);
};

const equal = (left, right) => {
  if (left === null || right === null) return left === right;
  const [a, b] = [number(left), number(right)];
  if (a && b) return compareAmounts(a, b) === 0;
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, index) => equal(item, right[index]));
  }
  if (left instanceof Day && right instanceof Day) return left.iso === right.iso;
  return left === right;
};

const list = (value) => (Array.isArray(value) ? value : []);
const dayPart = (day, from, to) => (day instanceof Day ? new Amount(day.iso.slice(from, to)) : null);

/** What counts as true: not nothing, not zero, not empty. */
export const isTrue = (value) => {
  if (value === null || value === "" || value === false) return false;
  if (value instanceof Amount) return value.digits !== 0n;
  return !(Array.isArray(value) && value.length === 0);
};

const ARITHMETIC = {
  "+": (left, right) => {
    const [a, b, places] = align(left, right);
    return new Amount(a + b, places);
  },
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

const FUNCTIONS = {
  filled: (value) => value instanceof Amount || isTrue(value),
  sum: (values) => {
    const numbers = list(values).map(number).filter(Boolean);
    return numbers.length ? numbers.reduce(ARITHMETIC["+"]) : null;
  },
  count: (values) => new Amount(list(values).filter((value) => value !== null).length),
  days: (first, last) =>
    first instanceof Day && last instanceof Day ? new Amount(last.number - first.number + 1) : null,
  year: (day) => dayPart(day, 0, 4),
  month: (day) => dayPart(day, 5, 7),
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
  if (kind === "call") {
    return FUNCTIONS[node[1]](...node.slice(2).map((part) => evaluate(part, values)));
  }
  return apply(kind, ...node.slice(1).map((part) => evaluate(part, values)));
};

export const holds = (node, values) => isTrue(evaluate(node, values));
