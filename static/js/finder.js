// Narrows the list of forms while one types, by the words of forms_server/web/finding.py. Enter or ↓
// in the box goes to the first form found, ↓ and ↑ go from form to form, Enter there starts it.

const WORD = /\p{L}+|\d+/gu;

const wordsOf = (text) =>
  [...text.toLowerCase().replaceAll("ё", "е").matchAll(WORD)].map(([word]) =>
    /^\d/.test(word) ? word.replace(/^0+(?=\d)/, "") : word,
  );

const answers = (asked, word) => (/^\d/.test(asked) ? word === asked : word.startsWith(asked));

const isFound = (search, words) =>
  search.every((asked) => words.some((word) => answers(asked, word)));

const box = document.querySelector("[data-finder] input");
const status = document.querySelector("[data-found]");
const entries = [...document.querySelectorAll("[data-words]")];

const tell = (count) => {
  const words = count ? `${status.dataset.found} ${count}` : status.dataset.none;
  status.textContent = box.value.trim() ? words : "";
};

const narrow = () => {
  const search = wordsOf(box.value);
  for (const entry of entries) entry.hidden = !isFound(search, entry.dataset.words.split(" "));
  for (const group of document.querySelectorAll("[data-group]")) {
    group.hidden = !group.querySelector("[data-words]:not([hidden])");
  }
  const isSearching = box.value.trim() !== "";
  for (const aside of document.querySelectorAll("[data-aside]")) aside.hidden = isSearching;
  tell(entries.filter((entry) => !entry.hidden).length);
};

/** The buttons that start a form, as they stand on the page; the box goes before them. */
const stops = () => [
  box,
  ...[...document.querySelectorAll(".record-action button")].filter(
    (button) => !button.closest("[hidden]"),
  ),
];

const STEPS = { ArrowDown: 1, ArrowUp: -1 };

const onKey = (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
  const places = stops();
  const here = places.indexOf(event.target);
  const step = event.key === "Enter" && event.target === box ? 1 : STEPS[event.key];
  if (here < 0 || !step) return;
  event.preventDefault();
  places[here + step]?.focus();
};

box.addEventListener("input", narrow);
document.addEventListener("keydown", onKey);
// Going back to the page, the browser puts the search into the box again without a word of it.
window.addEventListener("pageshow", narrow);
