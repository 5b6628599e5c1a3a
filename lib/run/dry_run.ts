/**
 * `--dry-run`: which requests a run would make. None of them is sent, and no file is changed.
 *
 * @module
 */
import { countDone, DoneSet } from "../checkpoint/done_set.ts";
import { ENGINES } from "../engine/engines.ts";
import { ResponseHooks } from "../engine/hooks.ts";
import type { RunOptions } from "../options/run_options.ts";
import { StartTimes } from "../schedule/start_times.ts";
import { createNumbering, toIndex } from "../source/numbering.ts";
import { openSource } from "../source/open.ts";
import type { TargetSource } from "../source/target_source.ts";
import { drawSeed } from "../source/run_random.ts";
import { addIds, drawIds } from "../source/request_id.ts";
import { describeShortfall } from "../source/shortfall.ts";
import type { Target } from "../target.ts";
import { formatCount, formatRequests } from "../text/format.ts";
import { formatNote } from "../transcript/format.ts";
import { SecretFilter } from "../transcript/secret_filter.ts";
import { formatRequest, formatTitle } from "../transcript/transcripts.ts";
import { Outputs } from "./outputs.ts";

/** How many requests are shown. */
const MAX_SHOWN = 10;

/** What a run would do. */
export interface DryRun {
  /** For standard output. */
  readonly text: string;
  /** Whether a request can be made of each record that was read. */
  readonly isGood: boolean;
}

/**
 * Looks at the requests that a run would make: all of them where only the input tells how many there
 * are, else those that are shown.
 *
 * @throws {UsageError} If the run could not begin.
 * @throws {InputError} If the input breaks off.
 */
export async function dryRun(options: RunOptions): Promise<DryRun> {
  const outputs = await Outputs.find(await withoutNewFiles(options));
  let source: TargetSource | undefined;
  try {
    if (outputs.isComplete) return { text: formatNote("the run is complete"), isGood: true };
    const { remainingRange, onlyLf, restored } = outputs;
    const seed = await drawSeed(restored?.salt);
    const template = options.url;
    source = await openSource({ ...options, ...remainingRange, onlyLf, seed, template });
    return await look(options, outputs, source);
  } finally {
    await source?.items.return();
    await outputs.abandon();
  }
}

/** The options without the outputs that a run would make: to look at those would make them. */
async function withoutNewFiles(options: RunOptions): Promise<RunOptions> {
  const { output, overwrite, resume } = options;
  if (output === undefined) return { ...options, failures: undefined };
  const isNew = overwrite || !await isThere(output.path);
  if (isNew) return { ...options, output: undefined, failures: undefined };
  return resume === "no" ? { ...options, failures: undefined } : options;
}

/** Whether there is such a file; true if this process may not know. */
async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}

async function look(
  options: RunOptions,
  { restored }: Outputs,
  { items, make, isDrawn }: TargetSource,
): Promise<DryRun> {
  const { requestId, loop, inputs } = options;
  const done = restored && DoneSet.from(restored.done);
  const numbering = createNumbering(options);
  const makeTarget = requestId === undefined
    ? make
    : addIds(make, await drawIds(requestId, restored?.salt));
  const format = await createFormatter(options);
  // Only reading tells how many records an input has.
  const readsAll = inputs.length > 0 && !loop;
  let text = "";
  let count = 0;
  let invalid = 0;
  let firstInvalid = "";
  let isSecure = false;
  while (readsAll || count < MAX_SHOWN) {
    const pending = items.next();
    const step = pending instanceof Promise ? await pending : pending;
    if (step.done) break;
    if (done?.has(toIndex(step.value.i, numbering))) continue;
    const target = makeTarget(step.value);
    if (++count <= MAX_SHOWN) {
      text += format(target);
      isSecure ||= target.url.toLowerCase().startsWith("https:");
    }
    if (target.invalid === undefined) continue;
    if (++invalid === 1) firstInvalid = `request ${target.i}: ${target.invalid}`;
  }
  // Of those behind the low-water mark, some are done already.
  const doneBehind = restored === undefined ? 0 : countDone(restored.done) - restored.done.low;
  const total = readsAll ? count : items.total === undefined ? Infinity : items.total - doneBehind;
  const starts = countStarts(options);
  const shortfall = items.ended === undefined || total >= starts
    ? undefined
    : describeShortfall(options, items.ended);
  text += describeTotal(total, starts, options);
  if (isSecure && ENGINES[options.engine].isAutomatic) {
    text += formatNote("a server that agrees to HTTP/2 gets https requests as fields of HTTP/2");
  }
  if (total > 0 && requestId !== undefined && restored === undefined) {
    text += formatNote("the run will have other ids of --request-id: it draws them when it begins");
  }
  if (total > 0 && isDrawn && restored === undefined) {
    text += formatNote("the run will have other random values: it draws them when it begins");
  }
  if (shortfall !== undefined) text += formatNote(shortfall);
  if (invalid > 0) {
    const those = readsAll ? "of them" : "of those above";
    text += formatNote(
      `${formatCount(invalid)} ${those} cannot be made; the first is ${firstInvalid}`,
    );
  }
  return { text, isGood: invalid === 0 };
}

/**
 * How many requests there would be, in words.
 *
 * @param total Infinity if only the time ends them
 * @param starts how many of them have the time to start
 */
function describeTotal(
  total: number,
  starts: number,
  { durationMs, resume, shard, stages }: RunOptions,
): string {
  const hasEnd = durationMs !== undefined || stages !== undefined;
  const most = Math.min(total, starts);
  const count = most === Infinity ? "any number of requests" : formatRequests(most);
  const of = shard.count === 1 ? "" : ` of shard ${shard.index}/${shard.count}`;
  const left = resume === "no" ? "" : " left to make";
  const atMost = hasEnd && most < Infinity ? "at most " : "";
  const until = !hasEnd ? "" : `, until --${durationMs === undefined ? "stages" : "duration"} ends`;
  return formatNote(`${atMost}${count}${of}${left} in all${until}; nothing was sent`);
}

/** How many requests a rate starts until the run ends by the time; Infinity without one of them. */
function countStarts({ rate, rampUpMs, stages, durationMs = Infinity }: RunOptions): number {
  if (rate === undefined) return Infinity;
  const times = new StartTimes({ rate, rampUpMs, stages: stages?.steps });
  if (durationMs === Infinity) return times.count;
  // Start `low` is before the end, and start `high` is not.
  let low = -1;
  let high = 1;
  while (high < times.count && times.of(high) < durationMs) high *= 2;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (times.of(middle) < durationMs) low = middle;
    else high = middle;
  }
  return Math.min(times.count, high);
}

/** Makes what shows a request as its engine would send it first. */
async function createFormatter(options: RunOptions): Promise<(target: Target) => string> {
  const describe = await ENGINES[options.engine].preview(options);
  const { cookieJar } = options;
  const cookies = cookieJar &&
    (await (await import("../cookies/jar_file.ts")).JarFile.open(cookieJar.path)).jar;
  const hooks = ResponseHooks.of({ ...options, cookies });
  return (target) => {
    const title = formatTitle(target);
    if (target.invalid !== undefined) {
      return title + formatNote(`cannot be made: ${target.invalid}`);
    }
    const headers = hooks?.headersFor(target, target) ?? target.headers;
    return title +
      formatRequest(
        describe({ ...target, headers }),
        target.body,
        new SecretFilter(options.variables),
      );
  };
}
