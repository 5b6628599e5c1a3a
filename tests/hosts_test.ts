import { assert, assertEquals } from "@std/assert";
import { hostOf, Hosts } from "../lib/schedule/hosts.ts";
import { target } from "./fixtures/target.ts";

for (
  const [url, expected] of [
    ["http://Host/path", "host"],
    ["http://host:80", "host"],
    ["https://host:443/?a", "host"],
    ["http://host:8080/", "host:8080"],
    ["HTTP://user:p%40ss@host/@x", "host"],
    ["http://[::1]:8080/", "[::1]:8080"],
    ["http://host?x=http://other/", "host"],
    ["http://host#@other", "host"],
  ]
) {
  Deno.test(`hostOf() gives ${expected} for ${url}`, () => assertEquals(hostOf(url), expected));
}

Deno.test("Hosts knows no more hosts than can matter, however many it has seen", () => {
  const hosts = new Hosts({ delayMs: 1_000, outageAfter: 50 });
  let most = 0;
  for (let i = 0; i < 100_000; i++) {
    const now = i / 5;
    const of = target(`http://host${i}/`);
    assert(!hosts.isFull(now));
    assert(hosts.admit(of, now));
    hosts.end(of, i % 3 === 0, 0, now);
    most = Math.max(most, hosts.known);
  }
  // 5 a millisecond, each to be left alone for a second; twice as many before it is swept.
  assert(most <= 30_000, `${most}`);
});

Deno.test("Hosts takes no more hosts than it has room for, until some can be forgotten", () => {
  const hosts = new Hosts({ delayMs: 3_600_000, outageAfter: 50 });
  let taken = 0;
  for (; !hosts.isFull(0); taken++) {
    const of = target(`http://host${taken}/`);
    hosts.admit(of, 0);
    hosts.end(of, false, 0, 0);
  }
  assertEquals([taken, hosts.known], [50_000, 50_000]);
  assert(hosts.isFull(3_599_999));
  assert(hosts.wakeAtMs < Infinity);
  assert(!hosts.isFull(3_600_100));
  assertEquals(hosts.known, 0);
});

Deno.test("Hosts keeps what a sweep must not forget", () => {
  const hosts = new Hosts({ concurrency: 1, outageAfter: 3 });
  const busy = target("http://busy/");
  const held = target("http://held/");
  const down = target("http://down/");
  assert(hosts.admit(busy, 0));
  assert(hosts.admit(held, 0));
  hosts.end(held, false, 60_000, 0);
  for (let k = 0; k < 3; k++) {
    assert(hosts.admit(down, 0));
    hosts.end(down, true, 0, 0);
  }
  for (let i = 0; i < 20_000; i++) {
    const of = target(`http://host${i}/`);
    if (!hosts.isFull(100)) hosts.admit(of, 100);
    hosts.end(of, false, 0, 100);
  }
  assertEquals([hosts.admit(busy, 500), hosts.admit(held, 500), hosts.admit(down, 500)], [
    false,
    false,
    false,
  ]);
  assertEquals(hosts.outages, 1);
});

Deno.test("Hosts brings forward what waits for a probe when another request succeeds", () => {
  const hosts = new Hosts({ outageAfter: 2 });
  const [a, b, c, d] = [0, 1, 2, 3].map((i) => target("http://host/", { i }));
  for (const  of of[a, b, c]) assert(hosts.admit(of, 0));
  assertEquals(hosts.end(a, true, 0, 0), undefined);
  assertEquals(hosts.end(b, true, 0, 0), "outage");
  assert(!hosts.admit(d, 10));
  assertEquals(hosts.next(20), undefined);
  // One that was under way all the time.
  assertEquals(hosts.end(c, false, 0, 30), "back");
  assertEquals(hosts.next(30)?.i, 3);
});

Deno.test("Hosts lets one probe through at a time", () => {
  const hosts = new Hosts({ outageAfter: 1 });
  const all = Array.from({ length: 10 }, (_, i) => target("http://host/", { i }));
  assert(hosts.admit(all[0], 0));
  assertEquals(hosts.end(all[0], true, 0, 0), "outage");
  for (const of of all.slice(1)) assert(!hosts.admit(of, 1));
  const probe = hosts.next(1_000)!;
  assertEquals([probe.i, hosts.next(50_000)], [1, undefined]);
  hosts.end(probe, true, 0, 1_100);
  assertEquals(hosts.next(3_000), undefined);
  const second = hosts.next(3_100)!;
  assertEquals(second.i, 2);
  // What tells nothing of the host is no verdict: another one is tried.
  hosts.end(second, undefined, 0, 3_200);
  assertEquals(hosts.next(3_200)?.i, 3);
});
