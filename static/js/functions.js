// The functions of the language of rules, as specs/functions.py has them.

import { Amount, Day, add, equal, isTrue, list, number, shifted } from "./values.js";

const FARTHEST = 100_000;

const dayPart = (day, from, to) => (day instanceof Day ? new Amount(day.iso.slice(from, to)) : null);

const total = (values) => {
  const numbers = list(values).map(number).filter(Boolean);
  return numbers.length ? numbers.reduce(add) : null;
};

const totalIf = (values, keys, key) => {
  const own = list(keys);
  const isOf = (_, place) => place < own.length && key !== null && equal(own[place], key);
  return total(list(values).filter(isOf));
};

/** A whole number of days, months or years, or null. */
const whole = (count) => {
  const plain = number(count)?.trimmed();
  if (!plain || plain.places) return null;
  const found = Number(plain.digits);
  return Math.abs(found) > FARTHEST ? null : found;
};

const lastOf = (year, month) => {
  const next = new Date(0);
  next.setUTCFullYear(year, month, 0);
  return next.getUTCDate();
};

const partsOf = (day) => day.iso.split("-").map(Number);

const dayOf = (year, month, day) => {
  const texts = [String(year).padStart(4, "0"), ...[month, day].map((n) => String(n).padStart(2, "0"))];
  return new Day(texts.join("-"));
};

const monthEnd = (day) => {
  if (!(day instanceof Day)) return null;
  const [year, month] = partsOf(day);
  return dayOf(year, month, lastOf(year, month));
};

const plusDays = (day, count) => {
  const steps = whole(count);
  return day instanceof Day && steps !== null ? shifted(day, steps) : null;
};

const plusMonths = (day, count) => {
  const steps = whole(count);
  if (!(day instanceof Day) || steps === null) return null;
  const [ownYear, ownMonth, ownDay] = partsOf(day);
  const months = ownYear * 12 + ownMonth - 1 + steps;
  const [year, month] = [Math.floor(months / 12), (((months % 12) + 12) % 12) + 1];
  if (year < 1 || year > 9999) return null;
  return dayOf(year, month, Math.min(ownDay, lastOf(year, month)));
};

const plusYears = (day, count) => {
  const steps = whole(count);
  return steps === null ? null : plusMonths(day, new Amount(steps * 12));
};

const within = (code, codes) => {
  if (typeof code !== "string" || typeof codes !== "string") return false;
  return codes.split(" ").some((part) => {
    const [first, last] = part.split("-");
    if (last === undefined) return code === first;
    return first <= code && (code <= last || code.startsWith(last));
  });
};

export const FUNCTIONS = {
  filled: (value) => value instanceof Amount || isTrue(value),
  sum: total,
  sum_if: totalIf,
  count: (values) => new Amount(list(values).filter((value) => value !== null).length),
  days: (first, last) =>
    first instanceof Day && last instanceof Day ? new Amount(last.number - first.number + 1) : null,
  day: (day) => dayPart(day, 8, 10),
  month: (day) => dayPart(day, 5, 7),
  year: (day) => dayPart(day, 0, 4),
  month_end: monthEnd,
  plus_days: plusDays,
  plus_months: plusMonths,
  plus_years: plusYears,
  within,
};

/** Those that are also given the table of working days. */
export const OF_WORKING_DAYS = {
  working_days: (table, first, last) =>
    first instanceof Day && last instanceof Day ? table.count(first, last) : null,
  plus_working_days: (table, day, count) => {
    const steps = whole(count);
    return day instanceof Day && steps !== null ? table.after(day, steps) : null;
  },
};
