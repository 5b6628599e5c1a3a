import { assertEquals, assertRejects } from "@std/assert";
import { joinBytes } from "../../../lib/byte_buffer.ts";
import { review } from "../../../lib/commands/report/read_run.ts";
import { InputError, UsageError } from "../../../lib/errors.ts";
import { toRecord, toResponse, writeWithWarcio, zipEach } from "../../fixtures/archives.ts";
import { folder } from "../../fixtures/folder.ts";

const response = (
  uri: string,
  { block = toResponse("12345"), second = 5, more, type = "response" }: {
    readonly block?: string;
    readonly second?: number;
    readonly more?: readonly string[];
    readonly type?: string;
  } = {},
) => toRecord(type, block, { uri, date: `2026-01-02T03:04:0${second}.250Z`, more });

const info = (software: string) =>
  toRecord("warcinfo", `format: WARC\r\nsoftware: ${software}\r\n`, {
    contentType: "application/warc-fields",
  });

async function report(files: readonly Uint8Array[], top?: number) {
  await using dir = await folder();
  const paths = [];
  for (const [k, bytes] of files.entries()) {
    const path = dir.path(`${k}.warc.gz`);
    await Deno.writeFile(path, bytes);
    paths.push(path);
  }
  return await review(paths, top);
}

Deno.test("review() counts each response of an archive of others, as far as it is told", async () => {
  const { summary, hosts } = await report([
    zipEach([
      info("Wget/1.21"),
      toRecord("request", "GET / HTTP/1.1\r\n\r\n", { uri: "http://a/" }),
      response("<http://a/>", { block: "HTTP/1.1 302 Found\r\nLocation: /b\r\n\r\n" }),
      response("http://a/b"),
      response("http://b/", { block: "HTTP/1.1 404 Not Found\r\n\r\n", second: 7 }),
      response("http://b/lf", { block: "HTTP/1.1 410 Gone\nX: 1\n\n\r\n\r\n3" }),
      toRecord("response", "1", { uri: "dns:a", contentType: "text/dns" }),
      toRecord("resource", "1", { uri: "http://a/r", contentType: "text/plain" }),
    ]),
    joinBytes(response("http://b/2", { block: "not HTTP" })),
  ]);
  assertEquals(summary.requests, 5);
  assertEquals(summary.failed, 1);
  assertEquals(summary.errors?.protocol?.count, 1);
  assertEquals(summary.statuses, { "200": 1, "302": 1, "404": 1, "410": 1 });
  assertEquals(summary.bytes, 10);
  // How long they took is in no archive of others.
  assertEquals([summary.latency_ms, summary.attempts, summary.seconds, hosts], [
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

Deno.test("review() counts each request of an archive of this program, with what it tells", async () => {
  const own = (i: number, ms: number, ...more: string[]) => [
    `Myriad-Number: ${i}`,
    `Myriad-Ms: ${ms}`,
    "Myriad-Attempts: 2",
    "Myriad-Bytes: 7",
    ...more,
  ];
  const { summary, hosts } = await report([
    zipEach([
      info("myriad/1.2.3"),
      response("http://a/", { block: "HTTP/1.1 302 Found\r\nLocation: /b\r\n\r\n" }),
      response("http://a/b", { more: own(0, 10) }),
      response("http://a/b", { type: "revisit", second: 6, more: own(1, 20) }),
      response("http://b/", {
        block: "HTTP/1.1 500 Oops\r\n\r\n",
        second: 7,
        more: own(2, 30, "Myriad-Error: expect"),
      }),
    ]),
  ], 2);
  assertEquals([summary.requests, summary.failed], [3, 1]);
  assertEquals(summary.statuses, { "200": 2, "500": 1 });
  assertEquals([summary.bytes, summary.attempts], [21, 6]);
  assertEquals(summary.latency_ms?.max, 20);
  assertEquals(summary.started, "2026-01-02T03:04:05.250Z");
  assertEquals(summary.slowest?.map(({ i, ms }) => [i, ms]), [[1, 20], [0, 10]]);
  assertEquals(hosts?.map(({ host }) => host), ["a", "b"]);
});

Deno.test("review() reads the archive of warcio", async () => {
  const { summary } = await report([await writeWithWarcio(["http://h/1", "http://h/2"])]);
  assertEquals([summary.requests, summary.succeeded], [2, 2]);
});

Deno.test("review() takes no figure that a hostile archive makes up", async () => {
  const more = ["Myriad-Number: -1", "Myriad-Ms: 1e999", "Myriad-Attempts: x", "Myriad-Error: bug"];
  const { summary } = await report([zipEach([response("http://a/", { more })])]);
  assertEquals([summary.requests, summary.succeeded], [1, 1]);
  assertEquals([summary.latency_ms, summary.attempts], [undefined, undefined]);
});

Deno.test("review() refuses an archive that is damaged, or beside files of another kind", async () => {
  const bytes = zipEach([response("http://a/")]);
  await assertRejects(() => report([bytes.subarray(0, -9)]), InputError);
  const error = await assertRejects(
    () => report([bytes, new TextEncoder().encode('{"status":200}\n')]),
    UsageError,
  );
  assertEquals(error.message.split(": ").slice(-2), [
    "one is an archive, the other records",
    "pass files of one kind",
  ]);
});
