import { assert, assertEquals, assertRejects } from "@std/assert";
import { constants, deflateRawSync, gzipSync } from "node:zlib";
import { InputError, UsageError } from "../../lib/errors.ts";
import { Input } from "../../lib/source/input.ts";
import { LineReader } from "../../lib/source/lines.ts";
import { Unpacker } from "../../lib/unpack/unpacker.ts";
import { folder } from "../fixtures/folder.ts";
import { start } from "../fixtures/program.ts";
import { all, open, outcomes, splits } from "../fixtures/sources.ts";

/** A text of which gzip does not make much less. */
function noise(lines: number): string {
  let text = "";
  for (let k = 0, n = 1; k < lines; k++) {
    n = n * 48271 % 2147483647;
    text += `${n.toString(36)}\n`;
  }
  return text;
}

const linesAt = async (path: string): Promise<string[]> =>
  (await all(new LineReader(await Input.open(path)))) as string[];

const NOISE = noise(50_000);

for (
  const [what, name, content] of [
    ["as it is", "a.txt", NOISE],
    ["decompressed", "a.txt.gz", gzipSync(NOISE)],
    ["decompressed, whatever its name", "a.txt", gzipSync(NOISE)],
    ["as it is, whatever its name", "a.gz", NOISE],
    [
      "of several gzip members",
      "a.gz",
      new Uint8Array([
        ...gzipSync(NOISE.slice(0, 99_999)),
        ...gzipSync(""),
        ...gzipSync(NOISE.slice(99_999)),
      ]),
    ],
    [
      "of gzip with zeros behind it, as tapes have",
      "a.gz",
      new Uint8Array([...gzipSync(NOISE), ...new Uint8Array(1000)]),
    ],
  ] as [string, string, string | Uint8Array][]
) {
  Deno.test(`Input reads a file ${what}`, async () => {
    await using dir = await folder();
    const lines = await linesAt(await dir.write(name, content));
    assert(lines.join("\n") + "\n" === NOISE);
  });
}

Deno.test("Input reads an empty file, an empty gzip, and a single byte", async () => {
  await using dir = await folder();
  assertEquals(await linesAt(await dir.write("a", "")), []);
  assertEquals(await linesAt(await dir.write("b", gzipSync(""))), []);
  assertEquals(await linesAt(await dir.write("c", "x")), ["x"]);
  assertEquals(await linesAt(await dir.write("d", new Uint8Array([0x1f]))), ["\x1f"]);
});

Deno.test("Input.progress() is the share of the file read, compressed or not", async () => {
  await using dir = await folder();
  for (const content of [NOISE, gzipSync(NOISE)]) {
    const input = await Input.open(await dir.write("a", content));
    assertEquals(input.progress(), 0);
    const seen: number[] = [];
    while (await input.read() !== undefined) seen.push(input.progress()!);
    input.close();
    assert(seen[0] > 0 && seen[0] < 1, `${seen[0]}`);
    assertEquals(seen.toSorted((a, b) => a - b), seen);
    assertEquals(seen.at(-1), 1);
  }
});

Deno.test("Input keeps a bounded part of a gzip bomb", async () => {
  await using dir = await folder();
  const path = await dir.write("bomb.gz", gzipSync(new Uint8Array(160 * 1024 * 1024)));
  const input = await Input.open(path);
  let bytes = 0;
  let most = 0;
  for (let block = await input.read(); block !== undefined; block = await input.read()) {
    bytes += block.length;
    most = Math.max(most, block.length);
    if (bytes > 32 * 1024 * 1024) break;
  }
  assert(input.progress()! <= 0.5, `${input.progress()} of it was read`);
  assert(most <= 256 * 1024, `${most} bytes at once`);
  input.close();
  assertEquals(await input.read(), undefined);
});

/** Deflated data as far as it goes, and then a block of a type that there is not. */
function broken(text: string): Uint8Array {
  const data = deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH });
  return new Uint8Array([...gzipSync("").subarray(0, 10), ...data, 0x07, ...gzipSync(text)]);
}

const PACKED = new Uint8Array(gzipSync(NOISE));
const CUT = "the input broke off (its gzip data is cut short): make it whole";

const CHECKSUM =
  "the gzip checksum is wrong, so some of the lines may be damaged: make the file again";

const MORE = "something that is not gzip follows its gzip data: remove that";

// With the least share of the text that is read before.
for (
  const [what, packed, why, least] of [
    ["is cut short", PACKED.subarray(0, -1000), CUT, 0.95],
    ["is cut in its last bytes", PACKED.subarray(0, -3), CUT, 1],
    ["is cut in front of its last bytes", PACKED.subarray(0, -8), CUT, 1],
    ["is cut in its head", PACKED.subarray(0, 5), CUT, 0],
    ["has a wrong checksum", PACKED.with(-6, PACKED.at(-6)! ^ 1), CHECKSUM, 1],
    ["has a wrong length", PACKED.with(-1, 1), CHECKSUM, 1],
    [
      "has a wrong checksum, and a member behind",
      [...PACKED.with(-8, PACKED.at(-8)! ^ 1), ...PACKED],
      CHECKSUM,
      1,
    ],
    ["has bytes behind it", [...PACKED, ...new TextEncoder().encode("http://h/\n")], MORE, 1],
    ["has a byte behind it", [...PACKED, 0x1f], MORE, 1],
    ["has zeros and a byte behind it", [...PACKED, ...new Uint8Array(999), 1], MORE, 1],
    ["has zeros and gzip behind it", [...PACKED, 0, 0, ...PACKED], MORE, 1],
    ["has a member with a cut head behind it", [...PACKED, 0x1f, 0x8b, 8], CUT, 1],
    [
      "is damaged",
      broken(NOISE),
      "its gzip data is damaged (invalid block type): make the file again",
      1,
    ],
    [
      "is compressed otherwise",
      PACKED.with(2, 9),
      "its gzip head is of an unknown kind: compress the file again",
      0,
    ],
    [
      "has flags of the future",
      PACKED.with(3, 0x20),
      "its gzip head is of an unknown kind: compress the file again",
      0,
    ],
  ] as [string, Iterable<number>, string, number][]
) {
  Deno.test(`Input.read() rejects when a gzip ${what}, after the data before it`, async () => {
    await using dir = await folder();
    const bytes = new Uint8Array(packed);
    const path = await dir.write("a.gz", bytes);
    const reader = new LineReader(await Input.open(path));
    const lines: string[] = [];
    const error = await assertRejects(async () => {
      for (let step = await reader.next(); !step.done; step = await reader.next()) {
        lines.push(step.value as string);
      }
    }, InputError);
    assertEquals(error.message, `Cannot read '--input ${path}' to its end: ${why}`);
    const text = lines.map((line) => `${line}\n`).join("");
    assert(NOISE.startsWith(text), "only whole lines are given");
    assert(text.length >= NOISE.length * least, `${text.length} of ${NOISE.length}`);
    // It is closed, or the sanitizer would find it.
    assertEquals(await reader.next(), { value: undefined, done: true });
  });
}

Deno.test("Input reads gzip with every header field, with any blocks", async () => {
  const data = deflateRawSync("a\nb\n");
  const tail = gzipSync("a\nb\n").subarray(-8);
  const head = [0x1f, 0x8b, 8, 0x1f, 1, 2, 3, 4, 0, 3];
  const parts = [3, 0, 7, 0, 7, 0x6e, 0, 0x63, 0x63, 0, 9, 9];
  const member = [...head, ...parts, ...data, ...tail];
  const bytes = Uint8Array.from([...member, ...gzipSync(""), ...member, 0, 0]);
  for (const blocks of splits(bytes)) {
    const gunzip = await Unpacker.open("gzip", () => blocks.read());
    let text = "";
    for (let piece; (piece = await gunzip.read()) !== undefined;) {
      text += new TextDecoder().decode(piece);
    }
    assertEquals(text, "a\nb\na\nb\n");
  }
});

Deno.test("Input.read() rejects when a later member is cut short", async () => {
  await using dir = await folder();
  const second = gzipSync(NOISE);
  const path = await dir.write(
    "a.gz",
    new Uint8Array([...gzipSync("first\n"), ...second.subarray(0, 100)]),
  );
  const reader = new LineReader(await Input.open(path));
  assertEquals(await reader.next(), { value: "first", done: false });
  await assertRejects(async () => {
    while (!(await reader.next()).done);
  }, InputError);
});

for (
  const [what, path, message] of [
    ["is not there", "nowhere.txt", "no such file"],
    ["has no name", "", "no such file"],
    ["is a folder", ".", "it is a folder: "],
    ["is below a file", "file/below", ": use a file that can be read"],
  ]
) {
  Deno.test(`Input.open() throws for a file that ${what}`, async () => {
    await using dir = await folder();
    await dir.write("file", "x");
    const full = path === "" ? "" : dir.path(path);
    const error = await assertRejects(() => Input.open(full), UsageError);
    assert(error.message.startsWith(`Cannot read '--input ${full}': `), error.message);
    assert(error.message.includes(message), error.message);
    assert(!error.message.includes("os error"), error.message);
  });
}

Deno.test({
  name: "Input.open() does not prompt when the permission is missing",
  permissions: { read: false },
  async fn() {
    const error = await assertRejects(() => Input.open("urls.txt"), UsageError);
    assertEquals(
      error.message,
      "Cannot read '--input urls.txt': no permission: run with --allow-read=urls.txt",
    );
  },
});

// Pipes.

Deno.test({
  name: "Input reads a named pipe as it is written, without progress",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using dir = await folder();
    const path = await dir.pipe("pipe");
    const [input, writer] = await Promise.all([
      Input.open(path),
      Deno.open(path, { write: true }),
    ]);
    const reader = new LineReader(input);
    const packed = gzipSync("a\nb\n");
    // The first byte alone does not tell yet what it is.
    await writer.write(packed.subarray(0, 1));
    const first = reader.next();
    await writer.write(packed.subarray(1));
    assertEquals(await first, { value: "a", done: false });
    assertEquals(await reader.next(), { value: "b", done: false });
    assertEquals(input.progress(), undefined);
    writer.close();
    assertEquals(await reader.next(), { value: undefined, done: true });
    reader.return();
  },
});

Deno.test({
  name: "Input.close() settles a read() that waits for a pipe",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using dir = await folder();
    for (const [name, content] of [["plain", "http://h/1\nhttp://h/"], ["packed", undefined]]) {
      const path = await dir.pipe(name!);
      const [source, writer] = await Promise.all([
        open({ input: { path, format: "lines" } }),
        Deno.open(path, { write: true }),
      ]);
      const bytes = content === undefined
        ? gzipSync("http://h/1\n" + NOISE).subarray(0, 30_000)
        : new TextEncoder().encode(content);
      await writer.write(bytes);
      let last: unknown;
      // Ends when the next one waits: nothing is written any more.
      let pending = source.next();
      assertEquals(outcomes([(await pending).value as never]), ["http://h/1"]);
      for (let waits = false; !waits;) {
        pending = source.next();
        if (!(pending instanceof Promise)) continue;
        await source.return();
        last = await pending;
        waits = true;
      }
      assertEquals(last, { value: undefined, done: true });
      assertEquals(await source.next(), { value: undefined, done: true });
      // What still waits in the kernel ends with the pipe.
      writer.close();
    }
  },
});

/** Runs a few lines of TypeScript that have `open` and `all`, with something on stdin. */
async function withStdin(script: string, stdin: Uint8Array | undefined): Promise<unknown> {
  await using dir = await folder();
  const fixtures = new URL("../fixtures/sources.ts", import.meta.url);
  const path = await dir.write(
    "script.ts",
    `import { all, open, outcomes } from ${JSON.stringify(fixtures.href)};\n${script}`,
  );
  const config = new URL("../../deno.json", import.meta.url).pathname;
  await using child = start([], { script: path, permissions: ["--config", config] });
  const writer = child.stdin.getWriter();
  if (stdin !== undefined) {
    await writer.write(stdin);
    await writer.close();
  }
  const [stdout, stderr, { code }] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.status,
  ]);
  if (stdin === undefined) await writer.close().catch(() => {});
  assertEquals([code, stderr], [0, ""]);
  return JSON.parse(stdout);
}

Deno.test("openSource() reads - from standard input, gzip too, without any permission", async () => {
  const script = `
    const source = await open({ input: { path: "-", format: "lines" } });
    console.log(JSON.stringify([source.progress(), source.total ?? null, outcomes(await all(source))]));
  `;
  const text = "http://h/1\r\n\n http://h/2 ";
  const bytes = new TextEncoder().encode(text);
  const expected = [null, null, ["http://h/1", "http://h/2"]];
  assertEquals(await withStdin(script, bytes), expected);
  assertEquals(await withStdin(script, gzipSync(text)), expected);
  assertEquals(await withStdin(script, new Uint8Array()), [null, null, []]);
});

Deno.test("openSource().return() ends a next() that waits for standard input", async () => {
  const waiting = `
    const source = await open({ input: { path: "-", format: "lines" } });
    const pending = source.next();
    await source.return();
    console.log(JSON.stringify((await pending).done));
    Deno.exit(0);
  `;
  assertEquals(await withStdin(waiting, undefined), true);
});
