import { type Bench, scaled } from "../bench.ts";
import { type Check, printChecks } from "../checks.ts";
import { CPU, type Figure, printRuns, summarize } from "../figures.ts";
import { inTurn } from "../in_turn.ts";
import { Nginx } from "../nginx.ts";
import { type OwnRun, runMyriad } from "../run.ts";
import { grouped } from "../table.ts";
import { writeLines } from "../write_lines.ts";

/** A run, and how many of its records are of hosts that answer, and failed. */
interface Run extends OwnRun {
  readonly healthyFailed: number;
}

const HEALTHY_FAILED: Figure<Run> = {
  title: "healthy hosts that failed",
  pick: "most",
  value: ({ healthyFailed }) => healthyFailed,
};

/** Whether hosts that do not answer a SYN hold up those that answer. */
export const silent: Bench = {
  measures: "that of 5,000 hosts those that answer do not fail for those that are silent, with " +
    "both engines",
  minutes: 1,
  async run(context) {
    const { servers } = context;
    await using nginx = await Nginx.start({ directory: servers.directory, address: "0.0.0.0" });
    if (nginx === undefined) {
      console.log("\nsilent is skipped: it needs Debian's package nginx-light");
      return;
    }
    // Nobody accepts what is queued, and once the queue is full no SYN is answered: at no address
    // of 127/8, since all of them share it.
    using listener = Deno.listen({ hostname: "0.0.0.0", port: 0, tcpBacklog: 1 });
    const { port: silentPort } = listener.addr;
    using _first = await connect(silentPort);
    using _second = await connect(silentPort);
    const hosts = scaled(5_000, context, 100);
    const [input, output] = [servers.file("silent.txt"), servers.file("silent.ndjson")];
    await writeLines(
      input,
      hosts,
      (i) => `http://127.1.${i >> 8}.${i & 255}:${i % 10 === 9 ? silentPort : nginx.port}/\n`,
    );
    const flags = ["-c", "1000", "-t", "3s"];
    const run = async (engine: string): Promise<Run> => {
      const files = ["-i", input, "-o", output, "--overwrite"];
      const own = await runMyriad(context, [...files, ...flags, "--engine", engine]);
      const records = (await Deno.readTextFile(output)).trimEnd().split("\n")
        .map((line) => JSON.parse(line));
      const isHealthy = (url: string): boolean => url.includes(`:${nginx.port}/`);
      const failed = records.filter(({ url, status }) => isHealthy(url) && status === null);
      return { ...own, healthyFailed: failed.length };
    };
    const samples = await inTurn(context, 3, {
      http1: () => run("http1"),
      fetch: () => run("fetch"),
    });
    printRuns(
      `${grouped(hosts)} hosts, of which each tenth does not answer, ${flags.join(" ")}`,
      samples,
      [
        HEALTHY_FAILED,
        { title: "time", unit: " s", digits: 1, hasRange: true, value: ({ seconds }) => seconds },
        CPU,
      ],
      { first: "engine" },
    );
    printChecks(
      Object.entries(samples).map(([engine, runs]): Check => ({
        what: `healthy hosts that failed, ${engine}`,
        reached: summarize(HEALTHY_FAILED, runs),
        bound: "at most",
        limit: 0,
      })),
    );
  },
};

function connect(port: number): Promise<Deno.TcpConn> {
  return Deno.connect({ hostname: "127.0.0.1", port });
}
