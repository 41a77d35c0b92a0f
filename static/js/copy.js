// A button beside an address copies it; without the clipboard of a secure page it selects the text.

for (const button of document.querySelectorAll("[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  button.hidden = false;
  source.addEventListener("focus", () => source.select());
  button.addEventListener("click", async () => {
    source.select();
    if (!navigator.clipboard) return;
    await navigator.clipboard.writeText(source.value);
    button.textContent = button.dataset.copied;
  });
}
