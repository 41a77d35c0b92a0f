// Keys for hands on the keyboard: Alt+Shift+letter by its place, so that the Kazakh and Russian
// layouts need no switching. The accesskey attribute, which goes by the letter, then steps back.

const codes = new Map();

/** An input, or the first of several buttons, is gone to; anything else is pressed. */
const reach = (element) => {
  if (!element.matches("input, [data-focus]")) return element.click();
  element.focus();
  element.select?.();
};

for (const element of document.querySelectorAll("[accesskey]")) {
  const key = element.getAttribute("accesskey").toUpperCase();
  codes.set(`Key${key}`, () => reach(element));
  element.setAttribute("aria-keyshortcuts", `Alt+Shift+${key}`);
  element.removeAttribute("accesskey");
}

const follows = (element, other) =>
  Boolean(other.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING);

const nextError = () => {
  const wrong = [...document.querySelectorAll("main [aria-invalid=true], [data-invalid]")].filter(
    (element) => element.type !== "radio" || element === firstOfGroup(element),
  );
  const here = document.activeElement ?? document.body;
  const after = wrong.filter((element) => element !== here && follows(element, here));
  (after[0] ?? wrong[0])?.focus();
};

const firstOfGroup = (radio) => radio.form?.querySelector(`[name="${CSS.escape(radio.name)}"]`);

if (document.querySelector("[data-filling]")) codes.set("KeyE", nextError);

document.addEventListener("keydown", (event) => {
  const act = event.altKey && event.shiftKey && !event.ctrlKey ? codes.get(event.code) : null;
  if (!act) return;
  event.preventDefault();
  act();
});
