import { readAnswer, RECORD_TYPES, writeQuery } from "../../lib/engine/names/dns_message.ts";
import { type FuzzTarget, hold, holdEqual } from "../target.ts";

const NAME = "www.Example.test";
const QUERIES = [4, 6].map((version) =>
  writeQuery(0x1234, NAME, RECORD_TYPES[version as 4 | 6]) as Uint8Array
);

/** A response: the query, and records behind it. */
function answer(version: number, count: number, records: readonly number[]): Uint8Array {
  const query = QUERIES[version];
  const bytes = Uint8Array.of(version, ...query, ...records);
  bytes.set([0x81, 0x80], 3);
  bytes[8] = count;
  return bytes;
}

const A = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1];
const AAAA = [0xc0, 12, 0, 28, 0, 1, 0, 0, 0, 5, 0, 16, ...new Array(15).fill(0), 1];
const ALIAS = [0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 9, 0, 3, 1, 0x61, 0];

export const target: FuzzTarget = {
  reads: "what a name server answers to two queries",
  seeds: [
    answer(0, 1, A),
    answer(0, 3, [...ALIAS, ...A, 1, 0x62, 0, ...A.slice(2)]),
    answer(1, 2, [...AAAA, ...ALIAS]),
    answer(1, 1, A),
  ],
  tokens: [
    "\xc0\x0c",
    "\0\x01\0\x01",
    "\0\x1c\0\x01",
    "\0\x05",
    "\xff\xff\xff\xff",
    "\x7f\0\0\x01",
  ],

  run(input) {
    const version = (input[0] ?? 0) % 2;
    const query = QUERIES[version];
    const bytes = input.subarray(1);
    const read = readAnswer(bytes, query);
    if (read === undefined) return "";
    const { addresses, ttlSeconds } = read;
    hold(addresses.length > 0 && addresses.length * 14 <= bytes.length, "addresses are made up");
    hold(Number.isInteger(ttlSeconds) && ttlSeconds >= 0 && ttlSeconds < 2 ** 31, "a wrong TTL");
    for (const address of addresses) {
      const host = version === 0 ? address : `[${address}]`;
      holdEqual(URL.parse(`http://${host}/`)?.hostname, host, "an address is not as URL writes it");
    }
    // Anything may be behind it in the buffer of the connection.
    const buffer = new Uint8Array(bytes.length + 20).fill(0xaa);
    buffer.set(bytes);
    holdEqual(readAnswer(buffer.subarray(0, bytes.length), query), read, "it reads beyond its end");
    return JSON.stringify(read);
  },
};
