import { Attempts } from "../attempts.ts";
import { type Bench, type Context, scaled } from "../bench.ts";
import { type Check, printChecks } from "../checks.ts";
import {
  type Figure,
  latency,
  LEAST_CPU,
  PEAK_MEMORY,
  printRuns,
  RATE,
  ratio,
  summarize,
} from "../figures.ts";
import { inTurn } from "../in_turn.ts";
import { hasFilesFor } from "../machine.ts";
import { Nginx, NGINX_LIMITS } from "../nginx.ts";
import { findH2load } from "../peers/h2load.ts";
import { findHey } from "../peers/hey.ts";
import { type Connections, FETCH, myriad, NATIVE, PORTABLE } from "../peers/myriad.ts";
import type { Load, Peer } from "../peers/peer.ts";
import { findWrk } from "../peers/wrk.ts";
import { ROOT } from "../root.ts";
import { runPeer, type Sample } from "../run.ts";
import { grouped, printTable } from "../table.ts";

/** Other work on the machine only adds to the CPU of a run: the least of so many counts. */
const ROUNDS = 9;
/** For those that are given seconds; the others get as many requests as take about as long. */
const SECONDS = 5;
/** A client that hangs is not to hold up the others. */
const LIMIT_SECONDS = 60;
const IN_FLIGHT = [64, 1000] as const;

/** Runs of a client, under the name that tables have for it. */
interface Row {
  readonly name: string;
  /** Undefined if it isn't installed. */
  readonly peer: Peer | undefined;
  /** How many requests take it some seconds; 0 where it is given the seconds. */
  readonly requests: number;
}

/** Clients that do the same work, the first of which the others are compared to. */
interface Group {
  readonly title: string;
  readonly isTls: boolean;
  readonly rows: readonly Row[];
}

type Samples = Readonly<Record<string, readonly Sample[]>>;

/** The most of all rounds: other work only takes from it. */
const BEST_RATE: Figure<Sample> = { ...RATE, pick: "most" };
const [P999, MAX] = [latency("p999"), latency("max")];

/** What a row is to reach, as a share of another row. */
interface Goal {
  readonly row: string;
  readonly to: string;
  readonly figure: Figure<Sample>;
  /** What of the other row it is compared to. @default the same figure */
  readonly toFigure?: Figure<Sample>;
  readonly bound: Check["bound"];
  /** With 64 and with 1,000 in flight; undefined where nothing is asked for. */
  readonly limits: readonly [number | undefined, number | undefined];
}

const cpu = (row: string, to: string, ...limits: Goal["limits"]): Goal => {
  return { row, to, figure: LEAST_CPU, bound: "at most", limits };
};
const rate = (row: string, to: string, ...limits: Goal["limits"]): Goal => {
  return { row, to, figure: BEST_RATE, bound: "at least", limits };
};
const tail = (row: string, to: string): Goal => {
  return { row, to, figure: P999, toFigure: MAX, bound: "at most", limits: [undefined, 1] };
};

const GOALS: readonly Goal[] = [
  cpu("http native", "http wrk", 1.2, 1),
  rate("http native", "http wrk", 0.9, 1.1),
  cpu("http native, -o", "http wrk", 1.45, 1.2),
  cpu("http portable", "http wrk", undefined, 1.45),
  tail("http native", "http wrk"),
  cpu("https native", "https wrk", 1.2, 0.9),
  cpu("https portable", "https wrk", 1.55, 1.6),
  tail("https native", "https wrk"),
  cpu("h2 portable", "h2load", 1.25, 1.25),
  cpu("h2 portable", "h2 native fetch", 0.18, 0.08),
  cpu("h2 portable", "https wrk", 1, 1),
  cpu("h2 portable, 10 connections", "h2load, 10 connections", 1.25, 1.25),
];

/** `myriad` beside the cheapest clients there are, over http and https. */
export const peers: Bench = {
  measures:
    "CPU a request beside wrk, h2load and native fetch: http, https and HTTP/2, native and " +
    "portable sockets, 64 and 1,000 in flight",
  minutes: 30,
  async run(context) {
    const { servers: { directory } } = context;
    await using plain = await Nginx.start({ directory });
    await using secure = await Nginx.start({ directory, isTls: true });
    if (plain === undefined || secure === undefined) {
      console.log("\npeers is skipped: it needs Debian's package nginx-light");
      return;
    }
    const urlOf = ({ isTls }: Group): string => (isTls ? secure : plain).url;
    const groups = await findGroups(context);
    console.log(`\nnginx ${await Nginx.version()}: ${NGINX_LIMITS}\n`);
    printCommands(context, groups, urlOf);
    for (const inFlight of IN_FLIGHT) {
      if (!await hasFilesFor(inFlight)) continue;
      const attempts = new Map<string, Attempts<Sample>>();
      for (const group of groups) {
        for (const { name, peer, requests } of group.rows) {
          const load = planLoad(context, requests, urlOf(group), inFlight);
          const limitSeconds = LIMIT_SECONDS * Math.max(1, context.scale);
          const once = (): Promise<Sample> => runPeer(context.meter, peer!, load, limitSeconds);
          attempts.set(name, new Attempts(once));
        }
      }
      const runs = [...attempts].map(([name, all]) => [name, () => all.run()] as const);
      const samples = await inTurn(context, ROUNDS, Object.fromEntries(runs));
      for (const group of groups) printGroup(group, samples, attempts, inFlight);
      printChecks(GOALS.flatMap((goal) => toCheck(goal, samples, inFlight)));
    }
  },
};

/** The rows of clients that are installed; says which are missing. */
async function findGroups({ servers }: Context): Promise<Group[]> {
  const wrk = await findWrk();
  const output = ["-o", servers.file("results.ndjson"), "--overwrite"];
  const files = [`--allow-read=${servers.directory}`, `--allow-write=${servers.directory}`];
  const own = ({ flags, permissions }: Connections, ...more: string[]): Peer =>
    myriad([...flags, ...more], permissions);
  const writing = { ...NATIVE, permissions: [...NATIVE.permissions, ...files] };
  const all: Group[] = [{
    title: "http",
    isTls: false,
    rows: [
      { name: "http wrk", peer: wrk, requests: 0 },
      { name: "http native", peer: own(NATIVE), requests: 500_000 },
      { name: "http native, -o", peer: own(writing, ...output), requests: 400_000 },
      { name: "http portable", peer: own(PORTABLE), requests: 400_000 },
    ],
  }, {
    title: "https, HTTP/1.1",
    isTls: true,
    rows: [
      { name: "https wrk", peer: wrk, requests: 0 },
      { name: "https native", peer: own(NATIVE, "--http1.1", "-k"), requests: 350_000 },
      { name: "https portable", peer: own(PORTABLE, "--http1.1", "-k"), requests: 300_000 },
      { name: "https hey", peer: await findHey(), requests: 0 },
    ],
  }, {
    title: "https, HTTP/2, one connection",
    isTls: true,
    rows: [
      { name: "h2load", peer: await findH2load(1), requests: 0 },
      { name: "h2 portable", peer: own(PORTABLE, "-k"), requests: 600_000 },
      { name: "h2 native", peer: own(NATIVE, "-k"), requests: 600_000 },
      { name: "h2 native fetch", peer: own(FETCH), requests: 80_000 },
    ],
  }, {
    title: "https, HTTP/2, ten connections",
    isTls: true,
    rows: [PORTABLE, NATIVE].reduce<Row[]>((rows, connections) => {
      const name = `h2 ${connections.name}, 10 connections`;
      const peer = own(connections, "--connections", "10", "-k");
      return [...rows, { name, peer, requests: 600_000 }];
    }, [{ name: "h2load, 10 connections", peer: await findH2load(10), requests: 0 }]),
  }];
  const missing = all.flatMap(({ rows }) => rows).filter(({ peer }) => peer === undefined);
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(", ");
    console.log(`\nWithout rows of clients that are not installed: ${names}`);
  }
  return all.map((group) => {
    return { ...group, rows: group.rows.filter(({ peer }) => peer !== undefined) };
  });
}

function planLoad(context: Context, requests: number, url: string, concurrency: number): Load {
  const count = requests === 0 ? 0 : scaled(requests, context, concurrency);
  return { url, concurrency, requests: count, seconds: scaled(SECONDS, context) };
}

/** What each row is, so that nobody has to trust its name. */
function printCommands(
  context: Context,
  groups: readonly Group[],
  urlOf: (group: Group) => string,
): void {
  printTable(
    ["row", "command, with 64 in flight"],
    groups.flatMap((group) =>
      group.rows.map(({ name, peer, requests }) => {
        const command = peer!.command(planLoad(context, requests, urlOf(group), IN_FLIGHT[0]));
        const words = command.map((word) =>
          word === Deno.execPath()
            ? "deno"
            : word.replace(`${ROOT}/`, "").replaceAll(`${context.servers.directory}`, "FOLDER")
        );
        return [name, `\`${words.join(" ")}\``];
      })
    ),
  );
}

function printGroup(
  { title, rows }: Group,
  samples: Samples,
  attempts: ReadonlyMap<string, Attempts<Sample>>,
  inFlight: number,
): void {
  const names = rows.map(({ name }) => name);
  printRuns(
    `${title}, ${grouped(inFlight)} in flight`,
    Object.fromEntries(names.map((name) => [name, samples[name]])),
    [
      { ...LEAST_CPU, ratio: "ratio" },
      { ...BEST_RATE, ratio: "ratio" },
      PEAK_MEMORY,
      P999,
      MAX,
      { title: "failed", text: (runs, name) => attempts.get(name)!.failed(runs) },
    ],
    { first: "row" },
  );
}

/** A goal as it is for so many in flight, if it asks for anything then. */
function toCheck(
  { row, to, figure, toFigure = figure, bound, limits }: Goal,
  samples: Samples,
  inFlight: typeof IN_FLIGHT[number],
): Check[] {
  const limit = limits[IN_FLIGHT.indexOf(inFlight)];
  if (limit === undefined) return [];
  const other = toFigure === figure ? to : `${toFigure.title} of ${to}`;
  return [{
    what: `${figure.title}, ${grouped(inFlight)} in flight, of ${row} to ${other}`,
    reached: ratio(summarize(figure, samples[row]), summarize(toFigure, samples[to])),
    bound,
    limit,
  }];
}
