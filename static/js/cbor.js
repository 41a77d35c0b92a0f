// A strict reader of the CBOR that a seal is made of (RFC 8949, 4.2.1): integers, bytes, texts, arrays
// and maps with ascending integers as keys. Whatever has a second way to be written, floats, tags and
// anything after the end are refused, so the same value always comes from the same bytes.

const UNSIGNED = 0, NEGATIVE = 1, BYTES = 2, TEXT = 3, ARRAY = 4, MAP = 5;
const DEEPEST = 3;
const SMALLEST = [24, 0x100, 0x10000];
const LONGER = [1, 2, 4];

/** The value of CBOR bytes; throws on all else: a SyntaxError, of bad UTF-8 a TypeError. */
export function readCbor(bytes) {
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), at: 0 };
  const value = readItem(reader, 0);
  if (reader.at !== bytes.length) throw new SyntaxError("something follows");
  return value;
}

/** The first bytes of an item: its major type and its argument, below 2^16. */
function head(major, argument) {
  if (argument < 24) return [(major << 5) | argument];
  if (argument < 0x100) return [(major << 5) | 24, argument];
  return [(major << 5) | 25, argument >> 8, argument & 0xff];
}

/** What COSE signs (RFC 9052, 4.4): an array of "Signature1", the header, nothing, the payload. */
export function writeSigStructure(protectedHeader, payload) {
  const context = new TextEncoder().encode("Signature1");
  const parts = [protectedHeader, new Uint8Array(), payload];
  const written = parts.flatMap((part) => [...head(BYTES, part.length), ...part]);
  return Uint8Array.from([...head(ARRAY, 4), ...head(TEXT, context.length), ...context, ...written]);
}

function readItem(reader, depth) {
  if (depth > DEEPEST) throw new SyntaxError("too deep");
  const [major, argument] = readHead(reader);
  switch (major) {
    case UNSIGNED: return argument;
    case NEGATIVE: return -1 - argument;
    case BYTES: return readBytes(reader, argument);
    case TEXT: return readText(reader, argument);
    case ARRAY: return readArray(reader, argument, depth);
    case MAP: return readMap(reader, argument, depth);
    default: throw new SyntaxError("a type that no seal has");
  }
}

/** Major type and argument, the argument in the fewest bytes and below 2^32. */
function readHead(reader) {
  const [first] = readBytes(reader, 1);
  const [major, short] = [first >> 5, first & 31];
  if (short < 24) return [major, short];
  const size = LONGER[short - 24];
  if (!size) throw new SyntaxError("a length that no seal has");
  const argument = readBytes(reader, size).reduce((value, byte) => value * 256 + byte, 0);
  if (argument < SMALLEST[short - 24]) throw new SyntaxError("longer than need be");
  return [major, argument];
}

function readBytes(reader, length) {
  const { view, at } = reader;
  if (length > view.byteLength - at) throw new SyntaxError("cut off");
  reader.at += length;
  return new Uint8Array(view.buffer, view.byteOffset + at, length);
}

function readText(reader, length) {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  return decoder.decode(readBytes(reader, length));
}

function readArray(reader, length, depth) {
  const items = [];
  while (items.length < length) items.push(readItem(reader, depth + 1));
  return items;
}

function readMap(reader, length, depth) {
  const entries = new Map();
  let last = "";
  while (entries.size < length) {
    const start = reader.at;
    const key = readItem(reader, depth + 1);
    const written = order(reader, start);
    if (!Number.isInteger(key) || written <= last) throw new SyntaxError("keys out of order");
    last = written;
    entries.set(key, readItem(reader, depth + 1));
  }
  return entries;
}

/** Keys are ordered by their bytes. */
function order({ view, at }, start) {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + start, at - start);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
