import { assert, assertEquals, assertRejects } from "@std/assert";
import { gunzipSync } from "node:zlib";
import { OutputError } from "../../lib/errors.ts";
import { OUTPUT_FORMAT_NAMES, OUTPUT_FORMATS } from "../../lib/output/formats.ts";
import type { Output, OutputFormat } from "../../lib/output/output.ts";
import { listParts } from "../../lib/output/parquet/parts.ts";
import { RecordEncoder } from "../../lib/output/record_encoder.ts";
import { scanRecords } from "../../lib/output/scan_records.ts";
import type { Result } from "../../lib/result.ts";
import { integerAt, numberAt } from "../../lib/scan/scanner.ts";
import { Input } from "../../lib/source/input.ts";
import { folder } from "../fixtures/folder.ts";
import { result } from "../fixtures/result.ts";

// One suite over every format of the table: what it writes is read back, cut, and copied. A database
// has transactions instead, and a suite of its own.

const FIELDS = ["i", "url", "status", "ms", "bytes", "attempts", "error", "detail"];
const NAMES = ["i", "ms", "detail"];
const DETAILS = ["plain", 'a "b",\r\nc\nd', "=1+1", "17", "ü\u2028😀", ""];

/** What a record says, as far as the suite asks. */
type Read = [i: number, ms: number, detail: string];

for (const name of OUTPUT_FORMAT_NAMES) {
  const format: OutputFormat = OUTPUT_FORMATS[name];
  if (format.isDatabase) continue;
  const ending = format.endings[0];

  const open = async (path: string, gzip = false): Promise<Output> =>
    (await format.loadWriter()).open({
      file: await Deno.open(path, { write: true, create: true }),
      path,
      name: `--output ${path}`,
      gzip,
      fields: FIELDS,
      captures: [],
      isForTerminal: false,
    });
  const toResult = (i: number): Result =>
    result({
      ms: i + 0.25,
      status: null,
      error: "reset",
      detail: DETAILS[i % DETAILS.length],
    }, { i });
  const write = (output: Output, i: number): unknown => output.write(toResult(i));
  const expected = (i: number): Read => [i, i + 0.25, DETAILS[i % DETAILS.length]];
  /** Ends an output as a run does whose last journal is on the disk. */
  const end = async (output: Output): Promise<void> => {
    await output.sync();
    output.confirm?.();
    await output.finish?.();
    await output.close();
  };
  const read = async (path: string): Promise<Read[]> => {
    const records: Read[] = [];
    for (const part of await listParts(path)) records.push(...await readPart(part));
    return records;
  };
  const readPart = async (path: string): Promise<Read[]> => {
    const records: Read[] = [];
    await scanRecords(await Input.open(path), NAMES, {
      take: (scanner) =>
        records.push([integerAt(scanner, 0), numberAt(scanner, 1), scanner.text(2)]),
      onUnreadable: () => {
        throw new Error("there is something that is not a record");
      },
    });
    return records;
  };

  for (const gzip of format.isText ? [false, true] : [false]) {
    const file = gzip ? `out.${ending}.gz` : `out.${ending}`;

    Deno.test(`Output.cutTo() continues after what sync() wrote to the disk (${file})`, async () => {
      await using dir = await folder();
      const path = dir.path(file);
      const first = await open(path, gzip);
      await first.cutTo(0);
      for (let i = 0; i < 10; i++) await write(first, i);
      const position = await first.sync();
      assert(position > 0 && first.written > 0);
      for (let i = 10; i < 20; i++) await write(first, i);
      await first.close();
      if (format.isText) {
        assertEquals(await read(path), Array.from({ length: 20 }, (_, i) => expected(i)));
      }

      const second = await open(path, gzip);
      assertEquals(await second.reaches(position), true);
      await second.cutTo(position);
      for (let i = 30; i < 33; i++) await write(second, i);
      await end(second);
      const numbers = [...Array(10).keys(), 30, 31, 32];
      assertEquals(await read(path), numbers.map(expected));

      await Deno.truncate(path, format.isText ? 5 : 0);
      const third = await open(path, gzip);
      assertEquals([await third.reaches(0), await third.reaches(position)], [true, false]);
      await third.cutTo(0);
      await write(third, 7);
      await end(third);
      assertEquals(await read(path), [expected(7)]);
    });

    Deno.test(`Output.writeEncoded() writes the records of another thread (${file})`, async () => {
      await using dir = await folder();
      const path = dir.path(file);
      const output = await open(path, gzip);
      await output.cutTo(0);
      const { createFormatter } = await format.loadWriter();
      const formatter = createFormatter({ fields: FIELDS, captures: [], isForTerminal: false });
      const encoder = await RecordEncoder.open(formatter, gzip);
      // A block that is worth compressing, and one that is not.
      for (let i = 0; i < 1_003; i++) {
        encoder.add(toResult(i));
        if (i === 1_000) await output.writeEncoded(encoder.take()!);
      }
      await output.writeEncoded(encoder.take()!);
      assertEquals(encoder.take(), undefined);
      const position = await output.sync();
      await output.writeEncoded({
        bytes: new TextEncoder().encode(formatter(toResult(0))),
        isPacked: false,
      });
      await output.close();
      const cut = await open(path, gzip);
      await cut.cutTo(position);
      await end(cut);
      assertEquals(
        (await read(path)).sort(([a], [b]) => a - b),
        Array.from({ length: 1_003 }, (_, i) => expected(i)),
      );
    });

    Deno.test(`copy() copies the kept records unchanged (${file})`, async () => {
      await using dir = await folder();
      const [path, kept, to] = [dir.path(file), dir.path("kept"), dir.path("to")];
      // More than a reader and a writer hold at once, and numbers up to the last that there is.
      const first = Number.MAX_SAFE_INTEGER - 20_000;
      const all = await open(path, gzip);
      const some = await open(kept, gzip);
      for (const output of [all, some]) await output.cutTo(0);
      for (let k = 0; k <= 20_000; k++) {
        await write(all, first + k);
        if (k % 3 !== 0) await write(some, first + k);
      }
      for (const output of [all, some]) await end(output);
      const { copy } = await format.loadReader();
      const position = await copy!({
        from: path,
        to,
        gzip,
        names: NAMES,
        isKept: (scanner) => (integerAt(scanner, 0) - first) % 3 !== 0,
        onUnreadable: () => {
          throw new OutputError("there is something that is not a record");
        },
      });
      const copied = await open(to, gzip);
      await copied.cutTo(position);
      await end(copied);
      const plain = async (path: string): Promise<string> => {
        const bytes = await Deno.readFile(path);
        return new TextDecoder().decode(gzip ? gunzipSync(bytes) : bytes);
      };
      assertEquals(await plain(to), await plain(kept));
    });
  }

  if (!format.isText) continue;
  Deno.test(`copy() throws when a line is not a record, and closes its files (${name})`, async () => {
    await using dir = await folder();
    const path = dir.path(`broken.${ending}`);
    const output = await open(path);
    await output.cutTo(0);
    await write(output, 1);
    await output.close();
    await Deno.writeTextFile(path, '"\n', { append: true });
    const { copy } = await format.loadReader();
    const options = { from: path, to: dir.path("to"), gzip: false, names: NAMES };
    await assertRejects(
      () =>
        copy!({
          ...options,
          isKept: () => true,
          onUnreadable: () => {
            throw new OutputError("not a record");
          },
        }),
      OutputError,
      "not a record",
    );
  });
}
