import { type Context, scaled } from "../bench.ts";
import { myriad, type Sample } from "../clients.ts";
import { inTurn } from "../in_turn.ts";
import { printPeaks } from "../peaks.ts";
import { grouped } from "../table.ts";

/** Peak memory of a million requests beside that of 100,000, from numbers and from a file. */
export async function memory(context: Context): Promise<void> {
  const { servers } = context;
  const url = await servers.fastServer();
  const few = scaled(100_000, context);
  const many = scaled(1_000_000, context);
  const file = servers.file("urls.txt");
  await writeUrls(file, url, many);
  const load = [
    "--engine",
    "fetch",
    "-c",
    "1000",
    "--overwrite",
    "-o",
    servers.file("results.ndjson"),
  ];
  const rows: Record<string, () => Promise<Sample>> = {
    [`${grouped(few)} numbers`]: () => myriad([...load, "-n", `${few}`, `${url}{}`]),
    [`${grouped(many)} numbers`]: () => myriad([...load, "-n", `${many}`, `${url}{}`]),
    [`${grouped(many)} lines`]: () => myriad([...load, "-i", file]),
  };
  const title = `--engine fetch, 1,000 in flight, with -o, ${servers.fastServerName}`;
  printPeaks(title, await inTurn(rows, 3));
}

async function writeUrls(file: string, url: string, count: number): Promise<void> {
  using output = await Deno.open(file, { write: true, create: true, truncate: true });
  const encoder = new TextEncoder();
  for (let first = 0; first < count; first += 1000) {
    let lines = "";
    for (let i = first; i < Math.min(first + 1000, count); i++) lines += `${url}${i}\n`;
    await output.write(encoder.encode(lines));
  }
}
