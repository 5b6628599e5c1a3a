import { assertEquals, assertMatch } from "@std/assert";
import { OtlpExporter, type OtlpTimes } from "../../lib/metrics/otlp_exporter.ts";
import type { Snapshot } from "../../lib/stats/snapshot.ts";
import { Stats } from "../../lib/stats/stats.ts";
import { moment } from "../fixtures/moment.ts";
import { RawServer, refusedPort } from "../fixtures/raw_server.ts";

const SNAPSHOT: Snapshot = {
  ...new Stats().snapshot(moment()),
  thresholds: [],
  aborted: undefined,
};

/** Only the last message is sent. */
const TIMES: OtlpTimes = { intervalMs: 1e6, timeoutMs: 10_000, lastMs: 10_000, retryMs: 1 };

/** Sends the last message of a run. @returns the notices */
async function send(url: string, times: Partial<OtlpTimes> = {}): Promise<string[]> {
  const notices: string[] = [];
  const options = { url, shown: "SHOWN", headers: [["X-Key", "hunter2"]] as const };
  const exporter = OtlpExporter.open(options, { ...TIMES, ...times });
  exporter.start({
    version: "1.2.3",
    takeSnapshot: () => SNAPSHOT,
    onNotice: (text) => notices.push(text),
  });
  await exporter.finish(SNAPSHOT);
  return notices;
}

const answer = (status: string, body = "", fields = ""): string =>
  `HTTP/1.1 ${status}\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;

Deno.test("OtlpExporter sends a message of JSON with its fields, and tells nothing", async () => {
  await using server = await RawServer.start(({ send }) => send(answer("200 OK", "{}")));
  assertEquals(await send(server.url("/v1/metrics")), []);
  const [head] = server.requests;
  assertEquals(server.requests.length, 1);
  assertMatch(head, /^POST \/v1\/metrics HTTP\/1\.1\r\n/);
  assertMatch(head, /\r\ncontent-type: application\/json\r\n/i);
  assertMatch(head, /\r\nuser-agent: myriad\/1\.2\.3\r\n/i);
  assertMatch(head, /\r\nx-key: hunter2\r\n/i);
});

for (
  const [what, response, notice] of [
    ["refuses", answer("401 Unauthorized", "who\x1b are you"), "status 401: who\x1b are you"],
    ["redirects", answer("302 Found", "", "Location: http://127.0.0.1:1/\r\n"), "status 302"],
    [
      "takes a part",
      answer("200 OK", '{"partialSuccess":{"rejectedDataPoints":"2","errorMessage":"old"}}'),
      "some were rejected: 2 values, old",
    ],
    [
      "answers at length",
      answer("400 Bad Request", "x".repeat(1e5)),
      `status 400: ${"x".repeat(200)}`,
    ],
    ["answers garbage", "what?\r\n\r\n", "invalid HTTP version parsed"],
  ] as const
) {
  Deno.test(`OtlpExporter tells when the receiver ${what}, and tries no more`, async () => {
    await using server = await RawServer.start(({ send }) => send(response));
    const notices = await send(server.url("/"));
    assertEquals(notices, [`the last metrics did not reach 'SHOWN': ${notice}`]);
    assertEquals(server.requests.length, 1);
  });
}

Deno.test("OtlpExporter tells when nobody listens, or no answer comes in time", async () => {
  assertEquals(await send(`http://127.0.0.1:${await refusedPort()}/`), [
    "the last metrics did not reach 'SHOWN': Connection refused",
  ]);
  await using server = await RawServer.start(() => {});
  assertEquals(await send(server.url("/"), { lastMs: 20 }), [
    "the last metrics did not reach 'SHOWN': no answer in time",
  ]);
});

Deno.test("OtlpExporter sends the last message again if the receiver is busy", async () => {
  const answers = [
    answer("503 Service Unavailable"),
    answer("429 Too Many Requests", "", "Retry-After: 0\r\n"),
    answer("200 OK"),
  ];
  await using server = await RawServer.start(({ send }) => send(answers.shift()!));
  assertEquals(await send(server.url("/")), []);
  assertEquals(server.requests.length, 3);
  // As long as the receiver wants is too long for the end of a run.
  await using other = await RawServer.start(({ send }) =>
    send(answer("503 Service Unavailable", "", "Retry-After: 60\r\n"))
  );
  assertEquals(await send(other.url("/")), ["the last metrics did not reach 'SHOWN': status 503"]);
  assertEquals(other.requests.length, 1);
});

Deno.test("OtlpExporter sends messages during the run, and tells each problem once", async () => {
  const messages = Promise.withResolvers<void>();
  let count = 0;
  await using server = await RawServer.start(({ send }) => {
    if (++count === 6) messages.resolve();
    send(answer(count < 4 ? "500 Oops" : "200 OK"));
  });
  const notices: string[] = [];
  const options = { url: server.url("/"), shown: "SHOWN", headers: [] };
  const exporter = OtlpExporter.open(options, { ...TIMES, intervalMs: 1 });
  exporter.start({
    version: "1.2.3",
    takeSnapshot: () => SNAPSHOT,
    onNotice: (text) => notices.push(text),
  });
  await messages.promise;
  await exporter.finish(SNAPSHOT);
  assertEquals(notices, ["metrics do not reach 'SHOWN': status 500"]);
});
