// What a phone keeps between two checks: the public keys and the status list. Page and worker share it.

import { doubtOf, readList } from "./status-list.js";

export const KEPT = "verification-2";
const KEYS = "/.well-known/jwks.json";
const LIST = "/.well-known/status-list.jwt";
const PATIENCE = 8_000;

/** What a phone has that has kept nothing. */
export const NOTHING = { keys: null, list: null };

/** A page of nobody's: fetched without cookies, and asked for anew. */
export async function fetchPlain(address) {
  const signal = AbortSignal.timeout(PATIENCE);
  const answer = await fetch(address, { credentials: "omit", cache: "no-cache", signal });
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer;
}

/** The kept keys and the list if it is believed; both may be missing (null). */
export async function loadKept() {
  const cache = await caches.open(KEPT);
  const [keys, jwt] = await Promise.all([cache.match(KEYS), cache.match(LIST)]);
  return read(keys, jwt);
}

/** Ask the server for both and keep them where the browser lets us; throws where it does not answer. */
export async function refresh() {
  const [keys, jwt] = await Promise.all([fetchPlain(KEYS), fetchPlain(LIST)]);
  const fresh = await read(keys.clone(), jwt.clone());
  const kept = await loadKept().catch(() => NOTHING);
  const cache = await caches.open(KEPT).catch(() => null);
  await cache?.put(KEYS, keys);
  if (!fresh.list || isOlder(fresh.list, kept.list)) return { keys: fresh.keys, list: kept.list };
  await cache?.put(LIST, jwt);
  return fresh;
}

/** A list that is older than the kept one does not take its place, unless that one is yet to come: a
 * server whose clock was once wrong would else be believed no more. */
function isOlder(fresh, kept) {
  return kept !== null && fresh.issuedAt < kept.issuedAt && doubtOf(kept, Date.now()) !== "clock";
}

async function read(keys, jwt) {
  const published = keys ? (await keys.json()).keys : null;
  const list = published && jwt ? await readList(await jwt.text(), published) : null;
  return { keys: published, list };
}
