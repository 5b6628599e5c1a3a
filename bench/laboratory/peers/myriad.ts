import config from "../../../deno.json" with { type: "json" };
import type { Measured } from "../../meter.ts";
import { type Connections, NATIVE, PORTABLE } from "../../peers/myriad.ts";
import { myriadCommand } from "../../root.ts";
import { type Client, FAILED, NOTHING, OK, type Order, type Report } from "../client.ts";

/** How much later than its deadline a request may end, in milliseconds, on a busy machine. */
const MAX_LATE_MS = 1_000;
/** How often one attempt may be sent, if connections are lost or requests are refused. */
const MAX_SENDS = 9;
/** How many faults of a report are told. */
const MAX_FAULTS = 3;

/** `myriad` by its own sockets, of both kinds. */
export const OWN: readonly Client[] = [PORTABLE, NATIVE].map(myriad);

/** `myriad` from its source: its report is its records, one a request. */
function myriad({ name, flags, permissions }: Connections): Client {
  return {
    name: `myriad, ${name}`,
    version: config.version,
    protocols: ["http", "https", "h2"],
    hasRetries: true,
    hasPauses: true,
    command: ({ list, concurrency, protocol, timeoutSeconds, retries, pauseSeconds, folder }) =>
      myriadCommand([
        ...["-s", ...flags, "-k", "-i", list, "-c", `${concurrency}`, "-t", `${timeoutSeconds}s`],
        // Its pauses and its giving up are features of their own, which no peer has.
        ...["--no-pause", "--host-give-up", "never", "--retries", `${retries}`],
        ...(pauseSeconds > 0 ? ["--think", `${pauseSeconds}s`] : []),
        ...(protocol === "h2" ? ["--http2"] : ["--http1.1"]),
        ...["-o", toOutput(folder), "--fields", "i,url,status,error,detail,attempts,ms"],
        ...["--summary", `${folder}/summary.json`],
      ], { permissions: [...permissions, `--allow-read`, `--allow-write=${folder}`] }),
    read: readRecords,
  };
}

function toOutput(folder: string): string {
  return `${folder}/records.ndjson`;
}

/** A record, as far as it is checked. */
interface OutputRecord {
  readonly i: number;
  readonly url: string;
  readonly status: number | null;
  readonly error: string | null;
  readonly attempts: number;
  readonly ms: number;
}

/** Checks record by record that each request has one, and that the summary counts as they do. */
async function readRecords(
  { requests, folder, timeoutSeconds, retries }: Order,
  output: Measured,
): Promise<Report> {
  const outcomes = new Uint8Array(requests);
  const kinds: Record<string, number> = {};
  const faults: string[] = [];
  const blame = (fault: string): void => {
    if (faults.length < MAX_FAULTS) faults.push(fault);
  };
  let [ok, failed] = [0, 0];
  let text;
  try {
    text = await Deno.readTextFile(toOutput(folder));
  } catch {
    throw new Error(`no records; it said '${output.stderr.trim().slice(-300)}'`);
  }
  for (const line of text.trimEnd().split("\n").filter((line) => line !== "")) {
    const { i, url, status, error, attempts, ms } = JSON.parse(line) as OutputRecord;
    if (new URL(url).pathname !== `/${i}`) blame(`record ${i} has the URL ${url}`);
    if (ms > timeoutSeconds * 1000 + MAX_LATE_MS) blame(`request ${i} took ${ms} ms`);
    if (attempts > (retries + 1) * MAX_SENDS) blame(`request ${i} was made ${attempts} times`);
    if (outcomes[i] !== NOTHING) blame(`two records for request ${i}`);
    if (status === 200 && error === null) {
      outcomes[i] = OK;
      ok++;
    } else {
      outcomes[i] = FAILED;
      failed++;
      const kind = error ?? `status ${status}`;
      kinds[kind] = (kinds[kind] ?? 0) + 1;
    }
  }
  const summary = JSON.parse(await Deno.readTextFile(`${folder}/summary.json`));
  if (summary.requests !== ok + failed) {
    blame(`the summary counts ${summary.requests} requests, the records are ${ok + failed}`);
  }
  if (summary.failed !== failed) {
    blame(`the summary counts ${summary.failed} failed, the records have ${failed}`);
  }
  return { ok, failed, outcomes, kinds, faults };
}
