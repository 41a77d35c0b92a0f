// Keeps the page that checks a seal, with its files, the public keys and the status list, so that a
// phone which has visited once answers without a network. No page of a document is ever kept: only the
// empty one.

import { KEPT, fetchPlain, refresh } from "./kept.js";

const LANGUAGES = ["kk", "ru", "en"];
const LANGUAGE = "/v/kept-language";
const RENEWED = "/v/kept-at";
const LIST_SYNC = "status-list";
const PATIENCE = 8_000;
const FRESH = 86_400_000;
const OF_A_PAGE = /(?:href|src)="(\/static\/[^"]+|\/v\/manifest[^"]+)"/g;
const OF_A_MODULE = /from "(\.\/[^"]+\.js)"/g;

const shellOf = (language) => `/v/offline?lang=${language}`;

/** Fetch everything first, then keep it: a half-renewed page would find files missing. */
async function keepEverything() {
  const files = new Map();
  for (const language of LANGUAGES) await gather(files, shellOf(language));
  const cache = await caches.open(KEPT);
  const addresses = new Set([...files.keys()].map((address) => new URL(address, location).href));
  for (const [address, answer] of files) await cache.put(address, answer);
  for (const { url } of await cache.keys()) {
    if (new URL(url).pathname.startsWith("/static/") && !addresses.has(url)) await cache.delete(url);
  }
  await cache.put(RENEWED, new Response(String(Date.now())));
  for (const name of await caches.keys()) if (name !== KEPT) await caches.delete(name);
}

/** A file and the files that it names: a page's styles and modules, the modules that those import. */
async function gather(files, address) {
  if (files.has(address)) return;
  const answer = await fetchPlain(address);
  files.set(address, answer);
  const isModule = new URL(address, location).pathname.endsWith(".js");
  if (!isModule && !address.startsWith("/v/offline")) return;
  const text = await answer.clone().text();
  for (const [, named] of text.matchAll(isModule ? OF_A_MODULE : OF_A_PAGE)) {
    const { pathname, search } = new URL(named.replaceAll("&amp;", "&"), new URL(address, location));
    await gather(files, pathname + search);
  }
}

async function renew(language) {
  const cache = await caches.open(KEPT);
  const at = await cache.match(RENEWED);
  await refresh().catch(() => undefined);
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

/** A file with a fingerprint is the right one for ever; others are asked for first. */
async function openFile(request) {
  const cache = await caches.open(KEPT);
  const kept = await cache.match(request);
  if (kept && new URL(request.url).searchParams.has("v")) return kept;
  try {
    return await (kept ? inTime(fetch(request)) : fetch(request));
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}

async function install() {
  await Promise.all([keepEverything(), refresh()]);
  await skipWaiting();
}

addEventListener("install", (event) => event.waitUntil(install()));
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("periodicsync", (event) => {
  if (event.tag === LIST_SYNC) event.waitUntil(refresh());
});
addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const { pathname, origin } = new URL(request.url);
  if (origin !== location.origin) return;
  const isKept = pathname.startsWith("/static/") || pathname.startsWith("/v/manifest");
  if (request.mode === "navigate") event.respondWith(openPage(event));
  else if (isKept) event.respondWith(openFile(request));
});
