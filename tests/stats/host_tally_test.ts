import { assertEquals } from "@std/assert";
import type { Result } from "../../lib/result.ts";
import { HostTally } from "../../lib/stats/host_tally.ts";
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
