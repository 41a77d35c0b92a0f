// While the clerk types: computed values follow, conditional questions come and go.

import { ownAnswers, readAnswers, rowAnswers, withPaths, withRow } from "./answers.js";
import { evaluate, holds } from "./expressions.js";
import { Amount, Day } from "./values.js";

const NO_BREAK = "\u00a0";

const showAmount = (amount) => {
  const [whole, fraction] = amount.toString().split(".");
  const grouped = whole.replaceAll(/\B(?=(\d{3})+(?!\d))/g, NO_BREAK);
  return fraction ? `${grouped},${fraction}` : grouped;
};

const settle = (value, output) => {
  if (!(value instanceof Amount)) return value;
  const { places = 0, leastPlaces = 0 } = output.dataset;
  return value.settled(Number(places)).trimmed(Number(leastPlaces));
};

const show = (value) => {
  if (value === null) return "";
  if (value instanceof Amount) return showAmount(value);
  if (value instanceof Day) return value.iso.split("-").reverse().join(".");
  return String(value);
};

const compute = (output, scope) => {
  const value = settle(evaluate(JSON.parse(output.dataset.computed), scope), output);
  const text = show(value);
  if (output.value !== text) output.value = text;
  return value;
};

const computedIn = (scope) => ownAnswers(scope).filter((element) => element.matches("output"));

const computeRow = (row, answers) => {
  const values = rowAnswers(row);
  const isEmpty = Object.values(values).every((value) => value === null);
  for (const output of computedIn(row)) {
    values[output.dataset.answer] = compute(output, { ...answers, ...withPaths(values) });
  }
  return isEmpty ? null : withRow(values, row);
};

const computeTables = (form, answers) => {
  const scope = withPaths(answers);
  for (const table of ownAnswers(form).filter((element) => element.dataset.kind === "rows")) {
    const rows = [...table.querySelectorAll("[data-row]")].map((row) => computeRow(row, scope));
    answers[table.dataset.answer] = rows.filter(Boolean);
  }
};

const computeFields = (form, answers) => {
  for (const output of computedIn(form)) {
    answers[output.dataset.answer] = compute(output, withPaths(answers));
  }
};

const reveal = (form, answers) => {
  const scope = withPaths(answers);
  for (const item of form.querySelectorAll("[data-shown-if]")) {
    const isWrong = item.querySelector("[aria-invalid=true], [data-invalid]") !== null;
    item.hidden = !isWrong && !holds(JSON.parse(item.dataset.shownIf), scope);
  }
};

const follow = (form) => {
  const answers = readAnswers(form);
  computeTables(form, answers);
  computeFields(form, answers);
  reveal(form, answers);
};

for (const form of document.querySelectorAll("[data-filling]")) {
  for (const event of ["input", "change", "rows"]) {
    form.addEventListener(event, () => follow(form));
  }
  follow(form);
}
