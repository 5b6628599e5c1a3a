/**
 * Sends metrics to a receiver of OTLP over HTTP, during a run and at its end.
 *
 * What fails is a notice: no trouble of the receiver stops or slows the run. All values count from
 * the start of the run, so a message that is lost takes nothing with it.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { parseHost } from "../http/url.ts";
import type { OtlpOptions } from "../options/run_options.ts";
import { describeOsError } from "../process/os_error.ts";
import { explainMissingNet, isGranted } from "../process/permission.ts";
import type { Snapshot } from "../stats/snapshot.ts";
import { collectMetrics, type Floors } from "./families.ts";
import { formatOtlp } from "./otlp.ts";

/** How long things take, in milliseconds. */
export interface OtlpTimes {
  /** The time between two messages. */
  readonly intervalMs: number;
  /** How long a message may take. */
  readonly timeoutMs: number;
  /** How long the last message is tried at the end of the run. */
  readonly lastMs: number;
  /** The time between two tries of it, unless the receiver says how long to wait. */
  readonly retryMs: number;
}

const TIMES: OtlpTimes = { intervalMs: 10_000, timeoutMs: 10_000, lastMs: 5_000, retryMs: 1_000 };

/** The maximum number of bytes of a response that are read, and of characters that are told. */
const MAX_RESPONSE_BYTES = 64 * 1_024;
const MAX_TOLD = 200;
/** The statuses after which the same message may be taken later, as the protocol has them. */
const RETRYABLE: readonly number[] = [429, 502, 503, 504];

/** Where the exporter gets its numbers, and tells what fails. */
export interface OtlpSource {
  /** The program's version. */
  readonly version: string;
  takeSnapshot(): Snapshot;
  /** Called with what the user should know; it can hold what the receiver sent. */
  onNotice(text: string): void;
}

/** What came of a message. */
interface Sent {
  /** Why it was not taken, in words; undefined if it was. */
  readonly problem?: string;
  /** In how many milliseconds the receiver may take it; undefined if it did not say so. */
  readonly retryMs?: number;
}

/** Sends the metrics of a run to one receiver. */
export class OtlpExporter {
  readonly #options: OtlpOptions;
  readonly #times: OtlpTimes;
  readonly #client = Deno.createHttpClient({ poolMaxIdlePerHost: 1 });
  readonly #instance = crypto.randomUUID();
  readonly #processStartMs = Date.now();
  /** By metric and labels, whose number is bounded. */
  readonly #floors: Floors = new Map();
  #source: OtlpSource | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Ends the message that is on its way; undefined without one. */
  #sending: AbortController | undefined;
  /** Until when the receiver wants no message, by `performance.now()`. */
  #heldUntilMs = 0;
  #isEnding = false;
  /** The last problem that was told; undefined after a message that was taken. */
  #told: string | undefined;

  /** @throws {UsageError} If this process may not connect to the receiver. */
  static open(options: OtlpOptions, times = TIMES): OtlpExporter {
    const host = parseHost(options.url);
    if (!isGranted({ name: "net", host })) {
      throw new UsageError(
        `Cannot send metrics to '--otlp ${options.shown}': no permission: ` +
          explainMissingNet(host),
      );
    }
    return new OtlpExporter(options, times);
  }

  private constructor(options: OtlpOptions, times: OtlpTimes) {
    this.#options = options;
    this.#times = times;
  }

  /** Begins to send messages, by default one every 10 s. */
  start(source: OtlpSource): void {
    this.#source = source;
    this.#timer = setInterval(() => void this.#tick(), this.#times.intervalMs);
    // The run keeps the process alive, not its metrics.
    Deno.unrefTimer(this.#timer);
  }

  /** Stops without a message. */
  close(): void {
    clearInterval(this.#timer);
    this.#sending?.abort();
    this.#client.close();
  }

  /**
   * Sends how the run ended, by default for at most 5 s, and stops. Never rejects.
   *
   * @param snapshot of the end
   */
  async finish(snapshot: Snapshot): Promise<void> {
    clearInterval(this.#timer);
    this.#isEnding = true;
    this.#sending?.abort();
    const { lastMs } = this.#times;
    const endMs = performance.now() + lastMs;
    let sent = await this.#send(snapshot, lastMs);
    while (sent.retryMs !== undefined && performance.now() + sent.retryMs < endMs) {
      const { retryMs } = sent;
      await new Promise((resolve) => setTimeout(resolve, retryMs));
      sent = await this.#send(snapshot, endMs - performance.now());
    }
    this.close();
    if (sent.problem !== undefined) this.#tell("the last metrics did not reach", sent.problem);
  }

  async #tick(): Promise<void> {
    // The next message has the values of one that is left out.
    if (this.#sending !== undefined || performance.now() < this.#heldUntilMs) return;
    const { problem } = await this.#send(this.#source!.takeSnapshot(), this.#times.timeoutMs);
    if (this.#isEnding) return;
    if (problem !== undefined && problem !== this.#told) {
      this.#tell("metrics do not reach", problem);
    }
    this.#told = problem;
  }

  #tell(what: string, problem: string): void {
    this.#source!.onNotice(`${what} '${this.#options.shown}': ${problem}`);
  }

  /** @param timeoutMs how long it may take */
  async #send(snapshot: Snapshot, timeoutMs: number): Promise<Sent> {
    const { version } = this.#source!;
    const sending = this.#sending = new AbortController();
    const timer = setTimeout(() => sending.abort(new Error("no answer in time")), timeoutMs);
    try {
      const { startedMs = this.#processStartMs } = snapshot;
      const build = { version, startMs: this.#processStartMs };
      const body = formatOtlp(collectMetrics(snapshot, build, this.#floors), {
        version,
        instance: this.#instance,
        startMs: startedMs,
        nowMs: Date.now(),
      });
      const response = await fetch(this.#options.url, {
        method: "POST",
        headers: [
          ["Content-Type", "application/json"],
          ["User-Agent", `myriad/${version}`],
          ...this.#options.headers.map(([name, value]): [string, string] => [name, value]),
        ],
        body,
        // Its fields can be secret.
        redirect: "manual",
        client: this.#client,
        signal: sending.signal,
      });
      return this.#judge(response, await readText(response));
    } catch (error) {
      return { problem: describe(error) };
    } finally {
      clearTimeout(timer);
      if (this.#sending === sending) this.#sending = undefined;
    }
  }

  #judge({ status, headers }: Response, text: string): Sent {
    if (status >= 200 && status < 300) {
      const told = readPartialSuccess(text);
      return told === undefined ? {} : { problem: `some were rejected: ${told}` };
    }
    const problem = `status ${status}${text === "" ? "" : `: ${text.slice(0, MAX_TOLD)}`}`;
    if (!RETRYABLE.includes(status)) return { problem };
    const seconds = Number(headers.get("Retry-After") ?? NaN);
    const retryMs = seconds >= 0 ? seconds * 1_000 : this.#times.retryMs;
    this.#heldUntilMs = performance.now() + retryMs;
    return { problem, retryMs };
  }
}

/** The first bytes of a response as text, on one line. */
async function readText({ body }: Response): Promise<string> {
  if (body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    bytes += chunk.length;
    if (bytes >= MAX_RESPONSE_BYTES) break;
  }
  return text.trim();
}

/** What a receiver says that it did not take of a message; undefined if it took all. */
function readPartialSuccess(text: string): string | undefined {
  try {
    const { rejectedDataPoints = 0, errorMessage = "" } = JSON.parse(text).partialSuccess ?? {};
    return Number(rejectedDataPoints) > 0 || errorMessage !== ""
      ? `${rejectedDataPoints} values, ${errorMessage}`.slice(0, MAX_TOLD)
      : undefined;
  } catch {
    // Some receivers answer without JSON.
    return undefined;
  }
}

/** The operating system's or the library's own words: native fetch repeats the URL before them. */
function describe(error: unknown): string {
  const cause = error instanceof Error ? error.cause ?? error : error;
  return describeOsError(cause).split(": ").at(-1)!.slice(0, MAX_TOLD);
}
