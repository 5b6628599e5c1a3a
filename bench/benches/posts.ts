import { type Bench, type Context, scaled } from "../bench.ts";
import { type Check, printChecks } from "../checks.ts";
import { CPU, FAILED, type Figure, printRuns, RATE, summarize } from "../figures.ts";
import { inTurn } from "../in_turn.ts";
import { Nginx } from "../nginx.ts";
import { forEachLine } from "../number_log.ts";
import { FETCH, myriad, NATIVE, PORTABLE } from "../peers/myriad.ts";
import type { Peer } from "../peers/peer.ts";
import { runPeer, type Sample } from "../run.ts";
import { grouped } from "../table.ts";

const REQUESTS = 1_000_000;
const IN_FLIGHT = 100;
const BODY = ["-d", "Hello, World! ".repeat(8)];

/** A run, and what became of its requests as the server saw it. */
interface PostRun extends Sample {
  /** How many the server never answered. */
  readonly lost: number;
  /** How many it answered more than once. */
  readonly repeated: number;
}

const LOST: Figure<PostRun> = {
  title: "not at the server",
  isGrouped: true,
  pick: "most",
  value: ({ lost }) => lost,
};
const REPEATED: Figure<PostRun> = {
  title: "twice at the server",
  isGrouped: true,
  pick: "most",
  value: ({ repeated }) => repeated,
};
const FAILURES: Figure<PostRun> = { title: "failed", pick: "most", value: ({ failed }) => failed };

/** The rows of our own engines, which have to be without a fault, and that of native fetch. */
const OWN: Readonly<Record<string, Peer>> = {
  "HTTP/2, portable": myriad([...PORTABLE.flags, "-k", ...BODY], PORTABLE.permissions),
  "HTTP/2, native": myriad([...NATIVE.flags, "-k", ...BODY], NATIVE.permissions),
  "HTTP/1.1, native": myriad([...NATIVE.flags, "--http1.1", "-k", ...BODY], NATIVE.permissions),
};
const ROWS: Readonly<Record<string, Peer>> = {
  ...OWN,
  "HTTP/2, native fetch": myriad([...FETCH.flags, ...BODY], FETCH.permissions),
};

/** Whether each POST reaches a server once that ends its connections after 1,000 requests. */
export const posts: Bench = {
  measures: "1 million POSTs to a stock nginx, which ends a connection after 1,000 requests: how " +
    "many fail, and how many it got twice or never, beside native fetch",
  minutes: 3,
  async run(context) {
    if (await Nginx.version() === undefined) {
      console.log("\nposts is skipped: it needs Debian's package nginx-light");
      return;
    }
    const requests = scaled(REQUESTS, context, IN_FLIGHT);
    const samples = await inTurn(
      context,
      1,
      Object.fromEntries(
        Object.entries(ROWS).map(([name, peer]) => [name, () => run(context, peer, requests)]),
      ),
    );
    printRuns(
      `${grouped(requests)} POSTs over https, ${IN_FLIGHT} in flight`,
      samples,
      [FAILED, LOST, REPEATED, RATE, CPU],
    );
    printChecks(
      Object.keys(OWN).flatMap((name) =>
        [FAILURES, LOST, REPEATED].map((figure): Check => ({
          what: `${figure.title}, ${name}`,
          reached: summarize(figure, samples[name]),
          bound: "at most",
          limit: 0,
          unit: " POSTs",
        }))
      ),
    );
  },
};

async function run(
  { servers: { directory }, meter }: Context,
  peer: Peer,
  requests: number,
): Promise<PostRun> {
  const accessLog = `${directory}/posts.log`;
  // The number of the request is its path.
  const options = { directory, accessLog, accessLogFormat: "$uri", isTls: true, isStock: true };
  await using nginx = await Nginx.start(options);
  if (nginx === undefined) throw new Error("nginx does not start");
  try {
    const load = { url: nginx.url, requests, concurrency: IN_FLIGHT, seconds: 1 };
    const sample = await runPeer(meter, peer, load);
    await nginx.stop();
    const counts = new Uint8Array(requests);
    await forEachLine(accessLog, ([number]) => counts[number]++);
    return {
      ...sample,
      lost: counts.filter((count) => count === 0).length,
      repeated: counts.filter((count) => count > 1).length,
    };
  } finally {
    await Deno.remove(accessLog);
  }
}
