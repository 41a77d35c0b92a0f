// Adds and removes rows of a table in place; without this module the server does the same.

const TOKEN_ATTRIBUTES = ["id", "for", "name", "value", "aria-describedby", "aria-labelledby"];

const rowsOf = (table) => [...table.querySelectorAll("[data-row]")];

const rename = (element, name, index) => {
  const pattern = new RegExp(`(^|[ -])${name}-\\d+(?=-|$)`, "g");
  for (const attribute of TOKEN_ATTRIBUTES) {
    const isAnswer = attribute === "value" && element.tagName !== "BUTTON";
    if (isAnswer || !element.hasAttribute(attribute)) continue;
    const text = element.getAttribute(attribute);
    element.setAttribute(attribute, text.replace(pattern, `$1${name}-${index}`));
  }
};

const numberRow = (row, name, index) => {
  rename(row, name, index);
  row.querySelectorAll("*").forEach((element) => rename(element, name, index));
  row.querySelectorAll("[data-row-number]").forEach((element) => {
    element.textContent = String(index + 1);
  });
};

const refresh = (table) => {
  const rows = rowsOf(table);
  // Renumber downwards from the end when rows grow, upwards when they shrink: radio groups of two
  // rows must never share a name on the way, or the browser would clear one of them.
  rows.forEach((row, index) => numberRow(row, table.dataset.answer, index + 100_000));
  rows.forEach((row, index) => numberRow(row, table.dataset.answer, index));
  const add = table.querySelector("[data-add-row]");
  if (add) add.disabled = rows.length >= Number(table.dataset.maximum);
  table.dispatchEvent(new Event("rows", { bubbles: true }));
};

const say = (table, words) => {
  const status = table.querySelector("[data-rows-status]");
  if (status) status.textContent = words;
};

const focusFirst = (row) => {
  row?.querySelector("input:not([type=hidden]), select, textarea")?.focus();
};

const addRow = (table) => {
  const template = table.querySelector("template[data-row-template]");
  const body = table.querySelector("[data-rows]");
  body.append(template.content.cloneNode(true));
  refresh(table);
  say(table, `${table.dataset.added} ${rowsOf(table).length}`);
  focusFirst(rowsOf(table).at(-1));
};

const removeRow = (table, row) => {
  const index = rowsOf(table).indexOf(row);
  row.remove();
  if (rowsOf(table).length === 0) {
    table.querySelector("[data-rows]").append(
      table.querySelector("template[data-row-template]").content.cloneNode(true),
    );
  }
  refresh(table);
  say(table, `${table.dataset.removed} ${index + 1}`);
  focusFirst(rowsOf(table)[Math.min(index, rowsOf(table).length - 1)]);
};

const onClick = (table, event) => {
  const button = event.target.closest("[data-add-row], [data-remove-row]");
  if (!button || !table.contains(button)) return;
  event.preventDefault();
  if (button.matches("[data-add-row]")) addRow(table);
  else removeRow(table, button.closest("[data-row]"));
};

for (const table of document.querySelectorAll("[data-kind=rows]")) {
  if (table.querySelector("template[data-row-template]")) {
    table.addEventListener("click", (event) => onClick(table, event));
  }
}
