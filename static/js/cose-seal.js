// The seal after "#" in a QR: a COSE_Sign1 (RFC 9052) by ES256, whose payload is
// [version, form, edition, number, days, office, name, hash]. docs/qr-seal.md says all of it.

import { fromBase64url, toBase64url, toHex } from "./base64url.js";
import { readCbor, writeSigStructure } from "./cbor.js";

const ALG = 1, KID = 4, ES256 = -7;
const VERSION = 1;
const LONGEST_TEXT = 350;
const CURVE = { name: "ECDSA", namedCurve: "P-256" };
const HOW = { name: "ECDSA", hash: "SHA-256" };

const isText = (value) => typeof value === "string";
const isBytes = (length) => (value) => value instanceof Uint8Array && value.length === length;
const PAYLOAD = [
  (value) => value === VERSION, isText, Number.isInteger, isText, Number.isInteger, isText, isText,
  isBytes(32),
];

/** The seal's parts, nothing of it believed yet; null if it is no seal of ours. */
export function parseSeal(text) {
  try {
    if (text.length > LONGEST_TEXT) return null;
    const [header, unprotected, payload, signature] = readShape(readCbor(fromBase64url(text)), 4);
    if (!(unprotected instanceof Map) || unprotected.size || !isBytes(64)(signature)) return null;
    const signed = writeSigStructure(header, payload);
    return { kid: readKid(header), signed, signature, said: readPayload(payload) };
  } catch {
    return null;
  }
}

/** Whether the key (a public JWK) made the seal. */
export async function isSealedBy(seal, { kty, crv, x, y }) {
  const key = await crypto.subtle.importKey("jwk", { kty, crv, x, y }, CURVE, false, ["verify"]);
  return crypto.subtle.verify(HOW, key, seal.signature, seal.signed);
}

function readShape(value, length) {
  if (!Array.isArray(value) || value.length !== length) throw new SyntaxError("another shape");
  return value;
}

function readKid(header) {
  const parameters = readCbor(header);
  const kid = parameters.get(KID);
  const isOurs = parameters.size === 2 && parameters.get(ALG) === ES256 && kid instanceof Uint8Array;
  if (!isOurs || kid.length < 4 || kid.length > 8) throw new SyntaxError("another header");
  return toBase64url(kid);
}

function readPayload(payload) {
  const values = readShape(readCbor(payload), PAYLOAD.length);
  if (!PAYLOAD.every((fits, place) => fits(values[place]))) throw new SyntaxError("another payload");
  const [, form, edition, number, days, office, name, hash] = values;
  return { form, edition, number, days, office, name, sha256: toHex(hash) };
}
