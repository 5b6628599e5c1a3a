import type { Meter } from "../meter.ts";
import { writeLines } from "../write_lines.ts";
import { type Client, FAILED, NOTHING, OK, type Order, type Report } from "./client.ts";
import {
  type Condition,
  DEFAULT_CONCURRENCY,
  DEFAULT_HOSTS,
  DEFAULT_TIMEOUT_SECONDS,
  type Run,
} from "./condition.ts";
import type { Laboratory } from "./laboratory.ts";
import { toFolder } from "./mix.ts";
import { type Protocol, type Site, type SiteKind, toUrl } from "./site.ts";

/** A client under a condition: what was asked, and what became of it by both sides. */
export interface Outcome {
  readonly client: string;
  readonly asked: number;
  /** Requests that the server says it answered with 200. */
  readonly answered: number;
  readonly ok: number;
  readonly failed: number;
  /** Requests that the client says nothing of. */
  readonly lost: number;
  /**
   * Requests that the server got again though no retry was asked for, or though it had answered
   * them; undefined where a client's requests cannot be told apart.
   */
  readonly twice: number | undefined;
  /** Requests said to be answered that the server did not answer; undefined as above. */
  readonly wronglyOk: number | undefined;
  /** Requests said to have failed that the server answered; undefined as above. */
  readonly wronglyFailed: number | undefined;
  readonly seconds: number;
  /** Seconds from the end of the fault to the next answer of the server. */
  readonly recoverySeconds: number | undefined;
  readonly kinds: Readonly<Record<string, number>>;
  readonly faults: readonly string[];
}

/** What is needed to run a client under a condition. */
export interface RowOptions {
  readonly laboratory: Laboratory;
  readonly meter: Meter;
  readonly condition: Condition;
  readonly site: SiteKind;
  readonly protocol: Protocol;
  readonly client: Client;
  readonly requests: number;
}

/** The client has ended before what was to happen during its run. */
class Ended extends Error {}

/** What a row says whose client was done too soon to meet the fault. */
const TOO_SHORT = "ended before all of it had happened";
/** How often the server's log is looked at. */
const LOOK_SECONDS = 0.02;
/** How much longer than all its requests' time limits a client may take, in seconds. */
const SPARE_SECONDS = 60;
/** The longest that a client may take, in seconds. */
const MAX_SECONDS = 300;

/**
 * Runs a client once, with a server of its own.
 *
 * @throws {Error} If the server does not start, or the client does not end or reports nothing.
 */
export async function runRow(options: RowOptions): Promise<Outcome> {
  const { laboratory, meter, condition, protocol, client, requests } = options;
  const folder = await Deno.makeTempDir({ dir: laboratory.folder });
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(() => Deno.remove(folder, { recursive: true }));
  const serverFolder = `${folder}/server`;
  await Deno.mkdir(serverFolder);
  const faultFolder = `${folder}/fault`;
  await Deno.mkdir(faultFolder);
  const fault = await condition.apply?.(laboratory, faultFolder);
  if (fault !== undefined) cleanUp.use(fault);
  const site = cleanUp.use(await options.site.start({ laboratory, folder: serverFolder }));
  const {
    hosts = DEFAULT_HOSTS,
    concurrency = DEFAULT_CONCURRENCY,
    timeoutSeconds = DEFAULT_TIMEOUT_SECONDS,
    isMixed = false,
    retries = 0,
    pauseSeconds = 0,
  } = condition;
  const order: Order = {
    list: `${folder}/urls.txt`,
    folder: `${folder}/client`,
    authority: laboratory.certificate.authority,
    ...{ requests, concurrency, protocol, isMixed, timeoutSeconds, retries, pauseSeconds },
  };
  await Deno.mkdir(order.folder);
  await writeLines(
    order.list,
    requests,
    (i) => `${toUrl(protocol, hosts[i % hosts.length], i, isMixed ? toFolder(i) : "/")}\n`,
  );
  await client.prepare?.(order);
  const rounds = Math.ceil(requests / concurrency) * (retries + 1);
  const limitSeconds = Math.min(
    MAX_SECONDS,
    rounds * (timeoutSeconds + pauseSeconds) + SPARE_SECONDS,
  );
  const ending = new AbortController();
  const beside = happen(
    condition,
    { laboratory, site, folder: faultFolder, last: (fault) => void cleanUp.use(fault) },
    requests,
    ending.signal,
  );
  // It is awaited below; until then a failure must not end the benches, with namespaces left behind.
  beside.catch(() => {});
  let output;
  let happened: Awaited<ReturnType<typeof happen>> = { isAll: false };
  try {
    output = await meter.run(laboratory.client.wrap(client.command(order)), limitSeconds);
  } finally {
    ending.abort();
    happened = await beside;
  }
  const report = await client.read(order, output);
  await site.stop();
  const compared = await compare(report, site, order);
  const faults = [...compared.faults, ...(happened.isAll ? [] : [TOO_SHORT])];
  const { kinds: wanted, mayFail = false } = condition;
  if (compared.failed > 0 && !mayFail) faults.push("some failed, and none may");
  for (const kind of Object.keys(wanted === undefined ? {} : compared.kinds)) {
    if (!wanted!.includes(kind)) faults.push(`failures of the kind '${kind}'`);
  }
  const { recoverySeconds } = happened;
  return { client: client.name, ...compared, faults, seconds: output.seconds, recoverySeconds };
}

/**
 * Lets happen what is to happen during the run, which ends with the client.
 *
 * @returns whether all of it has happened, and how long the client took to recover, if it had to
 */
async function happen(
  { during }: Condition,
  parts: Omit<Run, "wait" | "reach" | "recover">,
  requests: number,
  signal: AbortSignal,
): Promise<{ isAll: boolean; recoverySeconds?: number }> {
  let recoverySeconds: number | undefined;
  try {
    await during?.({
      ...parts,
      async recover() {
        const [start, before] = [performance.now(), await parts.site.countRequests()];
        while (await parts.site.countRequests() <= before) await wait(LOOK_SECONDS, signal);
        recoverySeconds = (performance.now() - start) / 1000;
      },
      wait: (seconds) => wait(seconds, signal),
      async reach(share) {
        while (await parts.site.countRequests() < share * requests) {
          await wait(LOOK_SECONDS, signal);
        }
      },
    });
    return { isAll: true, recoverySeconds };
  } catch (error) {
    if (!(error instanceof Ended)) throw error;
    return { isAll: false };
  }
}

function wait(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new Ended());
    const end = (): void => {
      clearTimeout(timer);
      reject(new Ended());
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", end);
      resolve();
    }, seconds * 1000);
    signal.addEventListener("abort", end, { once: true });
  });
}

/** Puts what a client says beside what the server logged. */
async function compare(
  { asked, ok, failed, unfinished = 0, outcomes, isNumbered, kinds = {}, faults = [] }: Report,
  site: Site,
  { requests, retries }: Order,
): Promise<Omit<Outcome, "client" | "seconds" | "recoverySeconds">> {
  const all = asked ?? requests;
  // More than 65,535 arrivals of one request still count as many.
  const arrivals = new Uint16Array(all);
  const isAnswered = new Uint8Array(all);
  let [twice, answers] = [0, 0];
  await site.forEachRequest(({ number, status, isWhole }) => {
    if (!(number < all)) return;
    // The second arrival counts, and each one behind an answer.
    if (arrivals[number]++ > 0 && (retries === 0 || isAnswered[number] === 1)) twice++;
    if (status !== 200 || !isWhole) return;
    isAnswered[number] = 1;
    answers++;
  });
  const common = { asked: all, ok, failed, kinds, faults };
  if (outcomes === undefined) {
    return {
      ...common,
      answered: answers,
      lost: Math.max(0, all - ok - failed - unfinished),
      twice: isNumbered === true ? twice : undefined,
      wronglyOk: Math.max(0, ok - answers),
      wronglyFailed: undefined,
    };
  }
  let [lost, wronglyOk, wronglyFailed] = [0, 0, 0];
  for (const [i, outcome] of outcomes.entries()) {
    if (outcome === NOTHING) lost++;
    if (outcome === OK && isAnswered[i] === 0) wronglyOk++;
    if (outcome === FAILED && isAnswered[i] === 1) wronglyFailed++;
  }
  const answered = isAnswered.reduce((sum, value) => sum + value, 0);
  return { ...common, answered, lost, twice, wronglyOk, wronglyFailed };
}
