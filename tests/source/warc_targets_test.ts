import { assert, assertEquals, assertRejects } from "@std/assert";
import { gzipSync } from "node:zlib";
import { joinBytes } from "../../lib/byte_buffer.ts";
import { InputError, UsageError } from "../../lib/errors.ts";
import type { InputFormatName } from "../../lib/source/formats.ts";
import { toRecord, toResponse, writeWithWarcio, zipEach } from "../fixtures/archives.ts";
import { folder } from "../fixtures/folder.ts";
import { all, open, type TestOptions } from "../fixtures/sources.ts";

/** The URLs that an input of these bytes leads to. */
async function read(
  bytes: Uint8Array,
  { format = "warc", ...options }: TestOptions & { readonly format?: InputFormatName } = {},
): Promise<string[]> {
  await using dir = await folder();
  const path = dir.path("x.warc.gz");
  await Deno.writeFile(path, bytes);
  const targets = await open({ input: { path, format }, ...options });
  return (await all(targets)).map(({ url, invalid }) => invalid ?? url);
}

const response = (uri: string, version?: string) =>
  toRecord("response", toResponse("x"), { uri, version });

const RECORDS = [
  toRecord("warcinfo", "software: x\r\n", { contentType: "application/warc-fields" }),
  toRecord("request", "GET / HTTP/1.1\r\n\r\n", { uri: "http://h/request" }),
  response("http://h/1"),
  // As wget writes it.
  response("<http://h/2>", "WARC/1.0"),
  toRecord("revisit", "", { uri: "http://h/3" }),
  toRecord("resource", "x", { uri: "https://h/4", contentType: "text/plain" }),
  // As Heritrix and Browsertrix write them.
  toRecord("response", "20260101\n", { uri: "dns:h", contentType: "text/dns" }),
  toRecord("resource", "{}", { uri: "urn:pageinfo:http://h/", contentType: "application/json" }),
  toRecord("metadata", "via: x\r\n", { uri: "http://h/metadata" }),
  response("http://h/no valid\u0001one"),
];
const URLS = ["http://h/1", "http://h/2", "http://h/3", "https://h/4"];

Deno.test("a WARC file has the URLs of its responses, revisits and resources", async () => {
  const [plain, each] = [joinBytes(...RECORDS), zipEach(RECORDS)];
  for (const bytes of [plain, each, gzipSync(plain)]) {
    const urls = await read(bytes);
    assertEquals(urls.slice(0, 4), URLS);
    // As a line with such a URL: a record of the run says so.
    assert(urls[4].includes("control character"), urls[4]);
    assertEquals(urls.length, 5);
  }
});

Deno.test("a WARC file that warcio wrote is read, from a number on, in rounds, shuffled", async () => {
  const urls = Array.from({ length: 5 }, (_, k) => `http://h/${k}`);
  const bytes = await writeWithWarcio(urls);
  assertEquals(await read(bytes), urls);
  assertEquals(await read(bytes, { start: 3 }), urls.slice(3));
  assertEquals(
    await read(bytes, { start: 3, count: 4, loop: true }),
    [3, 4, 0, 1].map((k) => urls[k]),
  );
  const order = { isShuffled: true, share: undefined, seed: 1, first: 0, count: Infinity };
  const shuffled = await read(bytes, { order });
  assertEquals(shuffled.toSorted(), urls);
  assertEquals(
    await read(bytes, { template: "http://other/?of={}" }),
    urls.map((url) => `http://other/?of=${encodeURIComponent(url)}`),
  );
});

Deno.test("a WARC file that is wrong or cut short gives what comes before that", async () => {
  await using dir = await folder();
  const path = dir.path("x");
  const wrong = toRecord("response", "xyz", { uri: "http://h/", length: 2 });
  for (
    const [bytes, why] of [
      [joinBytes(...RECORDS, wrong, response("http://h/5")), "record 11 does not end where"],
      [zipEach(RECORDS).subarray(0, -20), "the input broke off"],
    ] as const
  ) {
    await Deno.writeFile(path, bytes);
    const targets = await open({ input: { path, format: "warc" } });
    const urls: string[] = [];
    const error = await assertRejects(async () => {
      for (let step; !(step = await targets.next()).done;) urls.push(step.value.url);
    }, InputError);
    assert(error.message.includes(why), error.message);
    assertEquals(urls.slice(0, 4), URLS);
  }
});

Deno.test("a file is refused before the first URL if its format is another one", async () => {
  const error = await assertRejects(
    () => read(new TextEncoder().encode("http://h/\n")),
    UsageError,
  );
  assert(error.message.includes("use --input-format if it is not WARC"), error.message);
  const warc = await assertRejects(
    () => read(zipEach(RECORDS), { format: "lines" }),
    UsageError,
  );
  assert(warc.message.includes("use '--input-format warc' for its URLs"), warc.message);
  assertEquals(await read(new Uint8Array()), []);
});
