import type { MaybePromise, Snapshot } from "../types.ts";
import { formatBytes, formatClock, formatCount, formatMs, formatRate } from "./format.ts";

/** How often a bar is drawn, and a line printed. */
const BAR_MS = 100;
const LOG_MS = 10_000;
/** The rate that is shown is that of about the last five seconds. */
const WINDOW_MS = 5_000;
const WINDOW_SAMPLES = 10;
/** How long a terminal that takes nothing can hold up the end, twice at most. */
const STUCK_MS = 1_000;

/** Cells of the bar itself, and of the line from which on there is one. */
const BAR_CELLS = 20;
const WIDTH_FOR_BAR = 60;

/**
 * The rate of about the last five seconds, or since the last call if that is longer ago.
 */
export class RecentRate {
  /** Ascending; the first is the newest that is older than the window. At most 12. */
  readonly #samples: { ms: number; requests: number }[] = [];

  /**
   * @param ms the time, not before that of the last call
   * @returns requests a second; 0 at the first call
   */
  update(ms: number, requests: number): number {
    const samples = this.#samples;
    const last = samples.at(-1);
    if (last === undefined || ms - last.ms >= WINDOW_MS / WINDOW_SAMPLES) {
      while (samples.length > 1 && samples[1].ms <= ms - WINDOW_MS) samples.shift();
      samples.push({ ms, requests });
    }
    const first = samples[0];
    return ms > first.ms ? (requests - first.requests) / (ms - first.ms) * 1000 : 0;
  }
}

/** The share that is done, 0 to 1, as far as anybody knows. */
function doneOf({ requests, total, progress }: Snapshot): number | undefined {
  return total !== undefined && total > 0 ? Math.min(1, requests / total) : progress;
}

/** Seconds until the end at this rate, as far as anybody knows. */
function etaOf({ requests, total, progress }: Snapshot, rate: number): number | undefined {
  const all = total ?? (progress !== undefined && progress > 0 ? requests / progress : undefined);
  return all !== undefined && rate > 0 ? Math.max(0, all - requests) / rate : undefined;
}

/** What there is to say of a moment, the most important first. */
function fieldsOf(snapshot: Snapshot, rate: number): string[] {
  const { requests, total, latency, failed, inFlight, paused, retrying } = snapshot;
  const done = doneOf(snapshot);
  const eta = etaOf(snapshot, rate);
  return [
    total === undefined ? formatCount(requests) : `${formatCount(requests)}/${formatCount(total)}`,
    ...done === undefined ? [] : [`${Math.floor(done * 100)} %`],
    ...paused === 0 ? [] : [paused === 1 ? "paused" : `${formatCount(paused)} paused`],
    `${formatRate(rate)}/s`,
    `${formatCount(failed)} ${failed === 1 ? "error" : "errors"}`,
    ...eta === undefined ? [] : [`ETA ${formatClock(eta)}`],
    `${formatClock(snapshot.seconds)}`,
    `p50 ${formatMs(latency.p50)} p99 ${formatMs(latency.p99)}`,
    `${formatCount(inFlight)} in flight`,
    ...retrying === 0 ? [] : [`${formatCount(retrying)} to be tried again`],
    formatBytes(snapshot.rssBytes),
  ];
}

/**
 * One line that says how far a run is. Where the terminal is too narrow for all of it, it drops
 * memory, in flight, latency, elapsed, ETA, errors, rate and percentage, in this order; below 60
 * cells there is no bar. What is left is `done/total`, or the first that fits of done, percentage
 * and done rounded: no number is ever cut.
 *
 * @param rate requests a second, lately
 * @param columns cells of the terminal's line, of which the last is left free
 */
export function formatBar(
  snapshot: Snapshot,
  rate: number,
  { columns, color }: { columns: number; color: boolean },
): string {
  const width = columns - 1;
  const done = doneOf(snapshot);
  const [count, ...fields] = fieldsOf(snapshot, rate);
  const besideBar = width - BAR_CELLS - 3;
  const hasBar = done !== undefined && width >= WIDTH_FOR_BAR && count.length <= besideBar;
  const room = hasBar ? besideBar : width;
  if (count.length > room) return shortOf(snapshot).find((text) => text.length <= room) ?? "";
  let text = count;
  for (const field of fields) {
    if (text.length + 2 + field.length > room) break;
    text += `  ${field}`;
  }
  if (!hasBar) return text;
  // Rounded down: a full bar means that all is done.
  const filled = Math.floor(done * BAR_CELLS);
  const cells = "#".repeat(filled);
  const bar = color ? `\x1b[32m${cells}\x1b[0m` : cells;
  return `[${bar}${".".repeat(BAR_CELLS - filled)}] ${text}`;
}

/** What is done where there is no room for more, the most exact first. */
function shortOf(snapshot: Snapshot): string[] {
  const { requests } = snapshot;
  const done = doneOf(snapshot);
  return [
    formatCount(requests),
    ...done === undefined ? [] : [`${Math.floor(done * 100)} %`],
    new Intl.NumberFormat("en", { notation: "compact" }).format(requests),
  ];
}

/**
 * What {@linkcode formatBar} says, as a line of a log, without a line feed.
 *
 * @param rate requests a second, lately
 */
export function formatLogLine(snapshot: Snapshot, rate: number): string {
  return fieldsOf(snapshot, rate).join(", ");
}

/** Options for {@linkcode Progress}. */
export interface ProgressOptions {
  mode: "bar" | "log" | "none";
  /** The terminal's width now, in cells. */
  columns(): number;
  color: boolean;
  /** Writes all of it; it is not called again before it is done. It may fail. */
  write(bytes: Uint8Array): MaybePromise<void>;
  takeSnapshot(): Snapshot;
  /** The time in milliseconds. @default {performance.now} */
  now?: () => number;
  /** Milliseconds that {@linkcode Progress.stop} waits for a write. @default {1000} */
  stuckMs?: number;
}

const encoder = new TextEncoder();

/**
 * Shows how far a run is: a bar drawn again and again in one line, or a line now and then. A
 * terminal that takes nothing is not waited for, and nothing piles up for it.
 */
export class Progress {
  readonly #options: ProgressOptions;
  readonly #rate = new RecentRate();
  readonly #now: () => number;
  #timer: ReturnType<typeof setInterval> | undefined;
  #writing: Promise<void> | undefined;
  #isDrawn = false;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Begins to draw; that alone keeps no process alive. */
  start(): void {
    const { mode } = this.#options;
    if (mode === "none") return;
    this.#rate.update(this.#now(), 0);
    this.#timer = setInterval(() => this.tick(), mode === "bar" ? BAR_MS : LOG_MS);
    this.#timer.unref();
  }

  /** Draws once, unless what was drawn before has not been taken yet. */
  tick(): void {
    const { mode, columns, color, takeSnapshot } = this.#options;
    if (this.#writing !== undefined) return;
    const snapshot = takeSnapshot();
    const rate = this.#rate.update(this.#now(), snapshot.requests);
    if (mode === "log") return this.#write(`myriad: ${formatLogLine(snapshot, rate)}\n`);
    this.#isDrawn = true;
    // Erased from there to the end of the line, not before: that would flicker.
    this.#write(`\r${formatBar(snapshot, rate, { columns: columns(), color })}\x1b[K`);
  }

  #write(text: string): void {
    this.#writing = this.#tryWrite(text).finally(() => this.#writing = undefined);
  }

  async #tryWrite(text: string): Promise<void> {
    try {
      await this.#options.write(encoder.encode(text));
    } catch {
      // A closed stderr is no reason to end a run.
    }
  }

  /** Ends it, and takes the bar away: what is printed next stands at the beginning of a line. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#written();
    if (!this.#isDrawn || this.#writing !== undefined) return;
    this.#isDrawn = false;
    this.#write("\r\x1b[K");
    await this.#written();
  }

  async #written(): Promise<void> {
    const { stuckMs = STUCK_MS } = this.#options;
    let timer;
    const stuck = new Promise<void>((resolve) => timer = setTimeout(resolve, stuckMs));
    await Promise.race([this.#writing, stuck]);
    clearTimeout(timer);
  }
}
