import { type Bench, type Context, scaled } from "../bench.ts";
import { CPU, PEAK_MEMORY, printRuns, RATE } from "../figures.ts";
import { inTurn } from "../in_turn.ts";
import { bareFetch } from "../peers/bare_fetch.ts";
import { type Cost, runMyriad, runPeer } from "../run.ts";
import { cell, grouped } from "../table.ts";
import { writeLines } from "../write_lines.ts";

/** A run by either client. */
type Run = Cost & { readonly rate: number };

const ENGINE = ["--engine", "fetch"];
const MEMORY = { ...PEAK_MEMORY, hasRange: true, ratio: "ratio" };

export const fetch: Bench = {
  measures: "native fetch: CPU beside a bare loop over it, memory, a slow head, late responses",
  minutes: 30,
  async run(context) {
    for (const [count, concurrency] of [[500_000, 100], [300_000, 1000]]) {
      await besideBareLoop(context, scaled(count, context, concurrency), concurrency);
    }
    await memory(context);
    await slowHead(context);
    await lateResponses(context);
  },
};

async function besideBareLoop(
  context: Context,
  requests: number,
  concurrency: number,
): Promise<void> {
  const { servers, meter } = context;
  const url = await servers.fastServer();
  const load = ["-n", `${requests}`, "-c", `${concurrency}`, `${url}{}`];
  const output = ["-o", servers.file("results.ndjson"), "--overwrite"];
  const own = (...args: string[]) => (): Promise<Run> => runMyriad(context, [...load, ...args]);
  const samples = await inTurn<Run>(context, 5, {
    [bareFetch.name]: () => runPeer(meter, bareFetch, { url, requests, concurrency, seconds: 1 }),
    "myriad -s --engine fetch": own(...ENGINE),
    "myriad -s --engine fetch -o results.ndjson": own(...ENGINE, ...output),
    "myriad -s --engine http1": own("--engine", "http1"),
  });
  printRuns(
    `${grouped(requests)} requests, ${grouped(concurrency)} in flight, ${servers.fastServerName}`,
    samples,
    [{ ...CPU, ratio: "ratio" }, RATE, PEAK_MEMORY],
    { first: "client" },
  );
}

/** A million requests beside 100,000, from numbers and from a file. */
async function memory(context: Context): Promise<void> {
  const { servers } = context;
  const url = await servers.fastServer();
  const [few, many] = [scaled(100_000, context), scaled(1_000_000, context)];
  const file = servers.file("urls.txt");
  await writeLines(file, many, (i) => `${url}${i}\n`);
  const output = ["-o", servers.file("results.ndjson"), "--overwrite"];
  const own = (...args: string[]) => (): Promise<Run> =>
    runMyriad(context, [...ENGINE, "-c", "1000", ...output, ...args]);
  const samples = await inTurn(context, 3, {
    [`${grouped(few)} numbers`]: own("-n", `${few}`, `${url}{}`),
    [`${grouped(many)} numbers`]: own("-n", `${many}`, `${url}{}`),
    [`${grouped(many)} lines`]: own("-i", file),
  });
  const title = `--engine fetch, 1,000 in flight, with -o, ${servers.fastServerName}`;
  printRuns(title, samples, [MEMORY, RATE]);
}

/** Whether one request that takes 20 s holds up, or keeps in memory, the fast ones behind it. */
async function slowHead(context: Context): Promise<void> {
  const url = await context.servers.stallingServer("head");
  const requests = scaled(300_000, context, 100);
  const output = ["-o", context.servers.file("results.ndjson"), "--overwrite"];
  const load = [...ENGINE, "-n", `${requests}`, "-c", "100", ...output, `${url}{}`];
  const samples = await inTurn(context, 3, {
    "all fast": () => runMyriad(context, ["--start", "1", ...load]),
    "the first takes 20 s": () => runMyriad(context, load),
  });
  const title = `--engine fetch, ${grouped(requests)} requests, 100 in flight, with -o`;
  printRuns(title, samples, [MEMORY, RATE]);
}

/** How near the client comes to the most that its concurrency allows. */
async function lateResponses(context: Context): Promise<void> {
  const concurrency = 2000;
  const requests = scaled(400_000, context, concurrency);
  const url = await context.servers.delayServer("0-3s");
  const load = ["-n", `${requests}`, "-c", `${concurrency}`, "-t", "60s", `${url}{}`];
  const samples = await inTurn(context, 1, {
    "0 to 3 s": () => runMyriad(context, [...ENGINE, ...load]),
  });
  printRuns(
    `--engine fetch, ${grouped(requests)} requests, ${grouped(concurrency)} in flight`,
    samples,
    [
      RATE,
      { title: "mean", unit: " ms", value: ({ latency_ms }) => latency_ms.mean },
      {
        title: "share of what is allowed",
        text: ([run]) =>
          cell(run && run.rate * run.latency_ms.mean / 1000 / concurrency * 100, 1, " %"),
      },
      CPU,
      PEAK_MEMORY,
    ],
    { first: "each takes" },
  );
}
