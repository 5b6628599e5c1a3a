import { type Context, scaled } from "../bench.ts";
import { myriad, type Sample } from "../clients.ts";
import { inTurn } from "../in_turn.ts";
import { printPeaks } from "../peaks.ts";
import { grouped } from "../table.ts";

/** One request that takes 20 s at the head of 300,000 fast ones. */
export async function head(context: Context): Promise<void> {
  const url = await context.servers.slowHeadServer();
  const requests = scaled(300_000, context, 100);
  const records = context.servers.file("results.ndjson");
  const load = [
    "--engine",
    "fetch",
    "-n",
    `${requests}`,
    "-c",
    "100",
    "--overwrite",
    "-o",
    records,
    `${url}{}`,
  ];
  const rows: Record<string, () => Promise<Sample>> = {
    "all fast": () => myriad(["--start", "1", ...load]),
    "the first takes 20 s": () => myriad(load),
  };
  const title = `--engine fetch, ${grouped(requests)} requests, 100 in flight, with -o`;
  printPeaks(title, await inTurn(rows, 3));
}
