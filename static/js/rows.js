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

/** Radio groups of two rows must never share a name on the way: the browser would clear one. */
const renumber = (table) => {
  const rows = rowsOf(table);
  rows.forEach((row, index) => numberRow(row, table.dataset.answer, index + 100_000));
  rows.forEach((row, index) => numberRow(row, table.dataset.answer, index));
};

const settle = (table) => {
  const rows = rowsOf(table);
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

/** The new row has its number before it is on the page; a journal's other rows are left alone. */
const append = (table) => {
  const fresh = table.querySelector("template[data-row-template]").content.cloneNode(true);
  numberRow(fresh.querySelector("[data-row]"), table.dataset.answer, rowsOf(table).length);
  table.querySelector("[data-rows]").append(fresh);
};

const addRow = (table) => {
  append(table);
  settle(table);
  say(table, `${table.dataset.added} ${rowsOf(table).length}`);
  focusFirst(rowsOf(table).at(-1));
};

const removeRow = (table, row) => {
  const index = rowsOf(table).indexOf(row);
  row.remove();
  if (rowsOf(table).length === 0) append(table);
  renumber(table);
  settle(table);
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
