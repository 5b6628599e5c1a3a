import { assert, assertEquals } from "@std/assert";
import { CommonState, createCommonMemory } from "../../lib/schedule/common_state.ts";
import { type GivenUpHost, Hosts } from "../../lib/schedule/hosts.ts";
import type { Target } from "../../lib/target.ts";
import { target } from "../fixtures/target.ts";

Deno.test("Hosts forgets idle hosts when it has seen many", () => {
  const hosts = new Hosts({ delayMs: 1_000, failuresToPause: 50 });
  let most = 0;
  for (let i = 0; i < 100_000; i++) {
    const now = i / 5;
    const of = target(`http://host${i}/`);
    assert(!hosts.isFull(now));
    assertEquals(hosts.admit(of, now), "starts");
    hosts.end(of, i % 3 === 0, 0, now);
    most = Math.max(most, hosts.known);
  }
  // 5 a millisecond, each to be left alone for a second; twice as many before it is swept.
  assert(most <= 30_000, `${most}`);
});

Deno.test("Hosts accepts no new host when it is full, until one can be forgotten", () => {
  const hosts = new Hosts({ delayMs: 3_600_000, failuresToPause: 50 });
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

Deno.test("Hosts keeps needed hosts in a sweep", () => {
  const hosts = new Hosts({ concurrency: 1, failuresToPause: 3 });
  const busy = target("http://busy/");
  const held = target("http://held/");
  const down = target("http://down/");
  assertEquals(hosts.admit(busy, 0), "starts");
  assertEquals(hosts.admit(held, 0), "starts");
  hosts.end(held, false, 60_000, 0);
  for (let k = 0; k < 3; k++) {
    assertEquals(hosts.admit(down, 0), "starts");
    hosts.end(down, true, 0, 0);
  }
  for (let i = 0; i < 20_000; i++) {
    const of = target(`http://host${i}/`);
    if (!hosts.isFull(100)) hosts.admit(of, 100);
    hosts.end(of, false, 0, 100);
  }
  assertEquals([hosts.admit(busy, 500), hosts.admit(held, 500), hosts.admit(down, 500)], [
    "waits",
    "waits",
    "waits",
  ]);
  assertEquals(hosts.pausedCount, 1);
});

Deno.test("Hosts releases requests that wait for a probe when another one succeeds", () => {
  const hosts = new Hosts({ failuresToPause: 2 });
  const [a, b, c, d] = [0, 1, 2, 3].map((i) => target("http://host/", { i }));
  for (const each of [a, b, c]) assertEquals(hosts.admit(each, 0), "starts");
  assertEquals(hosts.end(a, true, 0, 0), undefined);
  assertEquals(hosts.end(b, true, 0, 0), "opened");
  assertEquals(hosts.admit(d, 10), "waits");
  assertEquals(hosts.next(20), undefined);
  // One that was under way all the time.
  assertEquals(hosts.end(c, false, 0, 30), "closed");
  assertEquals(hosts.next(30)?.i, 3);
});

Deno.test("Hosts keeps no more targets of a host while those of another event loop succeed", () => {
  const memory = createCommonMemory(2);
  const [common, other] = [0, 1].map((index) => new CommonState({ memory, index, count: 2 }));
  const hosts = new Hosts({ concurrency: 9, failuresToPause: 2, giveUpMs: 60_000, common });
  const down = target("http://down/");
  for (let k = 0; k < 2; k++) hosts.admit(down, 0);
  for (let k = 0; k < 10; k++) other.countSuccess();
  for (let k = 0; k < 2; k++) hosts.end(down, true, 0, 0, REFUSED);
  assertEquals(hosts.pausedCount, 1);
  // More than half of what one of two may keep.
  const body = new Uint8Array(1_000_000);
  for (let k = 0; k < 9; k++) assertEquals(hosts.admit({ ...down, body }, 0), "waits");
  for (let k = 0; k < 3_000; k++) {
    if (k % 500 === 0) other.countSuccess();
    assert(hosts.admit(down, 0) !== "waits");
  }
  // It holds up no other host any more.
  for (let k = 0; k < 1_000; k++) hosts.admit(down, 0);
  assertEquals(hosts.admit(down, 0), "waits");
});

Deno.test("Hosts lets one probe through at a time", () => {
  const hosts = new Hosts({ failuresToPause: 1 });
  const all = Array.from({ length: 10 }, (_, i) => target("http://host/", { i }));
  assertEquals(hosts.admit(all[0], 0), "starts");
  assertEquals(hosts.end(all[0], true, 0, 0), "opened");
  for (const each of all.slice(1)) assertEquals(hosts.admit(each, 1), "waits");
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

/** Hosts of which one is given up, with a probe still in flight. */
function withOneGivenUp(): { hosts: Hosts; probe: Target; told: GivenUpHost[] } {
  const told: GivenUpHost[] = [];
  const hosts = new Hosts({
    failuresToPause: 2,
    giveUpMs: 60_000,
    onGiveUp: (host) => told.push(host),
  });
  const [a, b, c, ...rest] = Array.from({ length: 8 }, (_, i) => target("http://down/", { i }));
  for (const each of [a, b, c]) assertEquals(hosts.admit(each, 0), "starts");
  hosts.end(a, true, 0, 0, REFUSED);
  assertEquals(hosts.end(b, true, 0, 0, REFUSED), "opened");
  hosts.end(target("http://up/"), false, 0, 10);
  hosts.end(c, true, 0, 20, REFUSED);
  for (const each of rest) assertEquals(hosts.admit(each, 30), "waits");
  const probe = hosts.next(1_010)!;
  assertEquals(hosts.nextUnsent(60_009), undefined);
  assertEquals([hosts.pausedCount, hosts.wakeAtMs], [1, 60_010]);
  return { hosts, probe, told };
}

const REFUSED = { error: "refused", detail: "nobody listens", isUnreachable: true } as const;

Deno.test("Hosts gives up a host when its time is up, and says why", () => {
  const { hosts, told } = withOneGivenUp();
  const unsent = {
    error: "refused" as const,
    detail: "not sent: down was given up, since all requests to it failed for 60 s while other " +
      "hosts succeeded; the last failure: nobody listens",
  };
  const given = [4, 5, 6, 7].map(() => hosts.nextUnsent(60_010));
  assertEquals(given.map((it) => [it!.target.i, it!.unsent]), [4, 5, 6, 7].map((i) => [i, unsent]));
  assertEquals([hosts.nextUnsent(60_010), hosts.waiting, hosts.pausedCount], [undefined, 0, 0]);
  assertEquals(hosts.admit(target("http://down:80/"), 60_020), unsent);
  assertEquals(hosts.admit(target("https://down/"), 60_020), "starts");
  assertEquals(told, [{ key: "down:80", name: "down", cause: "nobody listens" }]);
  assert(!hosts.isOpen);
});

Deno.test("Hosts reopens a host when a request in flight there succeeds", () => {
  const { hosts, probe } = withOneGivenUp();
  assertEquals(hosts.nextUnsent(60_010)!.target.i, 4);
  assertEquals(hosts.end(probe, false, 0, 60_020), "closed");
  assertEquals(hosts.nextUnsent(60_020), undefined);
  assertEquals([5, 6, 7].map(() => hosts.next(60_020)?.i), [5, 6, 7]);
  assertEquals([hosts.pausedCount, hosts.waiting], [0, 0]);
});

Deno.test("Hosts sends nothing to a host that is given up when its last probe ends later", () => {
  const { hosts, probe } = withOneGivenUp();
  assertEquals(hosts.nextUnsent(60_010)!.target.i, 4);
  assertEquals(hosts.end(probe, true, 0, 60_020, REFUSED), undefined);
  assertEquals([hosts.next(200_000), hosts.pausedCount], [undefined, 0]);
  assertEquals([5, 6, 7].map(() => hosts.nextUnsent(60_020)!.target.i), [5, 6, 7]);
  assertEquals([hosts.next(200_000), hosts.nextUnsent(200_000)], [undefined, undefined]);
});

Deno.test("Hosts gives up no host that recovers in time, or has no new failure", () => {
  const { hosts, probe } = withOneGivenUp();
  hosts.end(probe, false, 0, 60_009);
  assertEquals(hosts.nextUnsent(1e9), undefined);
  const late = new Hosts({ failuresToPause: 1, giveUpMs: 1_000 });
  const of = target("http://down/");
  late.admit(of, 0);
  late.end(of, true, 0, 0, REFUSED);
  late.end(target("http://up/"), false, 0, 5_000);
  late.admit(of, 5_000);
  // It is looked at again first.
  assertEquals(late.nextUnsent(6_000), undefined);
  const probe2 = late.next(6_000)!;
  late.end(probe2, true, 0, 6_100, REFUSED);
  assertEquals(typeof late.admit(of, 6_100), "object");
});

Deno.test("Hosts repeats a failed probe before waiting requests", () => {
  const hosts = new Hosts({ failuresToPause: 1 });
  const all = Array.from({ length: 4 }, (_, i) => target("http://host/", { i }));
  hosts.admit(all[0], 0);
  hosts.end(all[0], true, 0, 0);
  for (const each of all.slice(1)) hosts.admit(each, 0);
  const probe = hosts.next(1_000)!;
  hosts.end(probe, true, 0, 1_000);
  assertEquals([probe.i, hosts.admit(probe, 1_010, true)], [1, "waits"]);
  // That was begun, too, and goes before what was not.
  assertEquals(hosts.admit(all[0], 1_020, true), "waits");
  assertEquals(hosts.next(3_000)?.i, 1);
  hosts.end(probe, false, 0, 3_000);
  assertEquals([1, 2, 3].map(() => hosts.next(3_000)?.i), [0, 2, 3]);
});

Deno.test("Hosts counts all spellings of a host as one, and each port as another", () => {
  const urls = ["http://127.1/", "http://0x7f.1:0080/", "http://0x7f000001/", "http://127.0.0.1/"];
  for (const [first, ...others] of [urls, ["http://local%68ost/", "http://LOCALHOST:80"]]) {
    const hosts = new Hosts({ concurrency: 1, failuresToPause: 50 });
    assertEquals(hosts.admit(target(first), 0), "starts");
    for (const url of others) assertEquals(hosts.admit(target(url), 0), "waits", url);
    assertEquals(
      hosts.admit(target(first.replace("http:", "https:").replace(/:0*80\b/, "")), 0),
      "starts",
    );
  }
});

Deno.test("Hosts has room for the hosts of other event loops while they succeed", () => {
  const memory = createCommonMemory(2);
  const [own, other] = [0, 1].map((index) => new CommonState({ memory, index, count: 2 }));
  const hosts = new Hosts({ concurrency: 1, failuresToPause: 1, giveUpMs: 60_000, common: own });
  const long = "x".repeat(2_000);
  const down = target(`http://down/${long}`);
  hosts.admit(down, 0);
  for (let k = 0; k < 10; k++) other.countSuccess();
  assertEquals(hosts.end(down, true, 0, 0), "opened");
  const admit = (count: number): number => {
    let waiting = 0;
    for (let i = 1; i <= count; i++) {
      if (hosts.admit(target(`http://down/${i}${long}`, { i }), 1) === "waits") waiting++;
    }
    return waiting;
  };
  // Nothing else succeeds, so that nothing else is held up: as with one event loop.
  assertEquals(admit(5_000), 5_000);
  other.countSuccess();
  assertEquals(admit(5_000), 4_000);
  other.countSuccess();
  assertEquals(admit(500), 0);
});
