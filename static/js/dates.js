// Writes a date as 02.05.2025 when the clerk leaves the field, whatever way it was typed.

import { readDay } from "./answers.js";

const tidy = (input) => {
  const day = readDay(input.value);
  const text = day?.iso.split("-").reverse().join(".");
  if (text && text !== input.value) {
    input.value = text;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
};

document.addEventListener("focusout", (event) => {
  const answer = event.target.closest?.("[data-kind=date]");
  if (answer && event.target.matches("input")) tidy(event.target);
});
