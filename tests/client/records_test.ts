import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Client } from "../../lib/client/client.ts";
import { Records, type RecordsOptions } from "../../lib/client/records.ts";
import type { OutputFormatName } from "../../lib/output/formats.ts";
import { countJournaled } from "../fixtures/count_journaled.ts";
import { folder } from "../fixtures/folder.ts";
import { DENO_RUN, run, spawn } from "../fixtures/program.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { until } from "../fixtures/until.ts";

function* listUrls(server: RawServer, count: number): Generator<string> {
  for (let i = 0; i < count; i++) yield server.url(`/${i}`);
}

/** The numbers in a file of records, in ascending order. */
async function readNumbers(path: string): Promise<number[]> {
  const lines = (await Deno.readTextFile(path)).trim().split("\n");
  return lines.map((line) => JSON.parse(line).i).sort((a, b) => a - b);
}

/** A program that makes 3,000 requests, and can be killed. */
const CRAWL = new URL("../fixtures/library_crawl.ts", import.meta.url).pathname;

Deno.test("Records goes on after a process that was killed: none missing, none twice", async () => {
  await using dir = await folder();
  let allowed = 1_000;
  const held: (() => void)[] = [];
  await using server = await RawServer.start(({ send }) => {
    if (server.requests.length <= allowed) send(ok());
    else held.push(() => send(ok()));
  });
  const path = dir.path("pages.ndjson");
  const args = [...DENO_RUN, "--allow-all", CRAWL, server.url("/"), path];
  await using first = spawn(args, {});
  await until(async () => await countJournaled(path) > 0);
  // Records that the journal does not know of.
  allowed = 1_500;
  for (const answer of held) answer();
  await until(() => server.requests.length > allowed);
  first.kill("SIGKILL");
  await first.status;
  assert(await countJournaled(path) < 3_000);
  allowed = Infinity;
  const { code, stderr } = await run(args);
  assertEquals([code, stderr], [0, ""]);
  assertEquals(await readNumbers(path), Array.from({ length: 3_000 }, (_, i) => i));
});

Deno.test("Records is one file over several processes, and nothing more once it is complete", async () => {
  await using dir = await folder();
  await using server = await RawServer.start(({ send }) => send(ok()));
  await using client = await Client.open({ concurrency: 4 });
  const path = dir.path("pages.csv");
  const crawl = async (most: number): Promise<[made: number, isResumed: boolean]> => {
    await using records = await Records.open(path, {
      resume: true,
      fields: ["i", "url", "status"],
    });
    let made = 0;
    for await (const hit of client.all(records.pending(listUrls(server, 30)))) {
      await records.write(hit);
      if (++made === most) break;
    }
    return [made, records.isResumed];
  };
  assertEquals(await crawl(7), [7, false]);
  assertEquals(await crawl(8), [8, true]);
  assertEquals(await crawl(Infinity), [15, true]);
  assertEquals(await crawl(Infinity), [0, true]);
  const lines = (await Deno.readTextFile(path)).trim().split("\n");
  assertEquals([lines[0], new Set(lines).size], ["i,url,status", 31]);
  await assertRejects(
    () => Records.open(path, { resume: true, fields: ["i"] }),
    Error,
    "'fields' was 'i,url,status' and is 'i'",
  );
});

Deno.test("Records.write() refuses a second record of a number", async () => {
  await using dir = await folder();
  await using server = await RawServer.start(({ send }) => send(ok()));
  await using client = await Client.open();
  const path = dir.path("pages.ndjson");
  const records = await Records.open(path);
  const hit = await client.hit({ url: server.url(), i: 3 });
  await records.write(hit);
  assertThrows(() => records.write(hit), RangeError, "number 3 has one already");
  await assertRejects(() => Records.open(path, { resume: true }), Error, "another run writes it");
  await records.close();
  assertThrows(() => records.write(hit), Error, "the file is closed");
  assertEquals(await readNumbers(path), [3]);
  await assertRejects(
    () => Records.open(path),
    Error,
    "use resume to go on with it, or use overwrite",
  );
  await using again = await Records.open(path, { overwrite: true });
  await again.write(hit);
});

Deno.test("RecordsOptions names the same formats as the flag", () => {
  const format: OutputFormatName | undefined = ({} as RecordsOptions).format;
  const other: Pick<RecordsOptions, "format"> = { format: "csv" as OutputFormatName };
  assertEquals([format, other], [undefined, { format: "csv" }]);
});

Deno.test("Records.open() refuses wrong options, and files that cannot be written", async () => {
  await using dir = await folder();
  const open = (path: string, options: object) => Records.open(path, options);
  await assertRejects(
    () => open(dir.path("a.ndjson"), { format: "xml" }),
    RangeError,
    "format xml",
  );
  await assertRejects(() => open(dir.path("a.ndjson"), { color: 1 }), RangeError, "'color'");
  await assertRejects(() => open(dir.path("a.ndjson"), { fields: ["a"] }), RangeError, "field 'a'");
  await assertRejects(() => open(dir.path("no/a.ndjson"), {}), Error, "Cannot write 'output");
  assertEquals([...Deno.readDirSync(dir.path())], []);
});

Deno.test("Records.pending() closes the items if it is left early", async () => {
  await using dir = await folder();
  await using records = await Records.open(dir.path("a.ndjson"));
  let isClosed = false;
  const items = async function* () {
    try {
      for (;;) yield await Promise.resolve({ url: "http://127.0.0.1/", name: "x" });
    } finally {
      isClosed = true;
    }
  };
  for await (const item of records.pending(items())) {
    assert(item.i === 0 && item.name === "x");
    break;
  }
  assertEquals(isClosed, true);
});
