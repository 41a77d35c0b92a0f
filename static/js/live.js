// While the clerk types: computed values follow, conditional questions come and go. As on the server
// (fields/answers.py) what is not shown is no answer, and what was computed from it is worked out anew.

import { ownAnswers, readAnswers, rowAnswers, withPaths, withRow } from "./answers.js";
import { evaluate, holds } from "./expressions.js";
import { Amount, Day, isTrue } from "./values.js";

const NO_BREAK = "\u00a0";

const showAmount = (amount) => {
  const [whole, fraction] = amount.toString().split(".");
  const grouped = whole.replaceAll(/\B(?=(\d{3})+(?!\d))/g, NO_BREAK);
  return fraction ? `${grouped},${fraction}` : grouped;
};

const showDay = (day, type) => {
  const [year, month, date] = day.iso.split("-");
  return type === "month" ? `${month}.${year}` : `${date}.${month}.${year}`;
};

const settle = (value, output) => {
  if (!(value instanceof Amount)) return value;
  const { places = 0, leastPlaces = 0 } = output.dataset;
  return value.settled(Number(places)).trimmed(Number(leastPlaces));
};

/** A computed value as the page shows it; a choice by its text. */
const show = (value, { dataset: { type, texts } }) => {
  if (value === null) return "";
  if (texts) return JSON.parse(texts)[String(value)] ?? "";
  if (value instanceof Amount) return type === "year" ? String(value) : showAmount(value);
  return value instanceof Day ? showDay(value, type) : String(value);
};

const compute = (output, scope) => {
  const value = settle(evaluate(JSON.parse(output.dataset.computed), scope), output);
  const text = show(value, output);
  if (output.value !== text) output.value = text;
  return value;
};

const computedIn = (scope) => ownAnswers(scope).filter((element) => element.matches("output"));

const isAnswered = (value) => value instanceof Amount || value === false || isTrue(value);

/** Takes an answer away, with its parts and figures; tells whether there was one. */
const drop = (values, name) => {
  const was = isAnswered(values[name] ?? null);
  for (const key of Object.keys(values)) {
    if (key === name || key.startsWith(`${name}.`)) values[key] = null;
  }
  return was;
};

/** What stands on the page at one moment. */
class Page {
  constructor(form) {
    this.form = form;
    this.answers = readAnswers(form);
    this.rows = new Map();
    this.tables = ownAnswers(form).filter((element) => element.dataset.kind === "rows");
    for (const row of this.tables.flatMap((table) => [...table.querySelectorAll("[data-row]")])) {
      const values = rowAnswers(row);
      const isEmpty = Object.values(values).every((value) => value === null);
      this.rows.set(row, { values, isEmpty });
    }
    this.tables.forEach((table) => this.take(table));
  }

  /** Puts a table's rows, as they stand, among the answers. */
  take(table) {
    const rows = [...table.querySelectorAll("[data-row]")];
    this.answers[table.dataset.answer] = rows
      .filter((row) => this.rows.get(row)?.isEmpty === false)
      .map((row) => withRow(this.rows.get(row).values, row));
  }

  compute() {
    const scope = withPaths(this.answers);
    for (const [row, { values }] of this.rows) {
      for (const output of computedIn(row)) {
        values[output.dataset.answer] = compute(output, { ...scope, ...withPaths(values) });
      }
    }
    this.tables.forEach((table) => this.take(table));
    for (const output of computedIn(this.form)) {
      this.answers[output.dataset.answer] = compute(output, withPaths(this.answers));
    }
  }

  /** Every question with a condition, and whether that holds. */
  *conditions() {
    const scope = withPaths(this.answers);
    for (const element of this.form.querySelectorAll("[data-shown-if]")) {
      const row = this.rows.get(element.closest("[data-row]"));
      const names = row ? { ...scope, ...withPaths(row.values) } : scope;
      yield { element, row, isShown: holds(JSON.parse(element.dataset.shownIf), names) };
    }
  }

  /** Takes away what is not shown; tells whether others may depend on what was taken. */
  dropHidden() {
    let dropped = false;
    for (const { element, row, isShown } of [...this.conditions()]) {
      if (isShown) continue;
      const selector = "[data-answer]";
      const answer = element.matches(selector) ? element : element.querySelector(selector);
      const was = drop(row?.values ?? this.answers, answer.dataset.answer);
      dropped ||= was && !answer.matches("output");
      for (const inside of answer.querySelectorAll("[data-row]")) this.rows.delete(inside);
    }
    return dropped;
  }

  reveal() {
    for (const { element, isShown } of this.conditions()) {
      const isWrong = element.querySelector("[aria-invalid=true], [data-invalid]") !== null;
      element.hidden = !isWrong && !isShown;
      const condition = element.querySelector(":scope > .condition");
      if (condition) condition.hidden = isShown;
    }
  }
}

const follow = (form) => {
  const page = new Page(form);
  page.compute();
  while (page.dropHidden()) page.compute();
  page.reveal();
};

for (const form of document.querySelectorAll("[data-filling]")) {
  for (const event of ["input", "change", "rows"]) {
    form.addEventListener(event, () => follow(form));
  }
  follow(form);
}
