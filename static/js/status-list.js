// The signed list of what was annulled and replaced: a JWT (RFC 7519) by ES256 whose entries are the
// first bytes of the hashes that seals hold. Only a list by today's key, the first of the JWK set, is
// believed: a key may have been retired because somebody else has it.

import { fromBase64url, toHex } from "./base64url.js";
import { isSealedBy } from "./cose-seal.js";

const TYPE = "forms-status-list+jwt";
const SHORTEST_ENTRY = 8;
const CLOCKS_DIFFER = 5 * 60_000;

/** The list, or null if it is none, or not by the first of the keys. */
export async function readList(jwt, keys) {
  try {
    const [head, body, signature, ...rest] = jwt.split(".");
    const { alg, kid, typ } = readJson(head);
    if (rest.length || alg !== "ES256" || typ !== TYPE || kid !== keys[0]?.kid) return null;
    const signed = new TextEncoder().encode(`${head}.${body}`);
    const isSigned = await isSealedBy({ signed, signature: fromBase64url(signature) }, keys[0]);
    return isSigned ? readClaims(readJson(body)) : null;
  } catch {
    return null;
  }
}

/** "annulled", "replaced" or "", of the document whose data has this SHA-256 (hex). */
export function statusOf(list, sha256) {
  const entry = sha256.slice(0, 2 * list.bytes);
  if (list.replaced.has(entry)) return "replaced";
  return list.annulled.has(entry) ? "annulled" : "";
}

/** Why the list cannot tell that a document is in force: "clock", "old", or "" if it can. */
export function doubtOf(list, now) {
  if (now < list.issuedAt - CLOCKS_DIFFER) return "clock";
  return now > list.expiresAt ? "old" : "";
}

function readJson(part) {
  return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(fromBase64url(part)));
}

function readClaims({ iat, exp, bytes, annulled, replaced }) {
  const isWhole = [iat, exp, bytes].every(Number.isSafeInteger) && bytes >= SHORTEST_ENTRY;
  if (!isWhole || exp <= iat) throw new SyntaxError("another list");
  const issued = { issuedAt: iat * 1000, expiresAt: exp * 1000, bytes };
  return { ...issued, annulled: readEntries(annulled, bytes), replaced: readEntries(replaced, bytes) };
}

function readEntries(text, bytes) {
  const all = toHex(fromBase64url(text));
  if (all.length % (2 * bytes)) throw new SyntaxError("a broken entry");
  return new Set(all.match(new RegExp(`.{${2 * bytes}}`, "g")) ?? []);
}
