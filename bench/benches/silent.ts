import { type Context, scaled } from "../bench.ts";
import { printChecks } from "../checks.ts";
import { cpuMicros, myriad, type Sample } from "../clients.ts";
import { inTurn } from "../in_turn.ts";
import { median } from "../median.ts";
import { Nginx } from "../nginx.ts";
import { cell, grouped, printTable, range } from "../table.ts";

const ROUNDS = 3;
const ENGINES = ["http1", "fetch"];

/** What a run says of itself, and how many of its records are of hosts that answer, and failed. */
interface Outcome extends Sample {
  readonly healthyFailed: number;
}

/** Whether hosts that do not answer a SYN hold up those that answer. */
export async function silent(context: Context): Promise<void> {
  const { directory } = context.servers;
  await using nginx = await Nginx.start({ directory, address: "0.0.0.0" });
  if (nginx === undefined) {
    console.log("\nsilent is skipped: nginx is not installed");
    return;
  }
  const { port } = new URL(nginx.url);
  // Nobody accepts what is queued, and once the queue is full no SYN is answered: at no address of
  // 127/8, since all of them share it.
  using listener = Deno.listen({ hostname: "0.0.0.0", port: 0, tcpBacklog: 1 });
  const { port: silentPort } = listener.addr;
  const queued = [await connect(silentPort), await connect(silentPort)];
  const hosts = scaled(5_000, context, 100);
  const input = context.servers.file("silent.txt");
  await Deno.writeTextFile(
    input,
    Array.from(
      { length: hosts },
      (_, i) => `http://127.1.${i >> 8}.${i & 255}:${i % 10 === 9 ? silentPort : port}/\n`,
    ).join(""),
  );
  const output = context.servers.file("silent.ndjson");
  const run = async (engine: string): Promise<Outcome> => {
    for (const file of [output, `${output}.journal`]) await Deno.remove(file).catch(() => {});
    const sample = await myriad([
      ...["-i", input, "-o", output, "-c", "1000", "-t", "3s", "--engine", engine],
    ]);
    const records = (await Deno.readTextFile(output)).trimEnd().split("\n")
      .map((line) => JSON.parse(line));
    const healthyFailed =
      records.filter(({ url, status }) => url.includes(`:${port}/`) && status === null).length;
    return { ...sample, healthyFailed };
  };
  const samples = await inTurn(
    Object.fromEntries(ENGINES.map((engine) => [engine, () => run(engine)])),
    ROUNDS,
  );
  for (const connection of queued) connection.close();
  console.log(
    `\n${grouped(hosts)} hosts, of which each tenth does not answer, -c 1000 -t 3s, ` +
      `${ROUNDS} rounds\n`,
  );
  printTable(
    ["engine", "healthy hosts that failed", "seconds", "range", "CPU a request"],
    Object.entries(samples).map(([engine, all]) => [
      engine,
      all.map(({ healthyFailed }) => healthyFailed).join(", "),
      cell(median(all.map(({ seconds }) => seconds)), 1, " s"),
      range(all.map(({ seconds }) => seconds), 1, " s"),
      cell(median(all.map(cpuMicros)), 0, " us"),
    ]),
  );
  printChecks(ENGINES.map((engine) => ({
    what: `healthy hosts that failed, ${engine}`,
    reached: Math.max(...samples[engine].map(({ healthyFailed }) => healthyFailed)),
    bound: "at most",
    limit: 0,
  })));
}

function connect(port: number): Promise<Deno.TcpConn> {
  return Deno.connect({ hostname: "127.0.0.1", port });
}
