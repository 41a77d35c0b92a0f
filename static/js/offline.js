// Asks the browser to keep the check of a seal for when there is no network, and offers to install it.
// A browser that cannot or will not keeps nothing, and the pages work as before.

const LIST_SYNC = "status-list";
const EVERY = 12 * 3600_000;

const worker = document.querySelector("script[data-worker]")?.dataset.worker;
const offer = document.querySelector("[data-install]");

async function keep() {
  await navigator.serviceWorker.register(worker, { scope: "/v/", type: "module" });
  const registration = await navigator.serviceWorker.getRegistration("/v/");
  await registration.periodicSync?.register(LIST_SYNC, { minInterval: EVERY });
}

if (worker && "serviceWorker" in navigator) keep().catch(() => undefined);

addEventListener("beforeinstallprompt", (event) => {
  if (!offer) return;
  event.preventDefault();
  offer.hidden = false;
  offer.querySelector("button").onclick = () => event.prompt();
});
addEventListener("appinstalled", () => offer && (offer.hidden = true));
