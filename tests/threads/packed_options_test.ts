import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { BELOW_400 } from "../../lib/check/status_set.ts";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import {
  packOptions,
  unpackOptions,
  type WorkerOptions,
} from "../../lib/threads/packed_options.ts";

const parse = async (...argv: string[]): Promise<RunOptions> =>
  await parseRun(argv, "0.0.0") as RunOptions;

const send = (options: WorkerOptions): WorkerOptions =>
  unpackOptions(structuredClone(packOptions(options)));

Deno.test("unpackOptions() returns what packOptions() was given, after a clone", async () => {
  const options = await parse(
    ...["http://127.0.0.1/{}", "-H", "X-A: {}", "-H", "X-B: b", "-d", '{"a":"{}","b":{}}'],
    ...["-c", "7", "-q", "30/m", "--retries", "2", "--retry-on", "503,network", "-x", "a:b@p:1"],
    ...["--expect-status", "2xx", "--expect-header", "x: ^y$", "--expect-body", "z+"],
    ...[
      "--expect-latency",
      "1s",
      "-o",
      "out.csv",
      "--fields",
      "i,status",
      "--host-give-up",
      "never",
    ],
  );
  const sent = send(options);
  for (const [name, value] of Object.entries(sent)) {
    if (name === "expect" || name === "retry") continue;
    assertEquals(value, options[name as keyof RunOptions], name);
  }
  const { statuses, headers, bodies, latencyMs } = sent.expect;
  assertEquals([statuses!.text, statuses!.has(299), statuses!.has(300)], ["2xx", true, false]);
  const [{ name, pattern }] = headers!;
  assertEquals([name, pattern.test("y"), pattern.test("yy"), bodies![0].test("azz")], [
    "x",
    true,
    false,
    true,
  ]);
  assertEquals(latencyMs, 1_000);
  assertEquals({ ...sent.retry, expected: undefined }, { ...options.retry, expected: undefined });
  assertEquals(sent.retry.expected!.text, "2xx");
});

Deno.test("unpackOptions() keeps what other code compares by identity", async () => {
  const sent = send(await parse("http://127.0.0.1/{}", "--fail", "-H", "X-A: {}", "-H", "X-B: b"));
  assertStrictEquals(sent.expect.statuses, BELOW_400);
  assertEquals(sent.retry.expected, undefined);
  const [templated, fixed] = sent.headers;
  assert(sent.templates!.headers.has(templated) && !sent.templates!.headers.has(fixed));
});

Deno.test("unpackOptions() returns templates that make values safe as before", async () => {
  const { templates } = send(await parse("http://127.0.0.1/", "-d", '{"a":"{}","b":{}}'));
  assertEquals(templates!.body!.expand(() => 'x"'), '{"a":"x\\"","b":"x\\""}');
});

Deno.test("unpackOptions() returns captures that extract as before", async () => {
  const options = await parse(
    ...["http://127.0.0.1/", "-o", "-"],
    ...["--capture", "id=regex:id=(\\d+)", "--capture", "n=json:/a/0"],
  );
  const [id, n] = send(options).captures;
  assertEquals([id.name, id.from === "text" && id.extract("id=17")], ["id", "17"]);
  assertEquals([n.name, n.from === "json" && n.extract({ a: [5] })], ["n", 5]);
});
