import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { gzipSync } from "node:zlib";
import { InputError } from "../../lib/errors.ts";
import { Input } from "../../lib/source/input.ts";
import { LineReader, MAX_LINE, OverlongLine } from "../../lib/source/lines.ts";
import { folder } from "../fixtures/folder.ts";
import { all, Blocks, splits } from "../fixtures/sources.ts";

const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

const linesOf = (text: string): Promise<(string | OverlongLine)[]> =>
  all(new LineReader(new Blocks([encode(text)])));

for (
  const [what, text, lines] of [
    ["LF", "a\nb\n", ["a", "b"]],
    ["CRLF", "a\r\nb\r\n", ["a", "b"]],
    ["both", "a\r\nb\nc\r\n", ["a", "b", "c"]],
    ["a last line without end", "a\nb", ["a", "b"]],
    ["a last line that ends in CR", "a\r\nb\r", ["a", "b"]],
    ["CR", "a\rb\r", ["a", "b"]],
    ["all three", "a\rb\nc\r\nd\n\re", ["a", "b", "c", "d", "", "e"]],
    ["CR in a row", "a\r\r\nb\r\r", ["a", "", "b", ""]],
    ["a CR alone", "\r", [""]],
    ["empty lines", "\n\r\na\n\n", ["", "", "a", ""]],
    ["nothing", "", []],
    ["a byte order mark", "\ufeffa\n\ufeffb\n", ["a", "\ufeffb"]],
    ["a byte order mark alone", "\ufeff", []],
    ["characters of two, three and four bytes", "é\n名x\n😀\r\nü", ["é", "名x", "😀", "ü"]],
  ] as [string, string, string[]][]
) {
  Deno.test(`LineReader reads ${what}, with any blocks`, async () => {
    for (const blocks of splits(encode(text))) {
      assertEquals(await all(new LineReader(blocks)), lines);
      assert(blocks.isClosed);
    }
  });
}

Deno.test("LineReader reads only LF and CRLF for an older run, with any blocks", async () => {
  for (const blocks of splits(encode("a\rb\r\n\rc\n\r\r\nd\r"))) {
    const reader = new LineReader(blocks, { onlyLf: true });
    assertEquals(await all(reader), ["a\rb", "\rc", "\r", "d"]);
  }
});

Deno.test("LineReader.breakBefore is the line break before a line, with any blocks", async () => {
  for (const blocks of splits(encode("a\rb\nc\r\nd\r\re\n\rf"))) {
    const reader = new LineReader(blocks);
    const found: string[] = [];
    for (let step = await reader.next(); !step.done; step = await reader.next()) {
      found.push(reader.breakBefore, step.value as string);
    }
    const text = [
      "",
      "a",
      "\r",
      "b",
      "\n",
      "c",
      "\r\n",
      "d",
      "\r",
      "",
      "\r",
      "e",
      "\n",
      "",
      "\r",
      "f",
    ];
    assertEquals(found, text);
  }
});

Deno.test("LineReader reads all line ends in pieces longer than its buffer", async () => {
  const ends = ["\n", "\r\n", "\r"];
  // Lines of all lengths, so that each end falls on each place of a piece.
  const lines = Array.from({ length: 3000 }, (_, k) => "é".repeat(k % 97) + k);
  for (const end of [...ends, undefined]) {
    const text = lines.map((line, k) => line + (end ?? ends[k % 3])).join("");
    // An LF behind a CR would be one end with it, but no line is empty.
    assertEquals(await linesOf(text), lines);
  }
});

Deno.test("LineReader marks exactly the lines that are not UTF-8, with any blocks", async () => {
  for (
    const [line, isUtf8] of [
      [[0x61, 0xff], false],
      [[0xc3], false],
      [[0xe2, 0x82, 0x62], false],
      [[0xf0, 0x9f], false],
      [[0x80], false],
      [[0xc0, 0xaf], false],
      // A surrogate, in CESU-8.
      [[0xed, 0xa0, 0x80, 0xed, 0xb0, 0x80], false],
      [[0xf4, 0x90, 0x80, 0x80], false],
      [[0xef, 0xbf], false],
      [[0xe2, 0xef, 0xbf, 0xbd], false],
      [[0xef, 0xbf, 0xbd, 0xff, 0xef, 0xbf, 0xbd], false],
      [[0xef, 0xbf, 0xbd], true],
      [[0x61, 0xef, 0xbf, 0xbd, 0xef, 0xbf, 0xbe, 0xf0, 0x9f, 0x98, 0x80], true],
    ] as [number[], boolean][]
  ) {
    for (const end of [[0x0a], [0x0d], []]) {
      const bytes = Uint8Array.from([0xc3, 0xa9, 0x0a, ...line, ...end]);
      for (const blocks of splits(bytes)) {
        const [first, second, ...rest] = await all(new LineReader(blocks)) as string[];
        assertEquals([first, rest], ["é", []]);
        assertEquals(second.isWellFormed(), isUtf8, line.join());
        assertEquals(
          second.toWellFormed(),
          new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(line)),
        );
      }
    }
  }
});

for (
  const [what, length, end, isTooLong] of [
    ["of 1 MiB less one", MAX_LINE - 1, "\n", false],
    ["of 1 MiB", MAX_LINE, "\n", false],
    ["of 1 MiB with CRLF", MAX_LINE, "\r\n", false],
    ["of 1 MiB without end", MAX_LINE, "", false],
    ["of 1 MiB and one more", MAX_LINE + 1, "\n", true],
    ["of 1 MiB and one more, with CRLF", MAX_LINE + 1, "\r\n", true],
    ["of 1 MiB and one more, without end", MAX_LINE + 1, "", true],
    ["of 5 MiB", 5 * MAX_LINE, "\n", true],
    ["of 5 MiB, without end", 5 * MAX_LINE, "", true],
  ] as [string, number, string, boolean][]
) {
  Deno.test(`LineReader ${isTooLong ? "marks" : "reads"} a line ${what}`, async () => {
    const text = `${"x".repeat(100)}${"y".repeat(length - 100)}`;
    const lines = await linesOf(`a\n${text}${end}${end === "" ? "" : "b\n"}`);
    const [a, long, ...rest] = lines;
    assertEquals([a, rest], ["a", end === "" ? [] : ["b"]]);
    if (isTooLong) {
      assertInstanceOf(long, OverlongLine);
      assertEquals((long as OverlongLine).start, text.slice(0, 200));
    } else assert(long === text);
  });
}

Deno.test("LineReader counts characters, not bytes, and splits none", async () => {
  const fits = "名".repeat(MAX_LINE);
  const pairs = `x${"😀".repeat(MAX_LINE)}`;
  const [first, second] = await linesOf(`${fits}\n${pairs}\n`);
  assert(first === fits);
  assertInstanceOf(second, OverlongLine);
  const { start } = second as OverlongLine;
  assert(start.isWellFormed() && start.length === 200);
});

Deno.test("LineReader.line is the number of the last line", async () => {
  const reader = new LineReader(new Blocks([encode("a\n\nb")]));
  const numbers = [];
  while (!(await reader.next()).done) numbers.push(reader.line);
  assertEquals(numbers, [1, 2, 3]);
});

Deno.test("LineReader.next() is synchronous while a block has lines, and reads no further", async () => {
  // Larger than what is decoded at once.
  const block = encode("x".repeat(9) + "\n").length;
  const blocks = new Blocks(
    Array.from({ length: 3 }, () => encode(("x".repeat(block - 1) + "\n").repeat(5000))),
  );
  const reader = new LineReader(blocks);
  assertEquals(blocks.reads, 0);
  for (let k = 0; k < 3; k++) {
    const first = reader.next();
    assertInstanceOf(first, Promise);
    assertEquals(await first, { value: "x".repeat(9), done: false });
    assertEquals(blocks.reads, k + 1);
    for (let n = 1; n < 5000; n++) {
      const step = reader.next();
      assert(!(step instanceof Promise), `line ${n} of block ${k}`);
      assertEquals(step, { value: "x".repeat(9), done: false });
    }
    assertEquals(blocks.reads, k + 1);
  }
  assertEquals(await reader.next(), { value: undefined, done: true });
});

Deno.test("LineReader.return() ends it at once", async () => {
  const blocks = new Blocks([encode("a\nb\nc")]);
  const reader = new LineReader(blocks);
  assertEquals(await reader.next(), { value: "a", done: false });
  reader.return();
  reader.return();
  assertEquals(await reader.next(), { value: undefined, done: true });
  assert(blocks.isClosed);
});

Deno.test("LineReader drops an unfinished line when the input breaks off", async () => {
  let reads = 0;
  const input = {
    read: () =>
      reads++ === 0 ? Promise.resolve(encode("a\nhttp://h/12")) : Promise.reject(new Error("cut")),
    close: () => {},
  };
  const reader = new LineReader(input);
  assertEquals(await reader.next(), { value: "a", done: false });
  await assertRejects(async () => await reader.next(), Error, "cut");
  assertEquals(await reader.next(), { value: undefined, done: true });
  assertEquals(reads, 2);
});

Deno.test("LineReader gives a last line without its end, and then throws the input's error", async () => {
  await using dir = await folder();
  const packed = new Uint8Array(gzipSync("a\nb"));
  for (
    const [bytes, lines] of [
      [[...packed, 1], ["a", "b"]],
      [packed.with(-5, packed.at(-5)! ^ 1), ["a", "b"]],
      // Who knows what it would be.
      [packed.subarray(0, -3), ["a"]],
    ] as [Iterable<number>, string[]][]
  ) {
    const reader = new LineReader(
      await Input.open(await dir.write("a.gz", new Uint8Array(bytes))),
    );
    for (const line of lines) assertEquals(await reader.next(), { value: line, done: false });
    await assertRejects(async () => await reader.next(), InputError);
    assertEquals(await reader.next(), { value: undefined, done: true });
  }
});
