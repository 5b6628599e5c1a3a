import { type Context, scaled } from "../bench.ts";
import { printChecks } from "../checks.ts";
import { cpuMicros, myriad, type Sample } from "../clients.ts";
import { inTurn } from "../in_turn.ts";
import { median, ratio } from "../median.ts";
import { cell, megabytes, printTable, range } from "../table.ts";

const ROUNDS = 5;
/** With 20 ms an answer on average, 100 in flight make somewhat less than 5,000/s. */
const CLOSED = 100;

/** What a schedule costs, beside a run of the same speed that only its concurrency slows down. */
export async function rate(context: Context): Promise<void> {
  const url = await context.servers.delayServer("0-40ms");
  const requests = scaled(60_000, context, 1_000);
  const run = (args: string[]): Promise<Sample> =>
    myriad(["-n", `${requests}`, ...args, `${url}{}`]);
  const speed = Math.round((await run(["-c", `${CLOSED}`])).rate);
  const names = { closed: `-c ${CLOSED}`, open: `--rate ${speed}/s -c 1000` };
  const samples = await inTurn({
    [names.closed]: () => run(["-c", `${CLOSED}`]),
    [names.open]: () => run(["--rate", `${speed}`, "-c", "1000"]),
  }, ROUNDS);
  const cpuOf = (name: string): number | undefined => median(samples[name].map(cpuMicros));
  console.log(`\n${requests} requests to the delay server, 0 to 40 ms each, ${ROUNDS} rounds\n`);
  printTable(
    ["run", "requests/s", "CPU a request", "range", "ratio", "peak memory"],
    Object.entries(samples).map(([name, all]) => [
      name,
      cell(median(all.map(({ rate }) => rate)), 0),
      cell(cpuOf(name), 1, " us"),
      range(all.map(cpuMicros), 1),
      cell(ratio(cpuOf(name), cpuOf(names.closed)), 2),
      megabytes(median(all.map(({ peak_rss_kb }) => peak_rss_kb))),
    ]),
  );
  printChecks([{
    what: "CPU a request with a rate, to that without",
    reached: ratio(cpuOf(names.open), cpuOf(names.closed)),
    bound: "at most",
    limit: 1.3,
  }]);
}
