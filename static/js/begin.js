// A form just begun opens at its first question; coming back to it later, one sees it from the top.

const form = document.querySelector("[data-begun]");

if (form) {
  const inputs = [...form.querySelectorAll(".form-section :is(input, select, textarea)")];
  const open = inputs.filter((input) => input.checkVisibility());
  (open.find((input) => input.type !== "radio" || input.checked) ?? open[0])?.focus();
  history.replaceState(null, "", location.pathname);
}
