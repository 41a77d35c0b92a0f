// Asks the browser to keep the check of a seal for when there is no network.
// A browser that cannot or will not keeps nothing, and the pages work as before.

const worker = document.querySelector("script[data-worker]")?.dataset.worker;
if (worker && "serviceWorker" in navigator) {
  navigator.serviceWorker.register(worker, { scope: "/v/" }).catch(() => undefined);
}
