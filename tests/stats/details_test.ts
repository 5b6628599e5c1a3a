import { assert, assertEquals } from "@std/assert";
import { EventLoopLoad } from "../../lib/process/event_loop_load.ts";
import type { Result } from "../../lib/result.ts";
import { ErrorGroups, normalizedMessage } from "../../lib/stats/error_groups.ts";
import { HostTally } from "../../lib/stats/host_tally.ts";
import { Slowest } from "../../lib/stats/slowest.ts";
import { result } from "../fixtures/result.ts";

const of = (url: string, more: Partial<Result> = {}): Result => result(more, { url });

Deno.test("HostTally.record() tells hosts apart by scheme, name and port", () => {
  const hosts = new HostTally();
  const urls = [
    "http://host/1",
    "http://host/2",
    "http://host",
    "http://host?q",
    "http://host#f",
    "http://host\\x",
    "http://host:80/",
    "http://HOST/",
    "http://hostile/",
    "http://host.org/",
    "http://host:8080/",
    "http://host@evil/",
    "http://name:password@host/",
    "https://host/",
    "http://[::1]:81/",
  ];
  for (const url of [...urls, ...urls.toReversed()]) hosts.record(of(url));
  assertEquals(
    hosts.figures().map(({ host, requests }) => [host, requests]),
    [
      ["host:80", 18],
      ["hostile", 2],
      ["host.org", 2],
      ["host:8080", 2],
      ["evil", 2],
      ["host:443", 2],
      ["[::1]:81", 2],
    ],
  );
});

Deno.test("HostTally.figures() leaves out a default port", () => {
  const hosts = new HostTally();
  for (const url of ["http://a:80/", "https://b/", "http://127.1/", "http://127.0.0.1/"]) {
    hosts.record(of(url));
  }
  assertEquals(
    hosts.figures().map(({ host, requests }) => [host, requests]),
    [["a", 1], ["b", 1], ["127.0.0.1", 2]],
  );
});

Deno.test("HostTally.record() counts by the URL's host, with or without an origin", () => {
  const hosts = new HostTally();
  for (const origin of [undefined, "http://a", undefined, "http://b:81", "http://a", undefined]) {
    hosts.record(of(`${origin ?? "HTTP://A"}/x`, { origin }));
  }
  assertEquals(
    hosts.figures().map(({ host, requests }) => [host, requests]),
    [["a", 5], ["b:81", 1]],
  );
});

Deno.test("HostTally.figures() has the times of responses only, and no NaN without one", () => {
  const hosts = new HostTally();
  hosts.record(of("http://a/", { ms: 10 }));
  hosts.record(of("http://a/", { ms: 30 }));
  hosts.record(of("http://a/", { ms: 9_000, status: null, error: "timeout" }));
  hosts.record(of("http://b/", { ms: 1, status: null, error: "refused" }));
  assertEquals(hosts.figures(), [
    { host: "a", requests: 3, failed: 1, meanMs: 20, maxMs: 30 },
    { host: "b", requests: 1, failed: 1, meanMs: 0, maxMs: 0 },
  ]);
});

Deno.test("HostTally.record() bounds the number of hosts, and counts each request", () => {
  const hosts = new HostTally();
  for (let round = 0; round < 2; round++) {
    for (let k = 0; k < 3_000; k++) hosts.record(of(`http://h${k}.example/`));
  }
  const figures = hosts.figures();
  assertEquals(figures.length, 1_001);
  assertEquals(figures[999], {
    host: "h999.example",
    requests: 2,
    failed: 0,
    meanMs: 1000,
    maxMs: 1000,
  });
  assertEquals([figures[1_000].host, figures[1_000].requests], ["others", 4_000]);
});

Deno.test("HostTally.record() ignores requests that were not made, and bounds names", () => {
  const hosts = new HostTally();
  hosts.record(result({ error: "url", status: null }, { url: "no url", invalid: "not a URL" }));
  assertEquals(hosts.figures(), []);
  hosts.record(of(`http://${"h".repeat(10_000)}/`));
  assertEquals(hosts.figures()[0].host.length, 200);
});

Deno.test("Slowest keeps the 20 slowest responses, the earlier of equal ones", () => {
  const slowest = new Slowest();
  // 0 to 99 in an order of no pattern.
  for (let k = 0; k < 100; k++) {
    slowest.record(result({ ms: k * 37 % 100, at: k }, { i: k, url: `http://h/${k}` }));
  }
  const before = slowest.list();
  assertEquals(before.map(({ ms }) => ms), Array.from({ length: 20 }, (_, k) => 99 - k));
  assertEquals(
    before.every(({ i, ms, at, url }) =>
      i * 37 % 100 === ms && at === i && url === `http://h/${i}`
    ),
    true,
  );
  slowest.record(result({ ms: 80 }, { i: 1_000 }));
  assertEquals(slowest.list(), before);
  slowest.record(result({ ms: 99 }, { i: 1_001 }));
  assertEquals(slowest.list().slice(0, 2).map(({ i }) => i), [before[0].i, 1_001]);
  assertEquals([slowest.list().length, before[1].ms], [20, 98]);
});

Deno.test("Slowest keeps no failures and no secrets, and bounds texts", () => {
  const slowest = new Slowest();
  slowest.record(of("http://h/", { status: null, error: "timeout", ms: 30_000 }));
  slowest.record(of("http://h/", { status: 500, error: "expect", ms: 30_000 }));
  slowest.record(of(`http://name:password@h/${"x".repeat(5_000)}`, { ms: 0 }));
  const [{ url, status }, ...others] = slowest.list();
  assertEquals([url.length, url.slice(0, 9), status, others], [200, "http://h/", 200, []]);
});

/** Looks at a loop whose thread had so much of each half second, when its timer came so late. */
function busyAfter(looks: readonly (readonly [passedMs: number, cpuMs: number])[]): number {
  let [now, cpu] = [1_000, 50];
  const meter = new EventLoopLoad({ now: () => now, cpu: () => cpu });
  for (const [passedMs, cpuMs] of looks) {
    now += passedMs;
    cpu += cpuMs;
    meter.sample();
  }
  return meter.busy;
}

const LOOPS: [string, [passedMs: number, cpuMs: number][], number][] = [
  ["it had no time to look", [], 0],
  ["nothing passed", [[0, 0]], 0],
  ["its thread rests", [[500, 0]], 0],
  ["its thread has half of the time", [[500, 250]], 0.5],
  ["its thread never rests", [[500, 500], [500, 500]], 1],
  ["the clocks' steps make it more than all", [[500, 510]], 1],
  ["it could not run though it wanted to", [[1_000, 100]], 0.5],
  ["a clock goes back", [[500, -10]], 0],
  ["it was busy half a second ago, and is not now", [[500, 500], [500, 0]], 0.5],
];
for (const [when, looks, busy] of LOOPS) {
  Deno.test(`EventLoopLoad.busy is ${busy} when ${when}`, () =>
    assertEquals(busyAfter(looks), busy));
}

Deno.test("EventLoopLoad tells a busy loop from an idle one", () => {
  const busy = new EventLoopLoad();
  const start = performance.now();
  while (performance.now() - start < 700);
  busy.sample();
  // Where others take the processor, the timer that it had would have come late.
  assert(busy.busy > 0.2, `${busy.busy}`);
});

Deno.test("EventLoopLoad.stop() leaves nothing running", () => {
  const meter = new EventLoopLoad();
  meter.start();
  meter.stop();
  assertEquals(meter.busy <= 1, true);
});

const MESSAGES: [string, string][] = [
  ["no complete response within 500 ms", "no complete response within N ms"],
  ["took 12.345 ms, expected at most 10 ms", "took N ms, expected at most N ms"],
  ["status 404, expected 200,3xx", "status 404, expected 200,3xx"],
  ["connect to 10.0.0.17:8080 failed", "connect to ADDRESS failed"],
  ["connect to [::1]:81 failed", "connect to ADDRESS failed"],
  ["http://h/17?x=1: more than 10 redirects", "URL more than N redirects"],
  ["request 7f3a99c0-1b2c-4d5e-8f90-aabbccddeeff is gone", "request ID is gone"],
  ["decade facade", "decade facade"],
  ["", ""],
];
for (const [detail, words] of MESSAGES) {
  Deno.test(`normalizedMessage() gives '${words}' for '${detail}'`, () => {
    assertEquals(normalizedMessage(detail), words);
  });
}

Deno.test("normalizedMessage() is linear in the length of a hostile text", () => {
  for (
    const text of [
      "[:".repeat(5_000),
      "1.".repeat(5_000),
      "a-".repeat(5_000),
      "status ".repeat(2_000),
    ]
  ) {
    const start = performance.now();
    assert(normalizedMessage(text).length <= 200);
    assert(performance.now() - start < 1_000);
  }
});

Deno.test("ErrorGroups counts failures by kind and message, with first examples", () => {
  const messages = new ErrorGroups();
  for (let k = 0; k < 5; k++) {
    messages.record("timeout", `nothing within ${k} ms`, `http://name:pass@h/${k}`);
  }
  messages.record("reset", "nothing within 5 ms", "http://h/r");
  assertEquals(messages.list(), [
    {
      kind: "timeout",
      message: "nothing within N ms",
      count: 5,
      examples: [0, 1, 2].map((k) => ({ url: `http://h/${k}`, detail: `nothing within ${k} ms` })),
    },
    {
      kind: "reset",
      message: "nothing within 5 ms",
      count: 1,
      examples: [{ url: "http://h/r", detail: "nothing within 5 ms" }],
    },
  ]);
});

Deno.test("ErrorGroups keeps a bounded number of messages", () => {
  const messages = new ErrorGroups();
  const words = (k: number): string =>
    String(k).replace(/\d/g, (digit) => "abcdefghij"[Number(digit)]);
  for (let k = 0; k < 5_000; k++) {
    messages.record(
      k % 2 === 0 ? "tls" : "protocol",
      `${words(k)} ${"x".repeat(9_000)}`,
      "http://h/",
    );
  }
  const list = messages.list();
  assertEquals(list.length, 102);
  assertEquals(list.slice(0, 2).map(({ message, count }) => [message, count]), [
    ["others", 2_450],
    ["others", 2_450],
  ]);
  assertEquals(list.reduce((sum, { count }) => sum + count, 0), 5_000);
  for (const { message, examples } of list) {
    assert(message.length <= 200 && examples.every(({ detail }) => detail.length <= 200));
  }
});
