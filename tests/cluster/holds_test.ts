import { assertEquals } from "@std/assert";
import { BusError, type BusTrouble } from "../../lib/errors.ts";
import { Holds } from "../../lib/cluster/holds.ts";
import type { Hold } from "../../lib/cluster/messages.ts";
import { ServerClock } from "../../lib/cluster/server_clock.ts";
import type { HoldNews } from "../../lib/schedule/news.ts";
import { FakeTime } from "../fixtures/fake_time.ts";

const SERVER_MS = 1.7e12;

/** Workers that are told what is written, also before they came. */
class Rig {
  readonly time = new FakeTime();
  readonly written: Hold[] = [];
  readonly #watches = new Set<(hold: Hold) => void>();
  readonly #clocks: ServerClock[] = [];
  /** Why the bus does not take what is written. */
  trouble: BusTrouble | undefined;
  readonly failures: unknown[] = [];

  async join(): Promise<{ holds: Holds; learnt: HoldNews[] }> {
    const learnt: HoldNews[] = [];
    const clock = new ServerClock(() => Promise.resolve(SERVER_MS + this.time.now()), this.time);
    this.#clocks.push(clock);
    const holds = await Holds.open({
      write: (hold) => {
        if (this.trouble !== undefined) {
          return Promise.reject(new BusError("no", this.trouble));
        }
        this.written.push(hold);
        for (const watch of this.#watches) watch(hold);
        return Promise.resolve();
      },
      watch: (take) => {
        this.#watches.add(take);
        for (const hold of this.written) void take(hold);
        return Promise.resolve(() => void this.#watches.delete(take));
      },
    }, {
      clock,
      around: this.time,
      learn: (news) => learnt.push(news),
      fail: (error) => this.failures.push(error),
    });
    await this.time.to(this.time.now());
    return { holds, learnt };
  }

  /** A hold of some milliseconds from now on, as a schedule tells it. */
  hold(key: string, ms: number): HoldNews {
    const readyAtMs = this.time.now() + ms + this.time.timeOrigin;
    return { about: "hold", key, name: key, readyAtMs };
  }

  close(...all: readonly { holds: Holds }[]): void {
    for (const { holds } of all) holds.close();
    for (const clock of this.#clocks) clock.close();
    assertEquals([this.#watches.size, this.time.timers], [0, 0]);
  }
}

Deno.test("Holds tells other workers, also those that come later, and not itself", async () => {
  const rig = new Rig();
  const [a, b] = [await rig.join(), await rig.join()];
  a.holds.share(rig.hold("host:80", 5_000));
  await rig.time.to(2_000);
  assertEquals(rig.written, [{ host: "host:80", untilMs: SERVER_MS + 5_000 }]);
  const c = await rig.join();
  const readyAtMs = 5_000 + rig.time.timeOrigin;
  const news: HoldNews = { about: "hold", key: "host:80", name: "host", readyAtMs };
  assertEquals([a.learnt, b.learnt, c.learnt], [[], [news], [news]]);
  await rig.time.to(6_000);
  const late = await rig.join();
  assertEquals(late.learnt, []);
  rig.close(a, b, c, late);
});

Deno.test("Holds shares what lasts at least a second, once while it stays the same", async () => {
  const rig = new Rig();
  const a = await rig.join();
  a.holds.share(rig.hold("short:80", 999));
  for (let ms = 0; ms < 3_000; ms += 100) {
    await rig.time.to(ms);
    a.holds.share(rig.hold("host:80", 1_000));
  }
  await rig.time.to(3_000);
  // Each ends at a whole second.
  assertEquals(rig.written.map(({ untilMs }) => untilMs - SERVER_MS), [1_000, 2_000, 3_000, 4_000]);
  rig.close(a);
});

Deno.test("Holds takes no longer hold than an hour from a stranger", async () => {
  const rig = new Rig();
  const a = await rig.join();
  rig.written.push({ host: "host:443", untilMs: SERVER_MS * 2 });
  rig.written.push({ host: "past:443", untilMs: 5 });
  const b = await rig.join();
  assertEquals(b.learnt.map(({ key, readyAtMs }) => [key, readyAtMs - rig.time.timeOrigin]), [
    ["host:443", 3_600_000],
  ]);
  rig.close(a, b);
});

Deno.test("Holds shares those of 10,000 hosts at a time, and forgets those that are over", async () => {
  const rig = new Rig();
  const a = await rig.join();
  for (let k = 0; k < 10_100; k++) {
    a.holds.share(rig.hold(`host${k}:80`, 5_000));
    if (k % 10 === 0) await rig.time.to(0);
  }
  await rig.time.to(0);
  assertEquals(rig.written.length, 10_000);
  await rig.time.to(6_000);
  a.holds.share(rig.hold("other:80", 5_000));
  await rig.time.to(6_000);
  assertEquals(rig.written.length, 10_001);
  rig.close(a);
});

Deno.test("Holds goes on while the bus is away", async () => {
  const rig = new Rig();
  const a = await rig.join();
  rig.trouble = "away";
  for (let k = 0; k < 50; k++) a.holds.share(rig.hold(`host${k}:80`, 5_000));
  await rig.time.to(10);
  rig.trouble = undefined;
  a.holds.share(rig.hold("other:80", 5_000));
  await rig.time.to(20);
  assertEquals(rig.written.map(({ host }) => host), ["other:80"]);
  assertEquals(rig.failures, []);
  rig.close(a);
});

Deno.test("Holds ends the worker if its user may not tell the others", async () => {
  const rig = new Rig();
  const a = await rig.join();
  rig.trouble = "denied";
  a.holds.share(rig.hold("host:80", 5_000));
  await rig.time.to(10);
  assertEquals(rig.failures.length, 1);
  rig.close(a);
});
