// Checks the seal that a QR carries after "#", with no help from the server. What it vouches for is
// compared with the record that the page shows; where there is no network, with the kept status list.

import { isSealedBy, parseSeal } from "./cose-seal.js";
import { NOTHING, loadKept, refresh } from "./kept.js";
import { doubtOf, statusOf } from "./status-list.js";

const ALIVE = "/health";
const SHELL = "/v/offline";
const BETWEEN_TRIES = 5_000;
const MINUTE = 60_000, HOUR = 3_600_000, DAY = 86_400_000;
const DOUBTFUL = new Set(["differs", "altered", "unknown-key"]);
const CODES = { agrees: "valid", "in-force": "valid", differs: "altered", "no-record": "unknown-here" };
const WITHOUT_CODE = new Set(["checking", "missing", "unavailable"]);

/** One word for the seal; `record` is what the page knows, `kept` the keys and the list. */
export async function judgeSeal(text, record, kept) {
  if (!text) return { answer: "missing" };
  const seal = parseSeal(text);
  if (!seal) return { answer: "unreadable" };
  if (!kept.keys) return { answer: "unavailable" };
  const key = kept.keys.find((published) => published.kid === seal.kid);
  if (!key) return { answer: "unknown-key" };
  try {
    if (!(await isSealedBy(seal, key))) return { answer: "altered" };
  } catch {
    return { answer: "unavailable" };
  }
  return { ...compare(seal.said, record, kept.list), said: seal.said };
}

function compare(said, record, list) {
  if (record.state === "offline") return judgeStatus(said, list);
  if (record.state !== "known") return { answer: "no-record" };
  const same =
    said.number === record.number && said.form === record.form && said.sha256 === record.sha256;
  return { answer: same ? record.withdrawn || "agrees" : "differs" };
}

/** Who is on the list stays annulled however old the list; who is not may have been annulled since. */
function judgeStatus(said, list) {
  if (!list) return { answer: "list-too-old", doubt: "none" };
  const status = statusOf(list, said.sha256);
  const doubt = doubtOf(list, Date.now());
  if (status) return { answer: status, doubt };
  return { answer: doubt ? "list-too-old" : "in-force", doubt };
}

function showAnswer(panel, { answer, said, doubt }) {
  for (const part of panel.querySelectorAll("[data-when]")) {
    part.hidden = part.dataset.when !== answer;
  }
  for (const words of panel.querySelectorAll("[data-doubted]")) {
    words.hidden = words.dataset.doubted !== doubt;
  }
  panel.dataset.answer = answer;
  panel.hidden = false;
  showCode(panel, CODES[answer] ?? answer, WITHOUT_CODE.has(answer));
  const list = panel.querySelector("[data-seal-facts]");
  list.hidden = !said || answer === "agrees";
  if (said) showFacts(list, said);
  putFirst(panel.closest("[data-record]"), DOUBTFUL.has(answer));
}

function showCode(panel, code, isNone) {
  const place = panel.querySelector("[data-seal-code]");
  place.textContent = code;
  place.parentElement.hidden = isNone;
}

/** A paper that fails must not stand under "valid": its answer comes first, in the verdict's place. */
function putFirst(place, isDoubtful) {
  const verdict = document.querySelector("[data-verdict]");
  if (!verdict) return;
  verdict.hidden = isDoubtful;
  for (const words of document.querySelectorAll("[data-doubt]")) words.hidden = !isDoubtful;
  if (isDoubtful) verdict.before(place);
}

function showFacts(list, said) {
  const title = document.querySelector(`[data-form-titles] [data-form="${CSS.escape(said.form)}"]`);
  const facts = { ...said, form: title?.textContent ?? said.form, day: showDay(said.days) };
  for (const place of list.querySelectorAll("[data-seal-fact]")) {
    const text = facts[place.dataset.sealFact];
    place.textContent = text;
    place.parentElement.hidden = text === "";
    if (place.dataset.sealFact === "form" && title?.lang) place.lang = title.lang;
  }
}

function showDay(days) {
  const [year, month, day] = new Date(days * DAY).toISOString().slice(0, 10).split("-");
  return `${day}.${month}.${year}`;
}

/** When the kept list was made, by the phone's own clock and zone, and how long ago that is. */
function showAge(list) {
  const place = document.querySelector("[data-list-age]");
  if (!place) return;
  place.hidden = !list;
  if (!list) return;
  const two = (number) => String(number).padStart(2, "0");
  const made = new Date(list.issuedAt);
  const day = `${two(made.getDate())}.${two(made.getMonth() + 1)}.${made.getFullYear()}`;
  const moment = `${day} ${two(made.getHours())}:${two(made.getMinutes())}`;
  place.querySelector("[data-list-moment]").textContent = moment;
  place.querySelector("[data-list-ago]").textContent = wordAge(Date.now() - list.issuedAt);
}

/** "3 hours ago"; nothing for what is yet to come. */
function wordAge(age) {
  if (age < 0) return "";
  if (age < HOUR) return word("minute", Math.max(1, Math.floor(age / MINUTE)));
  return age < 2 * DAY ? word("hour", Math.floor(age / HOUR)) : word("day", Math.floor(age / DAY));
}

/** The page brings each unit's words for 1, 21, 2 and 5: all the forms that its language has. */
function word(unit, count) {
  const sample = sampleOf(count);
  const words = document.querySelector(`[data-age="${unit}-${sample}"]`)?.textContent ?? "";
  return words.replace(String(sample), String(count));
}

function sampleOf(count) {
  if (count === 1) return 1;
  const [tens, ones] = [Math.floor(count / 10) % 10, count % 10];
  if (tens === 1 || ones === 0 || ones > 4) return 5;
  return ones === 1 ? 21 : 2;
}

/** A change of language and the form for the IIN lead to this page again: the seal goes along. */
function keepSeal() {
  for (const link of document.querySelectorAll("a[data-language]")) link.hash = location.hash;
  for (const form of document.querySelectorAll("form[data-keep-seal]")) {
    form.action = form.getAttribute("action") + location.hash;
  }
}

async function start() {
  const place = document.querySelector("[data-record]");
  const panel = place?.querySelector("[data-seal]");
  if (!panel) return;
  const text = location.hash.slice(1);
  const record = { ...place.dataset, state: place.dataset.record };
  if (!text && record.state !== "offline") return;
  keepSeal();
  const show = async (known) => {
    const found = await judgeSeal(text, record, known);
    showAge(known.list);
    showAnswer(panel, found);
  };
  const kept = await loadKept().catch(() => NOTHING);
  if (record.state === "offline" && kept.keys) await show(kept);
  else showAnswer(panel, { answer: "checking" });
  const fresh = navigator.onLine ? await refresh().catch(() => null) : null;
  if (fresh || panel.dataset.answer === "checking") await show(fresh ?? kept);
}

/** The page that stands in for a silent server gives way as soon as the server answers again. */
function watchForNetwork() {
  const button = document.querySelector("[data-reload]");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => location.reload());
  addEventListener("online", () => (location.pathname === SHELL ? start() : reloadIfAnswered()));
  setInterval(reloadIfAnswered, BETWEEN_TRIES);
}

async function reloadIfAnswered() {
  if (!navigator.onLine || location.pathname === SHELL) return;
  const answered = await fetch(ALIVE, { cache: "no-store" }).then((answer) => answer.ok, () => false);
  if (answered) location.reload();
}

addEventListener("hashchange", start);
watchForNetwork();
await start();
