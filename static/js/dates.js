// Writes a date as 02.05.2025, and a month as 05.2025, when the clerk leaves the field, whatever way it
// was typed.

import { readDay, readMonth } from "./answers.js";

const WAYS = { date: [readDay, 0], month: [readMonth, 1] };

const tidy = (input, [read, left]) => {
  const parts = read(input.value)?.iso.split("-").reverse();
  const text = parts?.slice(left).join(".");
  if (text && text !== input.value) {
    input.value = text;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
};

document.addEventListener("focusout", (event) => {
  const way = WAYS[event.target.closest?.("[data-kind]")?.dataset.kind];
  if (way && event.target.matches("input")) tidy(event.target, way);
});
