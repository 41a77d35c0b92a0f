// Keeps the page that checks a seal, with its files and the public keys, so that a phone which has
// visited once answers without a network. No page of a document is ever kept: only the empty one.

const KEPT = "verification-1";
const LANGUAGES = ["kk", "ru", "en"];
const KEYS = "/.well-known/jwks.json";
const LANGUAGE = "/v/kept-language";
const RENEWED = "/v/kept-at";
const PATIENCE = 8_000;
const FRESH = 86_400_000;

const shellOf = (language) => `/v/offline?lang=${language}`;

/** A page of nobody's: fetched without cookies. */
async function fetchPlain(address) {
  const answer = await fetch(address, { credentials: "omit", cache: "no-cache" });
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer;
}

/** Fetch everything first, then keep it: a half-renewed page would find files missing. */
async function keepEverything() {
  const kept = new Map([[KEYS, await fetchPlain(KEYS)]]);
  for (const language of LANGUAGES) {
    const shell = await fetchPlain(shellOf(language));
    const page = await shell.clone().text();
    kept.set(shellOf(language), shell);
    for (const [, address] of page.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)) {
      if (!kept.has(address)) kept.set(address, await fetchPlain(address));
    }
  }
  const cache = await caches.open(KEPT);
  for (const old of await cache.keys()) await cache.delete(old);
  for (const [address, answer] of kept) await cache.put(address, answer);
  await cache.put(RENEWED, new Response(String(Date.now())));
}

async function renew(language) {
  const cache = await caches.open(KEPT);
  const at = await cache.match(RENEWED);
  if (!at || Date.now() - Number(await at.text()) > FRESH) await keepEverything().catch(() => undefined);
  if (LANGUAGES.includes(language)) await cache.put(LANGUAGE, new Response(language));
}

async function keptPage(request) {
  const cache = await caches.open(KEPT);
  const asked = new URL(request.url).searchParams.get("lang");
  const last = await cache.match(LANGUAGE);
  const language = LANGUAGES.includes(asked) ? asked : ((await last?.text()) ?? LANGUAGES[0]);
  if (LANGUAGES.includes(asked)) await cache.put(LANGUAGE, new Response(asked));
  return (await cache.match(shellOf(language))) ?? Response.error();
}

function inTime(promise) {
  const late = new Promise((_, refuse) => setTimeout(refuse, PATIENCE, new Error("no answer in time")));
  return Promise.race([promise, late]);
}

async function openPage(event) {
  try {
    const answer = await inTime(fetch(event.request));
    if (answer.status >= 502) throw new Error(`status ${answer.status}`);
    event.waitUntil(renew(answer.headers.get("Content-Language")));
    return answer;
  } catch {
    return keptPage(event.request);
  }
}

/** Files have fingerprints, so a kept one is the right one; keys are asked for first. */
async function openFile(request) {
  const cache = await caches.open(KEPT);
  const kept = await cache.match(request);
  const isKeys = new URL(request.url).pathname === KEYS;
  if (kept && !isKeys) return kept;
  try {
    const answer = await (kept ? inTime(fetch(request)) : fetch(request));
    if (isKeys && answer.ok) await cache.put(KEYS, answer.clone());
    return answer;
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}

addEventListener("install", (event) => event.waitUntil(keepEverything().then(() => skipWaiting())));
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const { pathname, origin } = new URL(request.url);
  if (origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(openPage(event));
  else if (pathname.startsWith("/static/") || pathname === KEYS) event.respondWith(openFile(request));
});
