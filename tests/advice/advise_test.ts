import { assertEquals } from "@std/assert";
import { advise, type RunToAdvise } from "../../lib/advice/advise.ts";
import { ENGINE_NAMES, ENGINES } from "../../lib/engine/engines.ts";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { Run } from "../../lib/run/run.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";

const [DEFAULT] = ENGINE_NAMES;
const COSTLY = ENGINE_NAMES.find((name) => ENGINES[name].costsMore)!;

/** A run of 10 s without any cause for advice. */
const FIGURES: RunToAdvise["figures"] = {
  requests: 10_000,
  seconds: 10,
  rate: 1_000,
  statuses: { 200: 10_000 },
  late: { count: 0, meanMs: 0, maxMs: 0 },
  attempts: 10_000,
  concurrency: 100,
  meanInFlightMs: 50,
};
const OPTIONS: RunToAdvise["options"] = {
  rate: 1_000,
  concurrency: 100,
  engine: DEFAULT,
  threads: 1,
  cluster: undefined,
};

function adviseOn(
  figures: Partial<RunToAdvise["figures"]>,
  options: Partial<RunToAdvise["options"]> = {},
  more: Partial<RunToAdvise> = {},
): string[] {
  return advise({
    figures: { ...FIGURES, ...figures },
    options: { ...OPTIONS, ...options },
    busyShare: 0.5,
    cores: 4,
    countSockets: (most) => most,
    ...more,
  });
}

/** All places were in use: 300 ms in flight, after 700 ms in which 97 % of them waited. */
const LATE = {
  late: { count: 9_700, meanMs: 700, maxMs: 2_000 },
  meanInFlightMs: 300 + 0.97 * 700,
} as const;
const RAISE =
  "97.0 % of the starts were late, as all 100 places were in use: raise -c to about 380";

Deno.test("advise() says nothing of a run without a cause", () => {
  assertEquals(adviseOn({}), []);
});

Deno.test("advise() says by Little's law how many places a rate needs", () => {
  const why = ", since 1,000/s at 300 ms each need as many, if the server can take them";
  assertEquals(adviseOn(LATE), [`${RAISE}${why}`]);
  // Two processes, each with half of the places.
  assertEquals(adviseOn(LATE, { concurrency: 50 }), [
    `${RAISE.replace("380", "190")}${why}`,
  ]);
  assertEquals(adviseOn(LATE, {}, { countSockets: () => 379 }), [
    `${RAISE}, and the limit of open files by 'ulimit -n'${why}`,
  ]);
});

Deno.test("advise() does not raise the concurrency where that is not the cause", () => {
  // A stall, after which the places are enough.
  assertEquals(adviseOn({ late: { count: 2_000, meanMs: 10, maxMs: 20 } }), []);
  assertEquals(adviseOn({ ...LATE, late: { ...LATE.late, count: 999 } }), []);
  assertEquals(adviseOn(LATE, { rate: undefined }), []);
  assertEquals(adviseOn({ ...LATE, attempts: 99, late: { ...LATE.late, count: 99 } }), []);
});

for (
  const [rate, refused, flag] of [
    [1_000, 200, "-q 980/s"],
    [1_000, 9_000, "-q 100/s"],
    [4, 200, "-q 3/s"],
    [0.5, 5_000, "-q 15/m"],
  ] as const
) {
  Deno.test(`advise() says ${flag} where ${refused} of 10,000 responses at ${rate}/s are 429`, () => {
    const statuses = { 200: 10_000 - refused, 429: refused };
    const share = (refused / 100).toFixed(1);
    assertEquals(adviseOn({ rate, statuses }), [
      `${share} % of the responses were 429 Too Many Requests: try ${flag}, about what was accepted`,
    ]);
  });
}

Deno.test("advise() takes few 429 for chance", () => {
  assertEquals(adviseOn({ statuses: { 200: 9_900, 429: 100 } }), []);
  assertEquals(adviseOn({ requests: 150, statuses: { 200: 51, 429: 99 } }), []);
});

Deno.test("advise() says what to do where one event loop is busy", () => {
  const busy = { busyShare: 0.98 };
  assertEquals(adviseOn({}, {}, busy), [
    "the event loop was busy for 98.0 % of the time, so latencies include its own queueing: " +
    "--threads 3 makes requests on several cores",
  ]);
  assertEquals(adviseOn({ seconds: 1.9 }, {}, busy), []);
  assertEquals(adviseOn({}, { threads: 2 }, busy), []);
  assertEquals(adviseOn({}, {}, { ...busy, cores: 1 }), []);
});

Deno.test("advise() says why an engine was taken that costs more", () => {
  assertEquals(adviseOn({}, { engine: COSTLY }), [
    `the requests were made by ${COSTLY}, as --engine says so: ` +
    "the default engine takes less processor time for each of them",
  ]);
  assertEquals(adviseOn({ requests: 999 }, { engine: COSTLY }), []);
});

/** What a real run says. */
async function run(...argv: string[]): Promise<string[]> {
  return (await make(argv)).notices;
}

async function make(
  argv: readonly string[],
  more: Partial<RunOptions> = {},
): Promise<{ notices: string[]; loopBusy: number }> {
  const notices: string[] = [];
  const options = await parseRun([...argv, "--no-pause"], "1") as RunOptions;
  const run = await Run.open({ ...options, ...more }, (text) => notices.push(text));
  const { failure, snapshot: { loopBusy } } = await run.finish("1");
  assertEquals(failure, undefined);
  return { notices, loopBusy };
}

Deno.test("a run whose places are all in use says how many more it needs", async () => {
  // Each response takes 50 ms or more, so that two places make 40 a second at most.
  await using server = await RawServer.start(async ({ send }) => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    await send(ok());
  });
  const [notice, ...others] = await run("-n", "130", "-c", "4", "-q", "400/s", server.url("/{}"));
  const wanted = /as all 4 places were in use: raise -c to about (\d+),/.exec(notice)?.[1];
  assertEquals([Number(wanted) >= 25, others], [true, []], notice);
});

Deno.test("a run that a server limits says what rate to try", async () => {
  let count = 0;
  await using server = await RawServer.start(({ send }) =>
    send(
      count++ % 2 === 0 ? ok() : "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n",
    )
  );
  const [notice, ...others] = await run("-n", "400", server.url("/{}"));
  assertEquals(
    [notice.replace(/\d+\/s/, "R"), others],
    ["50.0 % of the responses were 429 Too Many Requests: try -q R, about what was accepted", []],
  );
});

Deno.test("a run by an engine that costs more says so", async () => {
  await using server = await RawServer.start(({ send }) => send(ok()));
  const notices = await run("-n", "1k", "--engine", COSTLY, server.url("/{}"));
  assertEquals(notices.length, 1);
});

Deno.test("a run whose event loop is busy says what to do", async () => {
  // Its server is in the same event loop, so nothing else is the limit.
  await using server = await RawServer.start(({ send }) => send(ok()));
  const argv = ["-z", "2100ms", "-c", "20", server.url("/{}")];
  const { notices, loopBusy } = await make(argv, { details: true });
  const isBusy = loopBusy >= 0.95 && navigator.hardwareConcurrency > 1;
  assertEquals(notices.map((text) => /--threads \d+/.test(text)), isBusy ? [true] : []);
});
