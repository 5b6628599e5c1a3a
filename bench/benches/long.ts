import { formatLinePlot, type PlotLine } from "../../lib/plot/line_plot.ts";
import { type Bench, scaled } from "../bench.ts";
import { Nginx } from "../nginx.ts";
import { NATIVE, PORTABLE } from "../peers/myriad.ts";
import { type ProcessFigures, readMemory } from "../process_figures.ts";
import { myriadCommand, PERMISSIONS } from "../root.ts";
import { cell, grouped, printTable } from "../table.ts";

/** A moment of the run, as its own log line and the operating system told it. */
interface Moment extends Pick<ProcessFigures, "residentKb" | "peakKb"> {
  readonly seconds: number;
  /** Requests that have completed. */
  readonly done: number;
}

/** How many rows the table has at most. */
const MAX_ROWS = 21;

export const long: Bench = {
  measures: "100 million requests in one run: memory every 10 s, a record of each, both logs " +
    "reconciled, what the server took of it",
  minutes: 30,
  onlyByName: "it takes 23 GB of disk",
  async run({ servers, scale, transport, keep }) {
    const directory = servers.file("long");
    await Deno.mkdir(directory);
    const [accessLog, results] = [`${directory}/access.log`, `${directory}/results.ndjson`];
    await using nginx = await Nginx.start({ directory, accessLog });
    if (nginx === undefined) {
      console.log("\nlong is skipped: it needs Debian's package nginx-light");
      return;
    }
    const requests = scaled(100_000_000, { scale }, 1000);
    const { flags, permissions } = transport === "portable" ? PORTABLE : NATIVE;
    const args = [...flags, "-n", `${requests}`, "-c", "1000", "-o"];
    console.log(`\nmyriad ${[...args, "results.ndjson"].join(" ")} '${nginx.url}{}'\n`);
    const moments: Moment[] = [];
    const child = startMyriad(
      ["--json", "--progress", "log", ...args, results, `${nginx.url}{}`],
      [...permissions, `--allow-read=${directory}`, `--allow-write=${directory}`],
    );
    const summary = await follow(child, (moment) => moments.push(moment));
    const serverSeconds = await nginx.cpuSeconds();
    await nginx.stop();

    const every = Math.ceil(moments.length / MAX_ROWS);
    printTable(
      ["after", "requests", "resident", "peak so far"],
      moments.filter((_, k) => k % every === 0 || k === moments.length - 1).map((moment) => [
        cell(moment.seconds, 0, " s"),
        grouped(moment.done),
        cell(moment.residentKb / 1024, 0, " MB"),
        cell(moment.peakKb / 1024, 0, " MB"),
      ]),
    );
    const withoutHistograms = (key: string, value: unknown): unknown =>
      key.endsWith("histogram") ? undefined : value;
    console.log(`\n${JSON.stringify(summary, withoutHistograms)}`);
    const serverMicros = serverSeconds && serverSeconds * 1e6 / requests;
    console.log(`\nnginx took ${cell(serverMicros, 2, " us")} of CPU a request`);
    const sizes = [results, accessLog].map((file) =>
      cell(Deno.statSync(file).size / 1e9, 1, " GB")
    );
    console.log(`\nresults.ndjson ${sizes[0]}, access.log ${sizes[1]}\n`);
    const { stdout } = await startMyriad(["verify", results, "--against", accessLog], PERMISSIONS)
      .output();
    console.log(new TextDecoder().decode(stdout));
    await keep("long.csv", toCsv(moments));
    await keep("long.svg", drawPlot(moments));
    await Deno.remove(directory, { recursive: true });
  },
};

function startMyriad(args: readonly string[], permissions: readonly string[]): Deno.ChildProcess {
  const [program, ...rest] = myriadCommand(args, { permissions });
  return new Deno.Command(program, { args: rest, stdout: "piped", stderr: "piped" }).spawn();
}

/** Asks the operating system for the memory of a run whenever it logs where it is. */
async function follow(
  child: Deno.ChildProcess,
  onMoment: (moment: Moment) => void,
): Promise<Record<string, unknown>> {
  const start = performance.now();
  const stdout = new Response(child.stdout).text();
  for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
    for (const line of text.split("\n")) {
      const done = /^myriad: ([\d,]+)\//.exec(line)?.[1];
      if (done === undefined) {
        if (line !== "") console.error(line);
        continue;
      }
      onMoment({
        seconds: (performance.now() - start) / 1000,
        done: Number(done.replaceAll(",", "")),
        ...await readMemory(child.pid),
      });
    }
  }
  await child.status;
  return JSON.parse(await stdout);
}

function toCsv(moments: readonly Moment[]): string {
  const rows = moments.map(({ seconds, done, residentKb, peakKb }) =>
    [seconds.toFixed(1), done, residentKb, peakKb].join()
  );
  return ["seconds,requests,resident_kb,peak_kb", ...rows, ""].join("\n");
}

function drawPlot(moments: readonly Moment[]): string {
  const minutes = {
    label: "minutes",
    scale: "linear",
    format: (value: number): string => `${value}`,
  } as const;
  const line = (name: string, y: (moment: Moment) => number): PlotLine => {
    return { name, points: moments.map((moment) => ({ x: moment.seconds / 60, y: y(moment) })) };
  };
  return formatLinePlot([
    {
      title: "Memory",
      x: minutes,
      y: { label: "", scale: "linear", format: (value) => `${value} MB` },
      lines: [line("resident", ({ residentKb }) => residentKb / 1024)],
    },
    {
      title: "Requests done",
      x: minutes,
      y: { label: "", scale: "linear", format: (value) => `${value} M` },
      lines: [line("requests", ({ done }) => done / 1e6)],
    },
  ]);
}
