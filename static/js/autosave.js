// Saves the draft a moment after typing stops, and says so quietly; the answers go nowhere else.

const PAUSE = 1500;
const AGAIN = 10_000;

const time = (moment) =>
  `${String(moment.getHours()).padStart(2, "0")}:${String(moment.getMinutes()).padStart(2, "0")}`;

const watch = (form, status) => {
  let timer = 0;
  let isChanged = false;
  let isSending = false;
  let isLeaving = false;

  const say = (word, more = "") => {
    const words = `${status.dataset[word] ?? ""}${more ? ` ${more}` : ""}`;
    if (status.textContent !== words) status.textContent = words;
    status.classList.toggle("is-bad", word === "failed" || word === "signedout");
  };

  const later = (pause) => {
    clearTimeout(timer);
    timer = setTimeout(send, pause);
  };

  const accept = async (response) => {
    const answer = await response.json();
    form.elements.seen.value = answer.seen;
    if (answer.stale) say("stale");
    else say("saved", time(new Date()));
  };

  const settle = async (response) => {
    const isOurs = response.headers.get("content-type")?.startsWith("application/json");
    if (response.ok && isOurs) await accept(response);
    else if (response.redirected || [400, 401, 403].includes(response.status)) say("signedout");
    else throw new Error(String(response.status));
  };

  const post = (keepalive) => {
    const body = new URLSearchParams(new FormData(form));
    body.set("action", "save");
    return fetch(form.getAttribute("action"), {
      method: "POST", body, keepalive, headers: { Accept: "application/json" },
    });
  };

  const send = async () => {
    if (isSending || !isChanged || isLeaving) return;
    isSending = true;
    isChanged = false;
    try {
      await settle(await post(false));
    } catch {
      isChanged = true;
      if (!isLeaving) say("failed");
      later(AGAIN);
    } finally {
      isSending = false;
      if (isChanged) later(PAUSE);
    }
  };

  const change = () => {
    isChanged = true;
    later(PAUSE);
  };

  for (const event of ["input", "change", "rows"]) form.addEventListener(event, change);
  form.addEventListener("submit", () => {
    isLeaving = true;
    clearTimeout(timer);
  });
  window.addEventListener("pageshow", () => {
    isLeaving = false;
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && isChanged && !isLeaving) {
      isChanged = false;
      post(true).catch(() => { isChanged = true; });
    }
  });
};

const form = document.querySelector("[data-filling]");
const status = document.querySelector("[data-autosave]");
if (form && status) watch(form, status);
