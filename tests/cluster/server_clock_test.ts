import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { ServerClock } from "../../lib/cluster/server_clock.ts";
import { BusError } from "../../lib/errors.ts";
import { FakeTime } from "../fixtures/fake_time.ts";

const SERVER_MS = 1.7e12;

/** A server that is asked by messages of two round trips. */
class Server {
  readonly time = new FakeTime();
  aheadMs = SERVER_MS;
  /** How long the messages of each read take in one direction: the last one goes on. */
  waits = [10];
  reads = 0;

  readonly read = async (): Promise<number> => {
    const ms = this.waits[Math.min(this.reads++, this.waits.length - 1)];
    await this.#pass(ms);
    const serverMs = this.time.now() + this.aheadMs;
    await this.#pass(3 * ms);
    return serverMs;
  };

  #pass(ms: number): Promise<void> {
    return new Promise((resolve) => this.time.after(ms, resolve));
  }

  async open(): Promise<ServerClock> {
    const clock = new ServerClock(this.read, this.time);
    const ready = clock.ready();
    await this.time.to(this.time.now() + 1_000);
    await ready;
    return clock;
  }
}

Deno.test("ServerClock knows how far the server is ahead, by the fastest of some reads", async () => {
  const server = new Server();
  server.waits = [40, 90, 5, 30, 70];
  const clock = await server.open();
  assertAlmostEquals(clock.offsetMs(server.time.now()), SERVER_MS, 1e-3);
  assertEquals([clock.roundTripMs, server.reads], [10, 5]);
  clock.close();
  assertEquals(server.time.timers, 0);
});

Deno.test("ServerClock is put right by at most 1 ms a second, once a minute", async () => {
  const server = new Server();
  const clock = await server.open();
  server.aheadMs += 100;
  await server.time.to(60_000);
  assertAlmostEquals(clock.offsetMs(60_000), SERVER_MS, 1e-3);
  await server.time.to(80_000);
  const before = clock.offsetMs(80_000);
  await server.time.to(90_000);
  assertAlmostEquals(clock.offsetMs(90_000) - before, 10, 1e-3);
  for (let ms = 90_000; ms < 300_000; ms += 1_000) {
    const from = clock.offsetMs(server.time.now());
    await server.time.to(ms + 1_000);
    const moved = clock.offsetMs(ms + 1_000) - from;
    assert(moved >= -1e-3 && moved <= 1.001, `${moved}`);
  }
  assertAlmostEquals(clock.offsetMs(300_000), SERVER_MS + 100, 1e-3);
  clock.close();
});

for (
  const [what, serverMs, dayMs, sleptMs] of [
    ["this machine has slept", 3_600_000, 3_600_000, 3_600_000],
    ["this machine has slept for less than a second", 900, 900, undefined],
    ["the clock of the server was set", 3_600_000, 0, undefined],
    ["the clock of the server was set back", -3_600_000, 0, undefined],
    ["the time of day was set", 0, 3_600_000, undefined],
  ] as const
) {
  Deno.test(`ServerClock ${sleptMs === undefined ? "does not jump" : "jumps"} when ${what}`, async () => {
    const server = new Server();
    const clock = await server.open();
    const slept: number[] = [];
    clock.onSleep = (ms) => slept.push(ms);
    server.aheadMs += serverMs;
    server.time.epochMs += dayMs;
    // It is read once a minute.
    await server.time.to(62_000);
    const offset = clock.offsetMs(62_000) - SERVER_MS;
    assertEquals(slept.map(Math.round), sleptMs === undefined ? [] : [sleptMs]);
    assert(
      sleptMs === undefined ? Math.abs(offset) < 2 : Math.abs(offset - sleptMs) < 1,
      `${offset}`,
    );
    clock.close();
  });
}

Deno.test("ServerClock goes on while the server does not answer", async () => {
  const server = new Server();
  let isUp = true;
  const clock = new ServerClock(
    () => isUp ? server.read() : Promise.reject(new Error("no answer")),
    server.time,
  );
  const ready = clock.ready();
  await server.time.to(1_000);
  await ready;
  isUp = false;
  await server.time.to(200_000);
  assertAlmostEquals(clock.offsetMs(200_000), SERVER_MS, 1e-3);
  clock.close();
});

Deno.test("ServerClock is not ready if the clock cannot be read, and tries again", async () => {
  const time = new FakeTime();
  let answer: Promise<number | undefined> = Promise.resolve(undefined);
  const clock = new ServerClock(() => answer, time);
  const { trouble } = await assertRejects(() => clock.ready(), BusError, "clock");
  assertEquals(trouble, "away");
  answer = Promise.reject(new Error("no answer"));
  await assertRejects(() => clock.ready(), Error, "no answer");
  answer = Promise.resolve(5);
  await clock.ready();
  assertEquals(clock.offsetMs(0), 5);
  clock.close();
});

Deno.test("ServerClock looks once for all who wait for it, also after a failure", async () => {
  const time = new FakeTime();
  let reads = 0;
  let answer: number | undefined;
  const clock = new ServerClock(() => {
    reads++;
    return Promise.resolve(answer);
  }, time);
  const again = () =>
    clock.ready().catch(() => {
      answer = 5;
      return clock.ready();
    });
  await Promise.all([again(), again(), again()]);
  // 10 that failed, and then 5.
  assertEquals(reads, 15);
  clock.close();
  assertEquals(time.timers, 0);
});
