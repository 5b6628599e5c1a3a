import { type Context, scaled } from "../bench.ts";
import { type Check, printChecks } from "../checks.ts";
import { printCosts } from "../cost_table.ts";
import { inTurn } from "../in_turn.ts";
import { Nginx } from "../nginx.ts";
import { myriad } from "../peers/myriad.ts";
import { runPeer, type Sample } from "../run_peer.ts";
import { grouped } from "../table.ts";

const ROUNDS = 5;
/** A body of 1,024 bytes, at whose end stands what is expected. */
const BODY = `${"Hello, World! ".repeat(73).slice(0, 1_018)}status`;

/** What expectations cost: the same requests without any. */
export async function expect(context: Context): Promise<void> {
  const { directory } = context.servers;
  await using short = await Nginx.start({ directory });
  await using long = await Nginx.start({ directory, body: BODY });
  if (short === undefined || long === undefined) {
    console.log("\nexpect: nginx is not installed");
    return;
  }
  const checks: Check[] = [];
  for (const concurrency of [64, 1000]) {
    checks.push(
      ...await table(context, { url: short.url, concurrency, what: "13 bytes" }, 1.05, {
        "--expect-status": ["--expect-status", "200"],
        "--expect-status --expect-header": [
          ...["--expect-status", "200"],
          ...["--expect-header", "server: ^nginx"],
        ],
      }),
      ...await table(context, { url: long.url, concurrency, what: "1 KB" }, 1.5, {
        "--expect-body": ["--expect-body", "World.*status$"],
      }),
    );
  }
  printChecks(checks);
}

/** The server's answers, and how many are asked for at once. */
interface Load {
  readonly url: string;
  readonly concurrency: number;
  readonly what: string;
}

/** Prints a table. @returns what each is to cost at most, as a share of the requests without any */
async function table(
  context: Context,
  { url, concurrency, what }: Load,
  limit: number,
  flags: Record<string, string[]>,
): Promise<Check[]> {
  const load = { url, concurrency, seconds: 0, requests: scaled(300_000, context, concurrency) };
  const rows: Record<string, () => Promise<Sample>> = {
    without: () => runPeer(context.meter, myriad(), load),
  };
  for (const [name, args] of Object.entries(flags)) {
    rows[name] = () => runPeer(context.meter, myriad(args), load);
  }
  const toThose = printCosts(
    `${grouped(load.requests)} requests, ${grouped(concurrency)} in flight, ${what}`,
    await inTurn(rows, ROUNDS),
  );
  return Object.keys(flags).map((name) => ({
    what: `least CPU with ${name}, ${what}, ${grouped(concurrency)} in flight, to that without`,
    reached: toThose(name),
    bound: "at most",
    limit,
  }));
}
