// Reads what is typed on the page into values, as fields/*.py do: what cannot be read is no answer.

import { Amount, Day, WORKING_DAYS, WorkingDays } from "./values.js";

const DATES = [
  /^(?<day>\d{1,2})[\s./,-]+(?<month>\d{1,2})[\s./,-]+(?<year>\d{4})$/,
  /^(?<year>\d{4})-(?<month>\d{1,2})-(?<day>\d{1,2})$/,
  /^(?<day>\d{2})(?<month>\d{2})(?<year>\d{4})$/,
];
const MONTHS = [
  /^(?<month>\d{1,2})[\s./-]+(?<year>\d{4})$/,
  /^(?<year>\d{4})-(?<month>\d{2})$/,
  /^(?<month>\d{2})(?<year>\d{4})$/,
];

const match = (text, patterns) =>
  patterns.map((pattern) => pattern.exec(text)?.groups).find(Boolean) ?? null;

const two = (digits) => digits.padStart(2, "0");

/** The day that a text means, or null. */
export const readDay = (text) => {
  const found = match(text.trim(), DATES);
  if (!found) return null;
  const iso = `${found.year}-${two(found.month)}-${two(found.day)}`;
  const date = new Date(`${iso}T00:00:00Z`);
  const exists = !Number.isNaN(date.getTime()) && date.toISOString().startsWith(iso);
  return exists ? new Day(iso) : null;
};

/** The first day of the month that a text means, or null. */
export const readMonth = (text) => {
  const found = match(text.trim(), MONTHS);
  return found ? readDay(`${found.year}-${found.month}-01`) : null;
};

const readNumber = (text, places) => {
  const plain = text.replaceAll(/\s/g, "").replace(",", ".");
  return /^-?\d{1,12}(\.\d+)?$/.test(plain) ? Amount.read(plain).trimmed(places) : null;
};

const TIMES = [/^(?<hour>\d{1,2})[\s:.,-](?<minute>\d{2})$/, /^(?<hour>\d{2})(?<minute>\d{2})$/];

const readTime = (text) => {
  const found = match(text.trim(), TIMES);
  if (!found || Number(found.hour) > 23 || Number(found.minute) > 59) return null;
  return `${two(found.hour)}:${found.minute}`;
};

const CYRILLIC = "АВСЕНІКМОРЅТХУЈ";
const LATIN = "ABCEHIKMOPSTXYJ";

const readActNumber = (text) => {
  const digits = text.replaceAll(/[\s-]/g, "");
  return /^\d{14}$/.test(digits) ? digits : null;
};

const readCode = (text) => {
  const latin = [...text.replaceAll(/\s/g, "").toUpperCase()].map(
    (letter) => LATIN[CYRILLIC.indexOf(letter)] ?? letter,
  );
  const found = /^([A-Z]\d{2})(?:[.,]?(\d{1,2}))?$/.exec(latin.join(""));
  if (!found) return null;
  return found[2] ? `${found[1]}.${found[2]}` : found[1];
};

const inputsOf = (element) => [...element.querySelectorAll("input, select, textarea")];

const isMark = (input) => input.type === "radio" || input.type === "checkbox";

const typed = (element) =>
  inputsOf(element).find((input) => !isMark(input) || input.checked)?.value ?? "";

const ticked = (element) => inputsOf(element).filter((input) => input.checked);

const readList = (element) => {
  const values = ticked(element).map((input) => input.value);
  return values.length ? values : null;
};

const readBoolean = (element) => {
  const word = typed(element);
  return word === "" ? null : word === "true";
};

const KINDS = {
  number: (element) => readNumber(typed(element), Number(element.dataset.leastPlaces ?? 0)),
  date: (element) => readDay(typed(element)),
  month: (element) => readMonth(typed(element)),
  boolean: readBoolean,
  time: (element) => readTime(typed(element)),
  "icd-10": (element) => readCode(typed(element)),
  "act-number": (element) => readActNumber(typed(element)),
  list: readList,
  text: (element) => typed(element).trim() || null,
  parts: (element) => readParts(element),
  rows: (element) => readRows(element).filter(Boolean),
};

/** The answers that belong to an element itself, not to an answer or a row inside it. */
export const ownAnswers = (scope) =>
  [...scope.querySelectorAll("[data-answer]")].filter((element) => {
    const owner = element.parentElement.closest("[data-answer], [data-row], [data-filling]");
    return owner === scope;
  });

const readOne = (element) =>
  element.matches("output") ? null : (KINDS[element.dataset.kind] ?? KINDS.text)(element);

/** The day of this century that a number of an MSE act begins with: `act_number.arrived_on`. */
const readArrival = (element, number) => {
  if (element.dataset.kind !== "act-number") return [];
  const [first, second, third] = (number ?? "").match(/^(..)(..)(....)/)?.slice(1) ?? [];
  const days = [`${first}${second}-${third?.slice(0, 2)}-${third?.slice(2)}`, `${third}-${second}-${first}`];
  const found = days.filter((day) => day.startsWith("20")).map(readDay).find(Boolean);
  return [[`${element.dataset.answer}.arrived_on`, found ?? null]];
};

/** The figures of the item that is chosen in a list: `device.years`; what it lacks is nothing. */
const readFigures = ({ dataset }, chosen) => {
  if (!dataset.figures) return [];
  const figures = JSON.parse(dataset.figures);
  const names = new Set(Object.values(figures).flatMap(Object.keys));
  return [...names].map((name) => {
    const figure = figures[chosen]?.[name];
    return [`${dataset.answer}.${name}`, figure === undefined ? null : Amount.read(figure)];
  });
};

const readAll = (scope) =>
  Object.fromEntries(
    ownAnswers(scope).flatMap((element) => {
      const value = readOne(element);
      const inside = [...readFigures(element, value), ...readArrival(element, value)];
      return [[element.dataset.answer, value], ...inside];
    }),
  );

const orNull = (values) => (Object.values(values).some((value) => value !== null) ? values : null);

const readParts = (element) => orNull(readAll(element));

/** An answered row of the form's own rows says which it is; other rows have no name. */
export const withRow = (values, { dataset: { row } }) => (values && row ? { ...values, row } : values);

const readRows = (element) =>
  [...element.querySelectorAll("[data-row]")].map((row) => withRow(orNull(readAll(row)), row));

/** What an expression of the specification may name: answers, their parts, columns, today. */
export const readAnswers = (form) => ({
  ...readAll(form),
  today: new Day(form.dataset.today),
  [WORKING_DAYS]: new WorkingDays(JSON.parse(form.dataset.workingDays)),
});

export const rowAnswers = (row) => readAll(row);

/** Answers with `item.part` and `table.column` beside them. */
export const withPaths = (answers) => {
  const scope = { ...answers };
  for (const [name, value] of Object.entries(answers)) {
    if (Array.isArray(value) && value.every((row) => row && typeof row === "object")) {
      const columns = new Set(value.flatMap((row) => Object.keys(row)));
      for (const column of columns) {
        scope[`${name}.${column}`] = value.map((row) => row[column] ?? null);
      }
    } else if (value && value.constructor === Object) {
      for (const [part, found] of Object.entries(value)) scope[`${name}.${part}`] = found;
    }
  }
  return scope;
};
