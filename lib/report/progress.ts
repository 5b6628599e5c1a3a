import type { Snapshot } from "../types.ts";
import { formatBytes, formatClock, formatCount, formatMs, formatRate } from "./format.ts";

/** How often a bar is drawn, and a line printed. */
const BAR_MS = 100;
const LOG_MS = 10_000;
/** The rate that is shown is that of about the last five seconds. */
const WINDOW_MS = 5_000;
const WINDOW_SAMPLES = 10;
/** How long a terminal that does not take what it is sent can hold up the end. */
const STUCK_MS = 1_000;

/** Cells of the bar itself. */
const BAR_CELLS = 20;

/** Rates of about the last five seconds: a ring of fixed size. */
export class RecentRate {
  readonly #samples: { ms: number; requests: number }[] = [];

  /** @param ms the time, not before that of the last call */
  update(ms: number, requests: number): number {
    const samples = this.#samples;
    const last = samples.at(-1);
    if (last === undefined || ms - last.ms >= WINDOW_MS / WINDOW_SAMPLES) {
      samples.push({ ms, requests });
      if (samples.length > WINDOW_SAMPLES + 1) samples.shift();
    }
    const first = samples[0];
    return ms > first.ms ? (requests - first.requests) / (ms - first.ms) * 1000 : 0;
  }
}

/** The share that is done, 0 to 1, as far as anybody knows. */
function doneOf({ requests, total, progress }: Snapshot): number | undefined {
  return total !== undefined && total > 0 ? Math.min(1, requests / total) : progress;
}

function etaOf(snapshot: Snapshot, rate: number): number | undefined {
  const { requests, total, seconds } = snapshot;
  if (total !== undefined) return rate > 0 ? (total - requests) / rate : undefined;
  const done = doneOf(snapshot);
  return done !== undefined && done > 0 ? seconds * (1 - done) / done : undefined;
}

/** What there is to say of a moment, the most important first. */
function fieldsOf(snapshot: Snapshot, rate: number): string[] {
  const { requests, total, latency, failed, inFlight } = snapshot;
  const done = doneOf(snapshot);
  const eta = etaOf(snapshot, rate);
  return [
    total === undefined ? formatCount(requests) : `${formatCount(requests)}/${formatCount(total)}`,
    ...done === undefined ? [] : [`${Math.floor(done * 100)} %`],
    `${formatRate(rate)}/s`,
    `${formatCount(failed)} errors`,
    ...eta === undefined ? [] : [`ETA ${formatClock(eta)}`],
    `${formatClock(snapshot.seconds)}`,
    `p50 ${formatMs(latency.p50)} p99 ${formatMs(latency.p99)}`,
    `${formatCount(inFlight)} in flight`,
    formatBytes(snapshot.rssBytes),
  ];
}

/**
 * One line that says how far a run is. Where the terminal is too narrow for all of it, it drops
 * memory, in flight, latency, elapsed, ETA, errors, rate and percentage, in this order, and the bar
 * if not even what is left fits beside it.
 *
 * @param columns cells of the terminal's line, of which the last is left free
 * @param rate requests a second, lately
 */
export function formatBar(
  snapshot: Snapshot,
  rate: number,
  { columns, color }: { columns: number; color: boolean },
): string {
  const width = columns - 1;
  const done = doneOf(snapshot);
  const filled = Math.round((done ?? 0) * BAR_CELLS);
  const hasBar = done !== undefined && width >= 60;
  let left = hasBar ? width - BAR_CELLS - 3 : width;
  const shown: string[] = [];
  for (const field of fieldsOf(snapshot, rate)) {
    const cells = field.length + (shown.length > 0 ? 2 : 0);
    if (cells > left) break;
    left -= cells;
    shown.push(field);
  }
  const text = shown.join("  ") || formatCount(snapshot.requests).slice(0, Math.max(0, width));
  if (!hasBar) return text;
  const cells = "#".repeat(filled);
  const bar = color ? `\x1b[32m${cells}\x1b[0m` : cells;
  return `[${bar}${".".repeat(BAR_CELLS - filled)}] ${text}`;
}

/** What {@linkcode formatBar} says, as a line of a log. */
export function formatLogLine(snapshot: Snapshot, rate: number): string {
  return fieldsOf(snapshot, rate).join(", ");
}

/** Options for {@linkcode Progress}. */
export interface ProgressOptions {
  mode: "bar" | "log" | "none";
  /** The terminal's width now, in cells. */
  columns(): number;
  color: boolean;
  write(bytes: Uint8Array): Promise<void>;
  takeSnapshot(): Snapshot;
  /** The time in milliseconds. @default {performance.now} */
  now?: () => number;
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
    // A closed stderr is no reason to end a run.
    this.#writing = this.#options.write(encoder.encode(text)).catch(() => {})
      .finally(() => this.#writing = undefined);
  }

  /** Ends it, and takes the bar away. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#written();
    if (!this.#isDrawn || this.#writing !== undefined) return;
    this.#write("\r\x1b[K");
    await this.#written();
  }

  async #written(): Promise<void> {
    let timer;
    const stuck = new Promise<void>((resolve) => timer = setTimeout(resolve, STUCK_MS));
    await Promise.race([this.#writing, stuck]);
    clearTimeout(timer);
  }
}
