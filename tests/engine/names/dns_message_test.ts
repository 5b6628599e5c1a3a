import { assertEquals } from "@std/assert";
import { readAnswer, RECORD_TYPES, writeQuery } from "../../../lib/engine/names/dns_message.ts";

const QUERY = writeQuery(0x1234, "www.one.test", RECORD_TYPES[4])!;

/** A record; its name is a pointer to the question, unless it is given. */
function record(
  type: number,
  ttl: number,
  data: readonly number[],
  name: readonly number[] = [0xc0, 12],
): number[] {
  const ttlBytes = [ttl >>> 24, ttl >>> 16 & 255, ttl >>> 8 & 255, ttl & 255];
  return [...name, 0, type, 0, 1, ...ttlBytes, data.length >> 8, data.length & 255, ...data];
}

/** A response with these answers. */
function respond(answers: readonly number[][], query = QUERY): Uint8Array {
  const bytes = Uint8Array.from([...query, ...answers.flat()]);
  bytes.set([0x81, 0x80, 0, 1, answers.length >> 8, answers.length & 255, 0, 0, 0, 0], 2);
  return bytes;
}

const ANSWER = respond([record(1, 300, [127, 0, 0, 1]), record(1, 200, [127, 0, 0, 2])]);

Deno.test("writeQuery() writes a header and a question", () => {
  assertEquals([...writeQuery(258, "ab.c", 28)!], [
    ...[1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0],
    ...[2, 97, 98, 1, 99, 0, 0, 28, 0, 1],
  ]);
  assertEquals(writeQuery(258, "ab.c.", 28), writeQuery(258, "ab.c", 28));
});

Deno.test("writeQuery() refuses what DNS cannot name", () => {
  const long = Array.from({ length: 5 }, () => "x".repeat(60)).join(".");
  for (const name of ["", ".", "a..b", `${"x".repeat(64)}.test`, long]) {
    assertEquals(writeQuery(1, name, 1), undefined, name);
  }
});

Deno.test("readAnswer() reads the addresses and the least TTL", () => {
  assertEquals(readAnswer(ANSWER, QUERY), {
    addresses: ["127.0.0.1", "127.0.0.2"],
    ttlSeconds: 200,
  });
});

Deno.test("readAnswer() counts the TTLs of aliases, too", () => {
  const alias = record(5, 5, [3, 108, 98, 49, 0xc0, 16]);
  const address = record(1, 300, [127, 0, 0, 1], [3, 108, 98, 49, 0xc0, 16]);
  const other = record(16, 1, [1, 120]);
  assertEquals(readAnswer(respond([alias, address, other]), QUERY)?.ttlSeconds, 5);
});

Deno.test("readAnswer() writes IPv6 addresses as URLs do", () => {
  const query = writeQuery(7, "six.test", RECORD_TYPES[6])!;
  const address = record(28, 60, [0xfd, ...Array(13).fill(0), 0x1, 0x2]);
  const answer = readAnswer(respond([address], query), query);
  assertEquals(answer, { addresses: ["fd00::102"], ttlSeconds: 60 });
});

Deno.test("readAnswer() takes a TTL with its highest bit set as 0", () => {
  const bytes = respond([record(1, 0xffffffff, [127, 0, 0, 1])]);
  assertEquals(readAnswer(bytes, QUERY)?.ttlSeconds, 0);
});

Deno.test("readAnswer() takes the question in any case", () => {
  const bytes = ANSWER.slice();
  bytes[13] -= 32;
  assertEquals(readAnswer(bytes, QUERY)?.ttlSeconds, 200);
});

Deno.test("readAnswer() refuses what is no answer to the query", () => {
  const change = (place: number, value: number): Uint8Array => {
    const bytes = ANSWER.slice();
    bytes[place] = value;
    return bytes;
  };
  const wrong: Record<string, Uint8Array> = {
    "another identifier": change(1, 0x35),
    "a query": change(2, 0x01),
    "another opcode": change(2, 0x91),
    "a truncated response": change(2, 0x83),
    "a failure": change(3, 0x82),
    "an unknown name": change(3, 0x83),
    "two questions": change(5, 2),
    "another name": change(14, 120),
    "another type": change(QUERY.length - 3, 28),
    "an address of 3 bytes": respond([record(1, 300, [127, 0, 0])]),
    "an address of 16 bytes": respond([record(1, 300, Array(16).fill(1))]),
    "no address": respond([record(5, 300, [0xc0, 16])]),
    "nothing": new Uint8Array(0),
  };
  for (const [what, bytes] of Object.entries(wrong)) {
    assertEquals(readAnswer(bytes, QUERY), undefined, what);
  }
});

Deno.test("readAnswer() ends on every cut or changed message, and never gives a part", () => {
  for (let length = 0; length < ANSWER.length; length++) {
    assertEquals(readAnswer(ANSWER.subarray(0, length), QUERY), undefined, `${length} bytes`);
  }
  // A pointer to itself, and counts of records that are not there, are among them.
  for (let place = 0; place < ANSWER.length; place++) {
    for (const value of [0, 1, 0x3f, 0x40, 0x80, 0xc0, 0xff]) {
      const bytes = ANSWER.slice();
      bytes[place] = value;
      const answer = readAnswer(bytes, QUERY);
      assertEquals((answer?.addresses.length ?? 0) <= 2, true);
    }
  }
});
