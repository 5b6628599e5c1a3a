import config from "../../../deno.json" with { type: "json" };
import type { Measured } from "../../meter.ts";
import { type Connections, FETCH, NATIVE, PORTABLE } from "../../peers/myriad.ts";
import { ALLOW_NET, myriadCommand } from "../../root.ts";
import { writeLines } from "../../write_lines.ts";
import { type Client, FAILED, NOTHING, OK, type Order, type Report } from "../client.ts";
import { toBody } from "../mix.ts";
import type { Protocol } from "../site.ts";

/** How much later than its deadline a request may end, in milliseconds, on a busy machine. */
const MAX_LATE_MS = 1_000;
/** How often one attempt may be sent, if connections are lost or requests are refused. */
const MAX_SENDS = 9;
/** How many faults of a report are told. */
const MAX_FAULTS = 3;

/** `myriad` by its own sockets, of both kinds, and by native fetch, which chooses the version. */
export const OWN: readonly Client[] = [
  myriad(PORTABLE, ["http", "https", "h2"], toSocketFlags),
  myriad(NATIVE, ["http", "https", "h2"], toSocketFlags),
  myriad(
    { ...FETCH, flags: ["--engine", "fetch"], permissions: ALLOW_NET },
    ["http", "h2"],
    ({ authority }) => ["--cacert", authority],
  ),
];

function toSocketFlags({ protocol }: Order): readonly string[] {
  return ["-k", protocol === "h2" ? "--http2" : "--http1.1"];
}

/** `myriad` from its source: its report is its records, one a request. */
function myriad(
  { name, flags, permissions }: Connections,
  protocols: readonly Protocol[],
  toFlags: (order: Order) => readonly string[],
): Client {
  return {
    name: `myriad, ${name}`,
    version: config.version,
    protocols,
    hasRetries: true,
    hasPauses: true,
    async prepare(order) {
      if (!order.isMixed) return;
      const urls = (await Deno.readTextFile(order.list)).trimEnd().split("\n");
      await writeLines(toInput(order), urls.length, (i) => {
        const [url, body] = [urls[i], toBody(urls[i])];
        return `${JSON.stringify(body === "" ? { url } : { url, method: "POST", body })}\n`;
      });
    },
    command(order) {
      const { concurrency, timeoutSeconds, retries, pauseSeconds, folder } = order;
      return myriadCommand([
        ...["-s", ...flags, ...toFlags(order), "-i", toInput(order)],
        ...["-c", `${concurrency}`, "-t", `${timeoutSeconds}s`],
        // Its pauses and its giving up are features of their own, which no peer has.
        ...["--no-pause", "--host-give-up", "never", "--retries", `${retries}`],
        ...(pauseSeconds > 0 ? ["--think", `${pauseSeconds}s`] : []),
        ...["-o", toOutput(order), "--fields", "i,url,status,error,detail,attempts,ms"],
        ...["--summary", `${folder}/summary.json`],
      ], { permissions: [...permissions, `--allow-read`, `--allow-write=${folder}`] });
    },
    read: readRecords,
  };
}

function toInput({ list, isMixed, folder }: Order): string {
  return isMixed ? `${folder}/requests.jsonl` : list;
}

function toOutput({ folder }: Order): string {
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
async function readRecords(order: Order, output: Measured): Promise<Report> {
  const { requests, folder, timeoutSeconds, retries } = order;
  const outcomes = new Uint8Array(requests);
  const kinds: Record<string, number> = {};
  const faults: string[] = [];
  const blame = (fault: string): void => {
    if (faults.length < MAX_FAULTS) faults.push(fault);
  };
  let [ok, failed] = [0, 0];
  let text;
  try {
    text = await Deno.readTextFile(toOutput(order));
  } catch {
    throw new Error(`no records; it said '${output.stderr.trim().slice(-300)}'`);
  }
  for (const line of text.trimEnd().split("\n").filter((line) => line !== "")) {
    const { i, url, status, error, attempts, ms } = JSON.parse(line) as OutputRecord;
    if (!new URL(url).pathname.endsWith(`/${i}`)) blame(`record ${i} has the URL ${url}`);
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
