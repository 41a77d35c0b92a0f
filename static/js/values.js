// The values of expressions in the page: string, boolean, null (no answer), Amount, Day, array (a list
// of values), object (parts). What is equal and what counts as true is said here once.

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

/** The number that a value counts as, or null. */
export const number = (value) => {
  if (value instanceof Amount) return value;
  return typeof value === "boolean" ? new Amount(value ? 1 : 0) : null;
};

/** The digits of two amounts with the same places, and those places. */
export const align = (left, right) => {
  const places = Math.max(left.places, right.places);
  return [left.widened(places).digits, right.widened(places).digits, places];
};

export const compareAmounts = (left, right) => {
  const [a, b] = align(left, right);
  return a < b ? -1 : Number(a > b);
};

export const equal = (left, right) => {
  if (left === null || right === null) return left === right;
  const [a, b] = [number(left), number(right)];
  if (a && b) return compareAmounts(a, b) === 0;
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, index) => equal(item, right[index]));
  }
  if (left instanceof Day && right instanceof Day) return left.iso === right.iso;
  return left === right;
};

/** What counts as true: not nothing, not zero, not empty. */
export const isTrue = (value) => {
  if (value === null || value === "" || value === false) return false;
  if (value instanceof Amount) return value.digits !== 0n;
  return !(Array.isArray(value) && value.length === 0);
};

/** A list of values; what is none has no values. */
export const list = (value) => (Array.isArray(value) ? value : []);

export const add = (left, right) => {
  const [a, b, places] = align(left, right);
  return new Amount(a + b, places);
};

const MILLISECONDS = 86_400_000;

/** The day so many days after another; null outside the calendar. */
export const shifted = (day, count) => {
  const iso = new Date((day.number + count) * MILLISECONDS).toISOString();
  return /^(?!0000)\d{4}-/.test(iso) ? new Day(iso.slice(0, 10)) : null;
};

/** Where evaluation finds the table of working days among the names. */
export const WORKING_DAYS = "working-days";

/** Which days are worked, as specs/working_days.py has them: first, last, off and worked as ISO. */
export class WorkingDays {
  constructor({ first, last, off, worked }) {
    Object.assign(this, { first, last, off: new Set(off), worked: new Set(worked) });
  }

  knows(day) {
    return this.first <= day.iso && day.iso <= this.last;
  }

  isWorking(day) {
    // 1970-01-01, day 0, was a Thursday.
    const isWeekend = [2, 3].includes(((day.number % 7) + 7) % 7);
    return isWeekend ? this.worked.has(day.iso) : !this.off.has(day.iso);
  }

  count(first, last) {
    if (first.iso > last.iso) return new Amount(0);
    if (!this.knows(first) || !this.knows(last)) return null;
    let counted = 0;
    for (let day = first; day.iso <= last.iso; day = shifted(day, 1)) {
      counted += Number(this.isWorking(day));
    }
    return new Amount(counted);
  }

  after(day, count) {
    if (!this.knows(day) || count < 0) return null;
    let [found, left] = [day, count];
    while (left) {
      if (found.iso >= this.last) return null;
      found = shifted(found, 1);
      left -= Number(this.isWorking(found));
    }
    return found;
  }
}
