// Saves the draft a moment after typing stops, and says so quietly; the answers go nowhere else.

const PAUSE = 1500;
const AGAIN = 10_000;
const LONGEST_WAIT = 2000;

const time = (moment) =>
  `${String(moment.getHours()).padStart(2, "0")}:${String(moment.getMinutes()).padStart(2, "0")}`;

const watch = (form, status) => {
  let timer = 0;
  let isChanged = false;
  let sending = null;
  let isLeaving = false;

  const say = (word, more = "") => {
    const words = `${status.dataset[word] ?? ""}${more ? ` ${more}` : ""}`;
    if (status.textContent !== words) status.textContent = words;
    status.classList.toggle("is-bad", word !== "saved");
  };

  const later = (pause) => {
    clearTimeout(timer);
    timer = setTimeout(send, pause);
  };

  const accept = async (response) => {
    const answer = await response.json();
    if (answer.stale) say("stale");
    else {
      form.elements.seen.value = answer.seen;
      say("saved", time(new Date()));
    }
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
    // What is under way is about to change what the server has seen: that is no other window.
    if (sending) body.delete("seen");
    return fetch(form.getAttribute("action"), {
      method: "POST", body, keepalive, headers: { Accept: "application/json" },
    });
  };

  const attempt = async () => {
    try {
      await settle(await post(false));
      return isChanged ? PAUSE : 0;
    } catch {
      isChanged = true;
      if (!isLeaving) say("failed");
      return AGAIN;
    }
  };

  const send = async () => {
    if (sending || !isChanged || isLeaving) return;
    isChanged = false;
    const attempted = attempt();
    sending = attempted;
    const pause = await attempted;
    sending = null;
    if (pause) later(pause);
  };

  // A button waits for what is under way, so that the two come to the server in their order.
  const submit = async (button) => {
    const patience = new Promise((resolve) => { setTimeout(resolve, LONGEST_WAIT); });
    await Promise.race([sending, patience]);
    sending = null;
    form.requestSubmit(button);
  };

  const change = () => {
    isChanged = true;
    later(PAUSE);
  };

  for (const event of ["input", "change", "rows"]) form.addEventListener(event, change);
  form.addEventListener("submit", (event) => {
    isLeaving = true;
    clearTimeout(timer);
    if (!sending) return;
    event.preventDefault();
    submit(event.submitter);
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
