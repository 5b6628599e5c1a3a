import { assert, assertEquals, assertRejects } from "@std/assert";
import { joinBytes } from "../../lib/byte_buffer.ts";
import { InputError } from "../../lib/errors.ts";
import { beginsWarc, WarcReader } from "../../lib/warc/read_records.ts";
import { toRecord, writeWithWarcio } from "../fixtures/archives.ts";
import { splits } from "../fixtures/sources.ts";

const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** What the records of a file are: where each begins, its type, its URL, its block. */
async function read(bytes: Uint8Array<ArrayBuffer>): Promise<unknown[]> {
  return await readAll(content(bytes));
}

const content = (bytes: Uint8Array<ArrayBuffer>, size = bytes.length) => {
  let at = 0;
  return {
    read: () => {
      const block = bytes.subarray(at, at + size);
      at += size;
      return Promise.resolve(block.length > 0 ? block : undefined);
    },
  };
};

async function readAll(
  source: { read(): Promise<Uint8Array | undefined> },
): Promise<unknown[]> {
  const reader = new WarcReader(source, "x.warc");
  const found = [];
  for (let head; (head = await reader.next()) !== undefined;) {
    let block = new Uint8Array();
    for (let piece; (piece = await reader.read()) !== undefined;) block = joinBytes(block, piece);
    found.push([reader.offset, head.type, head.targetUri, new TextDecoder().decode(block)]);
  }
  return found;
}

const RECORDS = [
  toRecord("warcinfo", "software: x\r\n\r\n", { contentType: "application/warc-fields" }),
  // As wget writes it.
  toRecord("Response", "a\r\n\r\nWARC/1.1\r\n", { version: "WARC/1.0", uri: "<http://h/a>" }),
  toRecord("future", ""),
  toRecord("resource", "c", { uri: "http://h/c", more: ["X-Long: one", "  two", "\tthree"] }),
];

Deno.test("WarcReader gives each record and where it begins, however the file is split", async () => {
  const [a, b, c] = RECORDS.map(({ length }) => length);
  const expected = [
    [0, "warcinfo", undefined, "software: x\r\n\r\n"],
    [a, "response", "http://h/a", "a\r\n\r\nWARC/1.1\r\n"],
    [a + b, "future", undefined, ""],
    [a + b + c, "resource", "http://h/c", "c"],
  ];
  for (const blocks of splits(joinBytes(...RECORDS))) {
    assertEquals(await readAll(blocks), expected);
  }
});

Deno.test("WarcReader skips blocks that nobody reads", async () => {
  const bytes = joinBytes(...RECORDS);
  for (const size of [1, 7, bytes.length]) {
    const reader = new WarcReader(content(bytes, size), "x.warc");
    const types = [];
    for (let head; (head = await reader.next()) !== undefined;) types.push(head.type);
    assertEquals(types, ["warcinfo", "response", "future", "resource"]);
    assertEquals(reader.count, 4);
  }
});

Deno.test("WarcReader reads what warcio writes", async () => {
  const bytes = await writeWithWarcio(["http://h/1", "http://h/é"], { gzip: false });
  const records = await read(bytes) as [number, string, string, string][];
  assertEquals(records.map(([, type, uri]) => [type, uri]), [
    ["warcinfo", undefined],
    ["response", "http://h/1"],
    ["response", "http://h/%C3%A9"],
  ]);
  assert(records[1][3].endsWith("\r\n\r\nbody 0 of http://h/1"));
});

Deno.test("WarcReader says which record is wrong, and why", async () => {
  const good = toRecord("response", "x", { uri: "http://h/" });
  for (
    const [bytes, why] of [
      [encode("http://h/\nhttp://h/2\n"), "does not begin with a version of WARC"],
      [encode("WARC/0.18\r\n\r\n"), "has version 0.18, and 1.0 and 1.1 are read"],
      [toRecord("response", "x", { length: 0 }), "does not end where its Content-Length says"],
      [toRecord("response", "xyz", { length: 2 }), "does not end where its Content-Length says"],
      [toRecord("response", "x", { length: "1x" }), "has no valid Content-Length"],
      [toRecord("response", "x", { length: "-1" }), "has no valid Content-Length"],
      [toRecord("response", "x", { more: ["Content-Length: 2"] }), "has two lengths"],
      [toRecord("response", "x", { more: ["no field"] }), "has a line in its head that is not"],
      [toRecord("response", "x", { more: [": no name"] }), "has a line in its head that is not"],
      [encode("WARC/1.1\r\nContent-Length: 0\r\n\r\n\r\n\r\n"), "has no WARC-Type"],
      [encode("WARC/1.1\nWARC-Type: response\n\n"), "is cut short"],
      [toRecord("response", "x", { length: 99 }), "is cut short"],
      [good.subarray(0, -1), "is cut short"],
      [good.subarray(0, 20), "is cut short"],
    ] as const
  ) {
    for (const size of [1, 1000]) {
      const error = await assertRejects(
        () => readAll(content(joinBytes(good, bytes), size)),
        InputError,
      );
      assert(error.message.includes(`record 2 ${why}`), error.message);
      assert(error.message.startsWith("Cannot read 'x.warc' to its end: "), error.message);
    }
  }
});

Deno.test("WarcReader holds no more than 4 MiB of a head, and tells at once what is not WARC", async () => {
  let given = 0;
  const endless = (start: string, block: Uint8Array) => ({
    read: () => Promise.resolve(given++ === 0 ? encode(start) : block),
  });
  const spaces = new Uint8Array(64 * 1024).fill(0x20);
  const long = await assertRejects(() => readAll(endless("WARC/1.1\r\nX: ", spaces)), InputError);
  assert(long.message.includes("record 1 has a head of more than 4 MiB"), long.message);
  assertEquals(given, 65);
  given = 0;
  await assertRejects(() => readAll(endless("<html>", spaces)), InputError);
  assertEquals(given, 1);
});

Deno.test("WarcReader takes time in proportion to a hostile head", async () => {
  for (const line of [" ".repeat(1_000_000) + "x", "a\r\n ".repeat(200_000), ":\r\n".repeat(5)]) {
    const record = joinBytes(
      encode(`WARC/1.1\r\nWARC-Type: response\r\nContent-Length: 0\r\nX: ${line}`),
      encode("\r\n\r\n\r\n\r\n"),
    );
    // A line without a name is refused; the others are read. With a bound by the square of their
    // length, this test would not end.
    if (line.startsWith(":")) await assertRejects(() => read(record), InputError);
    else assertEquals((await read(record)).length, 1);
  }
});

Deno.test("beginsWarc() tells by the first bytes", () => {
  assert(beginsWarc(encode("WARC/1.0\r\n")));
  assert(!beginsWarc(encode("WARC")));
  assert(!beginsWarc(encode("{}")));
});
