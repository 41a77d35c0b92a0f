// Checks the seal that a QR carries after "#", with no help from the server: a compact JWS (RFC 7515)
// by ES256 over [form, edition, number, days, office, name, hash], keys from /.well-known/jwks.json.
// What it vouches for is compared with the record that the page shows; offline there is no record.

const KEYS = "/.well-known/jwks.json";
const ALIVE = "/health";
const SHELL = "/v/offline";
const BETWEEN_TRIES = 5_000;
const HEADER = '{"alg":"ES256"}';
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };
const DAY = 86_400_000;
const DOUBTFUL = new Set(["differs", "altered"]);

/** The bytes of a base64url text without padding; throws on anything else. */
function fromBase64url(text) {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) throw new SyntaxError("not base64url");
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}

function toHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The seal's parts: what was signed, the signature and the payload; null if it is no seal of ours. */
export function parseSeal(text) {
  try {
    const [head, body, signature, ...rest] = text.split(".");
    const words = new TextDecoder("utf-8", { fatal: true });
    if (rest.length || words.decode(fromBase64url(head)) !== HEADER) return null;
    const payload = JSON.parse(words.decode(fromBase64url(body)));
    const bytes = fromBase64url(signature);
    if (!Array.isArray(payload) || payload.length !== 7 || bytes.length !== 64) return null;
    const [form, edition, number, days, office, name, hash] = payload;
    const said = { form, edition, number, days, office, name, sha256: toHex(fromBase64url(hash)) };
    return { signed: new TextEncoder().encode(`${head}.${body}`), signature: bytes, said };
  } catch {
    return null;
  }
}

/** Whether one of the keys (of a JWK set) made the seal. */
export async function isSealedByOneOf(seal, keys) {
  for (const jwk of keys) {
    if (jwk.kty !== "EC" || jwk.crv !== "P-256") continue;
    const { kty, crv, x, y } = jwk;
    const key = await crypto.subtle.importKey("jwk", { kty, crv, x, y }, ALGORITHM, false, ["verify"]);
    const how = { name: "ECDSA", hash: "SHA-256" };
    if (await crypto.subtle.verify(how, key, seal.signature, seal.signed)) return true;
  }
  return false;
}

/** One word for the seal; `record` is what the page knows: its state, and of a known one its data. */
export async function judgeSeal(text, record, loadKeys) {
  if (!text) return { answer: "missing" };
  const seal = parseSeal(text);
  if (!seal) return { answer: "unreadable" };
  let keys;
  try {
    keys = await loadKeys();
    if (!(await isSealedByOneOf(seal, keys))) return { answer: "altered" };
  } catch {
    return { answer: "unavailable" };
  }
  return { answer: compare(seal.said, record), said: seal.said };
}

function compare(said, record) {
  if (record.state === "offline") return "genuine";
  if (record.state !== "known") return "no-record";
  const same =
    said.number === record.number && said.form === record.form && said.sha256 === record.sha256;
  return same ? "agrees" : "differs";
}

async function loadKeys() {
  const answer = await fetch(KEYS, { credentials: "omit" });
  if (!answer.ok) throw new Error(`keys: ${answer.status}`);
  return (await answer.json()).keys;
}

function showDay(days) {
  const [year, month, day] = new Date(days * DAY).toISOString().slice(0, 10).split("-");
  return `${day}.${month}.${year}`;
}

function showAnswer(panel, { answer, said }) {
  for (const part of panel.querySelectorAll("[data-when]")) {
    part.hidden = part.dataset.when !== answer;
  }
  panel.dataset.answer = answer;
  panel.hidden = false;
  const list = panel.querySelector("[data-seal-facts]");
  list.hidden = !said || answer === "agrees";
  if (said) showFacts(list, said);
  putFirst(panel.closest("[data-record]"), DOUBTFUL.has(answer));
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
  showAnswer(panel, { answer: "checking" });
  showAnswer(panel, await judgeSeal(text, record, loadKeys));
}

/** The page that stands in for a silent server gives way as soon as the server answers again. */
function watchForNetwork() {
  const button = document.querySelector("[data-reload]");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => location.reload());
  addEventListener("online", reloadIfAnswered);
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
