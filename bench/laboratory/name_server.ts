/**
 * A name server that is slow, lies, or answers only over TCP, at port 53 of an address. It reads what
 * it is to say of each name from a file, which may change.
 *
 *     deno run --allow-net --allow-read=FILE bench/laboratory/name_server.ts ADDRESS FILE
 *
 * @module
 */
import { createSocket } from "node:dgram";
import { createServer } from "node:net";

/** What a name server says of a name. */
export interface NameRecords {
  readonly ipv4?: readonly string[];
  readonly ipv6?: readonly string[];
  /** Seconds; it also says so of names that have no address. @default {60} */
  readonly ttlSeconds?: number;
  /** How long it takes to answer. @default {0} */
  readonly delayMs?: number;
  /** How long the fault lasts, from the first query of the name on. @default for good */
  readonly faultSeconds?: number;
  /** What it answers in place of addresses; `truncated` only over UDP. @default nothing */
  readonly fault?: "no such name" | "server failure" | "truncated";
}

/** By name, without a dot at the end. */
export type NameTable = Readonly<Record<string, NameRecords>>;

/** Types of records (RFC 1035 §3.2.2, RFC 3596 §2.1). */
const TYPE_A = 1;
const TYPE_AAAA = 28;
/** Response codes (RFC 1035 §4.1.1). */
const CODES = { "no such name": 3, "server failure": 2 } as const;
/** QR and AA; and TC. */
const IS_RESPONSE = 0x8400;
const IS_TRUNCATED = 0x0200;
const HEADER_BYTES = 12;

if (import.meta.main) {
  const [address, file] = Deno.args;
  const firsts = new Map<string, number>();
  const look = (query: Uint8Array, isTcp: boolean): Promise<Uint8Array> =>
    answer(query, isTcp, JSON.parse(Deno.readTextFileSync(file)), firsts);
  const udp = createSocket("udp4");
  udp.on("message", async (query, { address, port }) => {
    udp.send(await look(query, false), port, address);
  });
  udp.bind(53, address);
  createServer((socket) => {
    // What was read of the next query, behind its length (RFC 1035 §4.2.2); at most 64 KiB.
    let rest: number[] = [];
    socket.on("error", () => {});
    socket.on("data", async (bytes: Uint8Array) => {
      rest.push(...bytes);
      for (let end; rest.length > 2 && rest.length >= (end = 2 + (rest[0] << 8) + rest[1]);) {
        const query = new Uint8Array(rest.slice(2, end));
        rest = rest.slice(end);
        const response = await look(query, true);
        socket.write(new Uint8Array([response.length >> 8, response.length & 255, ...response]));
      }
    });
  }).listen(53, address);
}

async function answer(
  query: Uint8Array,
  isTcp: boolean,
  table: NameTable,
  firsts: Map<string, number>,
): Promise<Uint8Array> {
  const { name, type, end } = readQuestion(query);
  const records = table[name];
  const now = performance.now();
  const first = firsts.get(name) ?? now;
  firsts.set(name, first);
  const { delayMs = 0, ttlSeconds = 60, faultSeconds = Infinity } = records ?? {};
  if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
  const fault = records === undefined
    ? "no such name"
    : now - first < faultSeconds * 1_000
    ? records.fault
    : undefined;
  const isTruncated = fault === "truncated" && !isTcp;
  const code = fault === undefined || fault === "truncated" ? 0 : CODES[fault];
  const addresses = code !== 0 || isTruncated
    ? []
    : type === TYPE_A
    ? (records?.ipv4 ?? []).map((address) => address.split(".").map(Number))
    : type === TYPE_AAAA
    ? (records?.ipv6 ?? []).map(toBytes)
    : [];
  const header = new Uint8Array(HEADER_BYTES);
  header.set(query.subarray(0, 2));
  const view = new DataView(header.buffer);
  view.setUint16(2, IS_RESPONSE | (isTruncated ? IS_TRUNCATED : 0) | code);
  view.setUint16(4, 1);
  view.setUint16(6, addresses.length);
  const answers = addresses.flatMap((bytes) => [
    // The name of the question, by a pointer to it (RFC 1035 §4.1.4).
    ...[0xc0, HEADER_BYTES, 0, type, 0, 1],
    ...[0, 0, ttlSeconds >> 8, ttlSeconds & 255, 0, bytes.length, ...bytes],
  ]);
  return new Uint8Array([...header, ...query.subarray(HEADER_BYTES, end), ...answers]);
}

function readQuestion(query: Uint8Array): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  while (query[at] > 0) {
    labels.push(new TextDecoder().decode(query.subarray(at + 1, at + 1 + query[at])));
    at += 1 + query[at];
  }
  return { name: labels.join(".").toLowerCase(), type: query[at + 2], end: at + 5 };
}

/** The bytes of an IPv6 address. */
function toBytes(address: string): number[] {
  const [left, right = ""] = address.split("::");
  const parse = (part: string): number[] =>
    part === "" ? [] : part.split(":").flatMap((group) => {
      const value = parseInt(group, 16);
      return [value >> 8, value & 255];
    });
  const [first, last] = [parse(left), parse(right)];
  return [...first, ...new Array(16 - first.length - last.length).fill(0), ...last];
}
