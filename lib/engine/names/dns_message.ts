/**
 * The messages of DNS (RFC 1035 §4), as far as they tell how long addresses hold.
 *
 * @module
 */

/** The types of records that have addresses. */
export const RECORD_TYPES = { 4: 1, 6: 28 } as const;

/** What a name server says of the addresses of a name. */
export interface DnsAnswer {
  readonly addresses: readonly string[];
  /** The least of all records that lead to them, aliases included, in seconds; from 0. */
  readonly ttlSeconds: number;
}

const HEADER_BYTES = 12;
const MAX_NAME_BYTES = 255;
const MAX_LABEL_BYTES = 63;
const INTERNET = 1;
const ALIAS = 5;
/** A label with these bits leads to the rest of the name (RFC 1035 §4.1.4). */
const POINTER = 0xc0;

/** Response, opcode and truncation in the third byte; the code of the response in the fourth one. */
const [RESPONSE, OPCODE, TRUNCATED, CODE] = [0x80, 0x78, 0x02, 0x0f];
const RECURSION_DESIRED = 0x01;

/** A TTL above it counts as 0 (RFC 2181 §8). */
const MAX_TTL = 2 ** 31 - 1;

/**
 * Writes a query.
 *
 * @param id from 0 to 65,535
 * @param hostname as in a URL
 * @returns undefined if DNS can have no such name
 */
export function writeQuery(id: number, hostname: string, type: number): Uint8Array | undefined {
  const bytes: number[] = [id >> 8, id & 255, RECURSION_DESIRED, 0, 0, 1, 0, 0, 0, 0, 0, 0];
  const name = hostname.endsWith(".") ? hostname.slice(0, -1) : hostname;
  for (const label of name.split(".")) {
    if (label.length === 0 || label.length > MAX_LABEL_BYTES) return undefined;
    bytes.push(label.length);
    for (let i = 0; i < label.length; i++) bytes.push(label.charCodeAt(i) & 255);
  }
  bytes.push(0);
  if (bytes.length - HEADER_BYTES > MAX_NAME_BYTES) return undefined;
  bytes.push(0, type, 0, INTERNET);
  return Uint8Array.from(bytes);
}

/**
 * Reads the response to a query.
 *
 * @param bytes whatever has come
 * @param query of {@linkcode writeQuery}
 * @returns undefined if it is not a whole response to this query, or has no addresses
 */
export function readAnswer(bytes: Uint8Array, query: Uint8Array): DnsAnswer | undefined {
  const questionEnd = query.length;
  if (bytes.length < questionEnd || bytes[0] !== query[0] || bytes[1] !== query[1]) {
    return undefined;
  }
  if ((bytes[2] & (RESPONSE | OPCODE | TRUNCATED)) !== RESPONSE || (bytes[3] & CODE) !== 0) {
    return undefined;
  }
  if (readUint16(bytes, 4) !== 1) return undefined;
  for (let i = HEADER_BYTES; i < questionEnd; i++) {
    if (toLower(bytes[i]) !== toLower(query[i])) return undefined;
  }
  const type = query[questionEnd - 3];
  const size = type === RECORD_TYPES[4] ? 4 : 16;
  const addresses: string[] = [];
  let ttlSeconds = MAX_TTL;
  let place = questionEnd;
  for (let left = readUint16(bytes, 6); left > 0; left--) {
    place = skipName(bytes, place);
    // Type, class, TTL and length.
    if (place + 10 > bytes.length) return undefined;
    const recordType = readUint16(bytes, place);
    const ttl = readUint16(bytes, place + 4) * 2 ** 16 + readUint16(bytes, place + 6);
    const length = readUint16(bytes, place + 8);
    place += 10;
    if (place + length > bytes.length) return undefined;
    if (recordType === type) {
      if (length !== size) return undefined;
      addresses.push(toAddress(bytes.subarray(place, place + length)));
    }
    if (recordType === type || recordType === ALIAS) {
      ttlSeconds = Math.min(ttlSeconds, ttl > MAX_TTL ? 0 : ttl);
    }
    place += length;
  }
  return addresses.length > 0 ? { addresses, ttlSeconds } : undefined;
}

/** The place after a name; beyond the end of the message if the name is not whole. */
function skipName(bytes: Uint8Array, place: number): number {
  while (place < bytes.length) {
    const length = bytes[place];
    if (length === 0) return place + 1;
    if (length >= POINTER) return place + 2;
    if (length > MAX_LABEL_BYTES) return Infinity;
    place += 1 + length;
  }
  return Infinity;
}

function readUint16(bytes: Uint8Array, place: number): number {
  return bytes[place] << 8 | bytes[place + 1];
}

/** Names are the same in upper and lower case; no length of a label is a letter. */
function toLower(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte + 32 : byte;
}

/** An address as `new URL` would write it, without brackets. */
function toAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, i) => readUint16(bytes, 2 * i).toString(16));
  // The one spelling of it (RFC 5952).
  return new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
}
