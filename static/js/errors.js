// The error summary takes the focus, also where the browser does not honour autofocus; a link in
// it puts the focus into the field it names.

const summary = document.querySelector("[data-error-summary]");
if (summary) {
  summary.focus();
  summary.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    const target = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (!target) return;
    event.preventDefault();
    (target.labels?.[0] ?? target.closest("fieldset") ?? target).scrollIntoView({ block: "start" });
    target.focus({ preventScroll: true });
  });
}
