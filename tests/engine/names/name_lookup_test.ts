import { assert, assertEquals, assertRejects } from "@std/assert";
import net from "node:net";
import {
  type Address,
  NameLookups,
  type NameService,
} from "../../../lib/engine/names/name_lookup.ts";
import { until } from "../../fixtures/until.ts";
import { tick } from "../../fixtures/wild_server.ts";

/** A name service whose answers can be changed, and which counts what it was asked. */
class Service implements NameService {
  readonly names: Record<string, readonly string[]>;
  readonly asked: string[] = [];
  /** What it says to how long addresses hold. */
  ttlSeconds: number | undefined;
  isClosed = false;

  constructor(names: Record<string, readonly string[]>, ttlSeconds?: number) {
    this.names = names;
    this.ttlSeconds = ttlSeconds;
  }

  lookUp(hostname: string): Promise<Address[]> {
    this.asked.push(hostname);
    const addresses = this.names[hostname];
    return addresses === undefined
      ? Promise.reject(Object.assign(new Error("not found"), { code: "ENOTFOUND" }))
      : Promise.resolve(addresses.map((address) => ({ address, family: net.isIP(address) })));
  }

  resolve(hostname: string): Promise<Address[]> {
    return this.lookUp(hostname);
  }

  askTtl(hostname: string): Promise<number | undefined> {
    this.asked.push(`TTL of ${hostname}`);
    return Promise.resolve(this.ttlSeconds);
  }

  close(): void {
    this.isClosed = true;
  }
}

/** Look-ups with a clock that is set by hand. */
function start(service: Service): {
  lookUps: NameLookups;
  clock: { ms: number };
  find: (hostname: string) => Promise<string[]>;
} {
  const clock = { ms: 1_000 };
  const lookUps = new NameLookups({ onRoom: () => {}, service, now: () => clock.ms });
  const find = async (hostname: string): Promise<string[]> => {
    const { addresses } = await lookUps.find(hostname);
    return addresses.map(({ address }) => address);
  };
  return { lookUps, clock, find };
}

Deno.test("NameLookups.find() alternates the addresses of both families", async () => {
  const { find } = start(
    new Service({ "several.test": ["::1", "::2", "::3", "127.0.0.1", "127.0.0.2"] }),
  );
  const expected = ["::1", "127.0.0.1", "::2", "127.0.0.2", "::3"];
  assertEquals(await find("several.test"), expected);
  // What is remembered is the same.
  assertEquals(await find("several.test"), expected);
});

Deno.test("NameLookups.find() makes one lookup for simultaneous requests of a name", async () => {
  const service = new Service({ "one.test": ["127.0.0.1"] });
  const { find } = start(service);
  await Promise.all([find("one.test"), find("one.test")]);
  assertEquals(service.asked, ["one.test"]);
});

Deno.test("NameLookups.find() looks a name up again after a second", async () => {
  const service = new Service({ "one.test": ["127.0.0.1"] });
  const { find, clock, lookUps } = start(service);
  await find("one.test");
  clock.ms += 900;
  assertEquals(lookUps.knows("one.test"), true);
  await find("one.test");
  assertEquals(service.asked, ["one.test"]);
  service.names["one.test"] = ["127.0.0.2"];
  clock.ms += 100;
  assertEquals(lookUps.knows("one.test"), false);
  assertEquals(await find("one.test"), ["127.0.0.2"]);
});

Deno.test("NameLookups.find() asks how long a name holds that comes again, and no longer keeps it", async () => {
  const service = new Service({ "one.test": ["127.0.0.1"] }, 30);
  const { find, clock, lookUps } = start(service);
  await find("one.test");
  assertEquals(service.asked, ["one.test"]);
  clock.ms += 1_000;
  await find("one.test");
  assertEquals(service.asked.slice(1), ["one.test", "TTL of one.test"]);
  service.names["one.test"] = ["127.0.0.2"];
  clock.ms += 29_900;
  assertEquals(await find("one.test"), ["127.0.0.1"]);
  assertEquals((await lookUps.find("one.test")).untilMs, 32_000);
  clock.ms += 100;
  assertEquals(await find("one.test"), ["127.0.0.2"]);
});

Deno.test("NameLookups.find() keeps a name for a second if nobody knows how long it holds", async () => {
  const service = new Service({ "one.test": ["127.0.0.1"] });
  const { find, clock } = start(service);
  for (let i = 0; i < 3; i++) {
    await find("one.test");
    clock.ms += 1_000;
  }
  assertEquals(service.asked.filter((it) => it === "one.test").length, 3);
});

Deno.test("NameLookups.find() needs nobody who knows how long a name holds", async () => {
  class Unable extends Service {
    override askTtl(): Promise<number | undefined> {
      return Promise.reject(new Error("no descriptor is left to load the code"));
    }
  }
  const { find, clock } = start(new Unable({ "a.test": ["127.0.0.1"] }));
  for (let i = 0; i < 3; i++, clock.ms += 1_000) assertEquals(await find("a.test"), ["127.0.0.1"]);
});

Deno.test("NameLookups.find() asks of each name how long it holds when there are many", async () => {
  const names = Object.fromEntries(
    Array.from({ length: 200 }, (_, i) => [`n${i}.test`, ["127.0.0.1"]]),
  );
  const service = new Service(names, 60);
  const { find, clock } = start(service);
  for (const name of Object.keys(names)) await find(name);
  clock.ms += 50_000;
  service.asked.length = 0;
  for (const name of Object.keys(names)) await find(name);
  // The first hundred were not worth the question yet.
  assertEquals(service.asked.filter((it) => !it.startsWith("TTL")).length, 100);
});

Deno.test("NameLookups.find() remembers for a second that a name does not resolve", async () => {
  const service = new Service({});
  const { find, clock } = start(service);
  for (let i = 0; i < 1_000; i++) {
    const { code } = await assertRejects(() => find("later.test"), Error) as NodeJS.ErrnoException;
    assertEquals(code, "ENOTFOUND");
  }
  assertEquals(service.asked, ["later.test"]);
  service.names["later.test"] = ["127.0.0.1"];
  clock.ms += 1_000;
  assertEquals(await find("later.test"), ["127.0.0.1"]);
});

Deno.test("NameLookups.find() forgets at once what says nothing of the name", async () => {
  const service = new Service({ "one.test": ["127.0.0.1"] });
  const { find } = start(service);
  const lookUp = service.lookUp.bind(service);
  service.lookUp = () => Promise.reject(Object.assign(new Error("no files"), { code: "EMFILE" }));
  await assertRejects(() => find("one.test"), Error);
  service.lookUp = lookUp;
  assertEquals(await find("one.test"), ["127.0.0.1"]);
});

Deno.test("NameLookups.find() remembers nothing where this machine lacks descriptors", async () => {
  let isShort = true;
  const service = new Service({});
  const lookUps = new NameLookups({ onRoom: () => {}, service, isShort: () => isShort });
  const { signal } = new AbortController();
  for (const find of [() => lookUps.find("a.test"), () => lookUps.findDirectly("a.test", signal)]) {
    const { code } = await assertRejects(find, Error) as NodeJS.ErrnoException;
    assertEquals(code, "EMFILE");
  }
  isShort = false;
  service.names["a.test"] = ["127.0.0.1"];
  assertEquals((await lookUps.find("a.test")).addresses, [{ address: "127.0.0.1", family: 4 }]);
});

/** A name service whose system answers when a test says so, and whose name server knows no name. */
class UnknowingService extends Service {
  readonly #answers: (() => void)[] = [];

  override lookUp(hostname: string): Promise<Address[]> {
    this.asked.push(hostname);
    return new Promise((resolve) => {
      this.#answers.push(() => resolve([{ address: "127.0.0.1", family: 4 }]));
    });
  }

  override resolve(): Promise<Address[]> {
    return Promise.resolve([]);
  }

  /** How many look-ups have no answer yet. */
  get pending(): number {
    return this.#answers.length;
  }

  /** Answers the look-up that was begun first. */
  answer(): void {
    this.#answers.shift()!();
  }
}

/** Look-ups of which the system has as many as others may begin. */
function startBusy(): { service: UnknowingService; lookUps: NameLookups } {
  const service = new UnknowingService({});
  let others = 0;
  const begin = (): void => {
    for (let name = ""; lookUps.hasRoomFor(name); name = `other${++others}.test`) {
      void lookUps.find(name);
    }
  };
  const lookUps = new NameLookups({ onRoom: begin, service });
  begin();
  return { service, lookUps };
}

Deno.test("NameLookups.findDirectly() asks the system where others take all room that there is", async () => {
  const { service, lookUps } = startBusy();
  const found = lookUps.findDirectly("mine.test", new AbortController().signal);
  await until(() => service.asked.includes("mine.test"));
  while (service.asked.at(-1) !== "mine.test") service.asked.pop();
  assertEquals(service.asked.length, 17);
  for (let i = 0; i < 17; i++) service.answer();
  assertEquals((await found).addresses, [{ address: "127.0.0.1", family: 4 }]);
});

Deno.test("NameLookups.findDirectly() waits until the system has room for a name", async () => {
  const { service, lookUps } = startBusy();
  const { signal } = new AbortController();
  const found = Array.from(
    { length: 60 },
    (_, i) => lookUps.findDirectly(`n${i}.test`, signal),
  );
  let isOver = false;
  const all = Promise.all(found).then((all) => {
    isOver = true;
    return all;
  });
  await until(() => service.pending === 24);
  while (!isOver) {
    assert(service.pending <= 24, `${service.pending}`);
    service.answer();
    await tick();
  }
  assertEquals((await all).length, 60);
  assertEquals(service.asked.filter((name) => name.startsWith("n")).length, 60);
});

Deno.test("NameLookups.findDirectly() leaves none waiting when names are asked for several times", async () => {
  const service = new UnknowingService({});
  const lookUps = new NameLookups({ onRoom: () => {}, service });
  const { signal } = new AbortController();
  for (let i = 0; i < 16; i++) void lookUps.find(`other${i}.test`);
  // The others of four need no room once the first has asked, and let the next go on.
  const found = Array.from(
    { length: 64 },
    (_, i) => lookUps.findDirectly(`n${i < 8 ? i : 8 + (i >> 2)}.test`, signal),
  );
  let isOver = false;
  const all = Promise.all(found).then(() => isOver = true);
  await until(() => service.pending === 24);
  while (!isOver) {
    assert(service.pending > 0, "nothing is looked up, and some wait");
    service.answer();
    await tick();
  }
  await all;
});

Deno.test("NameLookups.findDirectly() that waits for the system ends with its signal", async () => {
  const { service, lookUps } = startBusy();
  const given = new AbortController();
  const last = new AbortController();
  for (let i = 0; i < 63; i++) void lookUps.findDirectly(`n${i}.test`, given.signal);
  await until(() => service.pending === 24);
  const found = lookUps.findDirectly("last.test", last.signal);
  assertEquals(lookUps.hasDirectRoom, false);
  await tick();
  last.abort();
  await assertRejects(() => found, DOMException);
  assertEquals([lookUps.hasDirectRoom, service.asked.includes("last.test")], [true, false]);
});

Deno.test("NameLookups.findDirectly() ends the query for one family that the other did not wait for", async () => {
  const { resolveDns } = Deno;
  const ended: string[] = [];
  const answer = (
    _: string,
    type: string,
    { signal }: { signal: AbortSignal },
  ): Promise<string[]> =>
    type === "A" ? Promise.resolve(["127.0.0.1"]) : new Promise((_, reject) => {
      signal.addEventListener("abort", () => {
        ended.push(type);
        reject(signal.reason);
      }, { once: true });
    });
  Object.assign(Deno, { resolveDns: answer });
  try {
    const lookUps = new NameLookups({ onRoom: () => {} });
    const { addresses } = await lookUps.findDirectly("one.test", new AbortController().signal);
    assertEquals(addresses, [{ address: "127.0.0.1", family: 4 }]);
    assertEquals(ended, ["AAAA"]);
  } finally {
    Object.assign(Deno, { resolveDns });
  }
});

Deno.test("NameLookups.doubt() has a name looked up again within a second", async () => {
  const service = new Service({ "one.test": ["127.0.0.1"] }, 300);
  const { find, clock, lookUps } = start(service);
  await find("one.test");
  clock.ms += 1_000;
  await find("one.test");
  clock.ms += 100_000;
  lookUps.doubt("one.test");
  lookUps.doubt("unknown.test");
  service.names["one.test"] = ["127.0.0.2"];
  assertEquals(await find("one.test"), ["127.0.0.1"]);
  clock.ms += 1_000;
  assertEquals(await find("one.test"), ["127.0.0.2"]);
});

Deno.test("NameLookups.doubt() counts for more than how long a name holds, if that comes later", async () => {
  const answers: ((ttlSeconds: number) => void)[] = [];
  class Slow extends Service {
    override askTtl(): Promise<number> {
      return new Promise((resolve) => answers.push(resolve));
    }
  }
  const { find, clock, lookUps } = start(new Slow({ "one.test": ["127.0.0.1"] }));
  await find("one.test");
  clock.ms += 1_000;
  await find("one.test");
  lookUps.doubt("one.test");
  answers[0](300);
  await tick();
  clock.ms += 1_000;
  assertEquals(lookUps.knows("one.test"), false);
  // The next answer counts again, and only that one.
  await find("one.test");
  answers[1](300);
  await tick();
  clock.ms += 1_000;
  assertEquals(lookUps.knows("one.test"), true);
});

Deno.test("NameLookups.close() closes its name service", () => {
  const service = new Service({});
  start(service).lookUps.close();
  assertEquals(service.isClosed, true);
});
