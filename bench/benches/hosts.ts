import { type Context, scaled } from "../bench.ts";
import { printChecks } from "../checks.ts";
import { cpuMicros, myriad, type Sample } from "../clients.ts";
import { inTurn } from "../in_turn.ts";
import { median, ratio } from "../median.ts";
import { Nginx } from "../nginx.ts";
import { cell, grouped, megabytes, printTable, range } from "../table.ts";

const ROUNDS = 3;

/** Whether memory follows the requests in flight, and not the hosts that were seen. */
export async function hosts(context: Context): Promise<void> {
  const { directory } = context.servers;
  await using nginx = await Nginx.start({ directory, address: "0.0.0.0" });
  if (nginx === undefined) {
    console.log("\nhosts is skipped: nginx is not installed");
    return;
  }
  const { port } = new URL(nginx.url);
  const all = scaled(100_000, context, 10_000);
  const few = all / 10;
  const write = async (name: string, requests: number, hosts: number): Promise<string> => {
    const path = context.servers.file(name);
    const lines = Array.from({ length: requests }, (_, i) => {
      const host = i % hosts;
      return `http://127.${host >> 16}.${host >> 8 & 255}.${host & 255}:${port}/${i}\n`;
    });
    await Deno.writeTextFile(path, lines.join(""));
    return path;
  };
  const names = {
    same: `${grouped(all)} requests to ${grouped(few)} hosts`,
    many: `${grouped(all)} requests to ${grouped(all)} hosts`,
  };
  const run = (input: string): Promise<Sample> =>
    myriad(["-i", input, "-c", "100", "--host-delay", "1s"]);
  const inputs = {
    same: await write("same.txt", all, few),
    many: await write("many.txt", all, all),
  };
  const samples = await inTurn({
    [names.same]: () => run(inputs.same),
    [names.many]: () => run(inputs.many),
  }, ROUNDS);
  const peak = (name: string): number | undefined =>
    median(samples[name].map(({ peak_rss_kb }) => peak_rss_kb));
  console.log(`\n-c 100 --host-delay 1s, ${ROUNDS} rounds\n`);
  printTable(
    ["run", "peak memory", "range", "ratio", "requests/s", "CPU a request"],
    Object.entries(samples).map(([name, all]) => [
      name,
      megabytes(peak(name)),
      range(all.map(({ peak_rss_kb }) => peak_rss_kb / 1024), 0, " MB"),
      cell(ratio(peak(name), peak(names.same)), 2),
      cell(median(all.map(({ rate }) => rate)), 0),
      cell(median(all.map(cpuMicros)), 0, " us"),
    ]),
  );
  printChecks([{
    what: "memory at ten times the hosts",
    reached: ratio(peak(names.many), peak(names.same)),
    bound: "at most",
    limit: 1.1,
  }]);
}
