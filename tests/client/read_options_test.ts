import { assertEquals, assertRejects } from "@std/assert";
import type { ClientOptions } from "../../lib/client/options.ts";
import { readOptions } from "../../lib/client/read_options.ts";
import type { RunFlag } from "../../lib/options/rows/flag.ts";
import { RUN_FLAGS } from "../../lib/options/table.ts";
import type { EngineName } from "../../lib/engine/engines.ts";
import type { TransportName } from "../../lib/engine/options.ts";

Deno.test("readOptions() has the defaults of the command line", async () => {
  const { concurrency, timeoutMs, maxBodyBytes, redirects, engine, retry } = await readOptions({});
  assertEquals(
    [concurrency, timeoutMs, maxBodyBytes, redirects, engine, retry.retries],
    [100, 30_000, 64 * 2 ** 20, 10, "auto", 0],
  );
});

Deno.test("readOptions() reads what the types allow", async () => {
  const options = await readOptions({
    concurrency: 5,
    rate: "0.03k/m",
    hostRate: 10,
    hostGiveUp: "never",
    noPause: false,
    retries: 2,
    retryOn: "timeout,5xx",
    timeout: "1.5s",
    maxBody: "1M",
    resolve: ["a.test:80:127.0.0.1", "b.test:80:127.0.0.2"],
    proxy: undefined,
    compressed: true,
    headers: { "User-Agent": "me", "X-A": "{i}" },
    expect: { status: ["2xx", 404], headers: { "Content-Type": "json" } },
  });
  assertEquals(
    [options.concurrency, options.rate, options.hostDelayMs, options.hostGiveUpMs],
    [5, 0.5, 100, Infinity],
  );
  assertEquals([options.timeoutMs, options.maxBodyBytes], [1_500, 2 ** 20]);
  assertEquals(options.resolve?.length, 2);
  assertEquals(options.headers.map(([name]) => name), ["Accept-Encoding", "User-Agent", "X-A"]);
  assertEquals([options.expect.statuses?.has(404), options.expect.statuses?.has(500)], [
    true,
    false,
  ]);
  assertEquals(options.retry.expected, options.expect.statuses);
  // The types name the same engines and transports as the flags.
  const engine: EngineName | undefined = ({} as ClientOptions).engine;
  const transport: TransportName | undefined = ({} as ClientOptions).transport;
  const others: Pick<ClientOptions, "engine" | "transport"> = {
    engine: "auto" as EngineName,
    transport: "auto" as TransportName,
  };
  assertEquals([engine, transport, Object.keys(others).length], [undefined, undefined, 2]);
});

Deno.test("ClientOptions has an option for each flag whose row says so, and two more", async () => {
  const source = await Deno.readTextFile(new URL("../../lib/client/options.ts", import.meta.url));
  const [, members] = /interface ClientOptions \{(.*?)\n\}/s.exec(source)!;
  const typed = Array.from(members.matchAll(/^ {2}readonly (\w+)\?:/gm), ([, name]) => name);
  const flags: readonly RunFlag[] = RUN_FLAGS;
  const ofTable = flags.filter(({ inLibrary }) => inLibrary?.includes("Client"))
    .map(({ name }) => name.replaceAll(/-([a-z])/g, (_, letter) => letter.toUpperCase()));
  assertEquals(typed.sort(), [...ofTable, "headers", "expect"].sort());
});

Deno.test("readOptions() refuses what is wrong, by the names of the options", async () => {
  const wrong: readonly (readonly [options: unknown, message: string])[] = [
    [{ concurency: 1 }, "unknown option 'concurency': did you mean 'concurrency'?"],
    [{ output: "x.ndjson" }, "unknown option 'output': use some of concurrency, rate,"],
    [{ threads: 2 }, "unknown option 'threads'"],
    [{ concurrency: 0 }, "Cannot open a client: Cannot read 'concurrency 0'"],
    [{ timeout: 5 }, "Cannot open a client: Cannot read 'timeout 5'"],
    [{ retryDelay: "1s" }, "'retryDelay' needs 'retries'"],
    [{ engine: "http3" }, "'engine http3'"],
    [{ engine: "fetch", unixSocket: "/s" }, "'unixSocket' with 'engine fetch'"],
    [{ hostRate: 1, hostDelay: "1s" }, "'hostRate' and 'hostDelay' contradict each other"],
    [{ headers: { "a b": "1" } }, "its name is not a token"],
    [{ expect: { status: "many" } }, "'expect.status' must be a list of statuses"],
    [{ expect: { state: 1 } }, "'expect' has 'state'"],
  ];
  for (const [options, message] of wrong) {
    await assertRejects(() => readOptions(options as ClientOptions), RangeError, message);
  }
});
