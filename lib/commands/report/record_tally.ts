import { roundSummary } from "../../report/json.ts";
import type { PageData } from "../../report/page/data.ts";
import { RecordSeries } from "../../series/record_series.ts";
import { ErrorGroups } from "../../stats/error_groups.ts";
import { ErrorTally, isSkipped } from "../../stats/error_tally.ts";
import type { KnownSummary } from "../../stats/summary.ts";
import { Histogram } from "../../stats/histogram.ts";
import { HostTally } from "../../stats/host_tally.ts";
import { toLatency } from "../../stats/latency.ts";
import { describePhases, PhaseTimes } from "../../stats/phase_times.ts";
import { type ByPhase, mapPhases, PHASES } from "../../stats/phases.ts";
import { Slowest } from "../../stats/slowest.ts";
import { MIN_ERROR_STATUS, StatusCounts } from "../../stats/status_counts.ts";
import { listHosts, listSlowest } from "../../stats/top.ts";
import { toIsoTime } from "../../text/iso_time.ts";
import type { TalliedRecord } from "./run_record.ts";

/** What is known of a run afterwards; undefined is what the files do not tell. */
export interface RunData
  extends Pick<PageData, "series" | "hosts" | "slowest" | "messages" | "tolerated" | "parts"> {
  readonly summary: KnownSummary;
  /** Lines that are not records; undefined where the files are summaries. */
  readonly invalidLines?: number;
}

/** Sums above are not exact. */
const MAX_EXACT = Number.MAX_SAFE_INTEGER;

/** Counts records, as a run counts the results behind them. Of fixed size, whatever their number. */
export class RecordTally {
  #requests = 0;
  #failed = 0;
  #skipped = 0;
  /** Failures whose records do not name the kind of error. */
  #unnamed = 0;
  #bytes = 0;
  #attempts = 0;
  /** Those that succeeded with a status of 400 or more. */
  #tolerated = 0;
  /** Responses whose latency counts. */
  #responses = 0;
  readonly #statuses = new StatusCounts();
  readonly #histogram = new Histogram();
  readonly #errors = new ErrorTally();
  readonly #hosts = new HostTally();
  readonly #slowest: Slowest;
  readonly #messages = new ErrorGroups();
  readonly #series = new RecordSeries();
  readonly #phases = new PhaseTimes();
  /** How many responses tell each phase, be it that it was not measured. */
  readonly #told = PHASES.map(() => 0);
  /** How many records tell each of these; what one record does not tell, the report does not. */
  #known = { statuses: 0, latencies: 0, bytes: 0, attempts: 0, urls: 0, times: 0, slowest: 0 };
  readonly #top: number | undefined;

  /** @param top how many hosts and slow responses the summary has; undefined for none */
  constructor(top?: number) {
    this.#top = top;
    this.#slowest = new Slowest(top);
  }

  add(record: TalliedRecord): void {
    const { status, ms, error } = record;
    const known = this.#known;
    this.#requests++;
    if (record.hasStatus) known.statuses++;
    if (status !== null) this.#statuses.record(status);
    if (record.hasBytes) known.bytes++;
    this.#bytes += record.bytes;
    if (record.hasAttempts) known.attempts++;
    this.#attempts += record.attempts;
    const hasFailed = error !== undefined || !record.hasReason;
    const isResponse = !hasFailed && record.hasMs;
    if (hasFailed) this.#addFailure(record);
    else {
      this.#responses++;
      this.#addPhases(record);
      if (status !== null && status >= MIN_ERROR_STATUS) this.#tolerated++;
      if (record.hasMs) {
        known.latencies++;
        this.#histogram.record(ms * 1000);
      }
    }
    if (record.hasUrl && record.hasMs) {
      known.urls++;
      this.#hosts.record(record);
    }
    if (record.hasUrl && record.hasMs && record.hasAt && record.hasNumber) {
      known.slowest++;
      this.#slowest.record(record);
    }
    if (record.hasAt && record.hasMs) {
      known.times++;
      this.#series.add(record, isResponse);
    }
  }

  #addPhases({ phases }: TalliedRecord): void {
    for (let k = 0; k < phases.length; k++) {
      const { phase, ms, isTold } = phases[k];
      if (isTold) this.#told[k]++;
      if (ms !== undefined) this.#phases.recordPhase(phase, ms);
    }
  }

  #addFailure(record: TalliedRecord): void {
    this.#failed++;
    if (record.hasAttempts && isSkipped(record)) this.#skipped++;
    const { error, detail, target: { url } } = record;
    if (error === undefined) return void this.#unnamed++;
    this.#errors.record(error, { url, detail });
    this.#messages.record(error, detail, url);
  }

  /** The phases that each response tells. */
  #reviewPhases(): Pick<KnownSummary, "phases_ms" | "phase_histograms"> {
    const responses = this.#responses;
    const told = PHASES.filter((_, k) => responses > 0 && this.#told[k] === responses);
    if (told.length === 0) return {};
    const all = this.#phases.clone();
    const known: ByPhase<Histogram> = Object.fromEntries(told.map((phase) => [phase, all[phase]]));
    return {
      phases_ms: describePhases(all, told),
      phase_histograms: mapPhases(known, (histogram) => histogram.toJSON()),
    };
  }

  /** All that the records tell. */
  review(): RunData {
    const known = this.#known;
    const all = this.#requests;
    const succeeded = all - this.#failed;
    const ofAll = <T>(count: number, value: T): T | undefined => count === all ? value : undefined;
    const range = ofAll(known.times, this.#series.range);
    const seconds = range === undefined ? undefined : (range.endMs - range.startMs) / 1000;
    const hosts = ofAll(known.urls, this.#hosts.figures());
    const slowest = ofAll(known.slowest, this.#slowest.list());
    const top = this.#top;
    const hasLatencies = known.latencies === this.#responses;
    return {
      summary: roundSummary({
        requests: all,
        succeeded,
        failed: this.#failed,
        skipped: this.#unnamed === 0 ? ofAll(known.attempts, this.#skipped) : undefined,
        errors: this.#unnamed === 0 ? this.#errors.toJSON() : undefined,
        statuses: ofAll(known.statuses, this.#statuses.toJSON()),
        seconds,
        started: range === undefined ? undefined : toIsoTime(range.startMs),
        rate: seconds ? all / seconds : undefined,
        bytes: this.#bytes > MAX_EXACT ? undefined : ofAll(known.bytes, this.#bytes),
        latency_ms: hasLatencies ? toLatency(this.#histogram) : undefined,
        ...this.#reviewPhases(),
        attempts: this.#attempts > MAX_EXACT ? undefined : ofAll(known.attempts, this.#attempts),
        slowest: top === undefined ? undefined : slowest && listSlowest(slowest, top),
        hosts: top === undefined ? undefined : hosts && listHosts(hosts, top),
        histogram: hasLatencies ? this.#histogram.toJSON() : undefined,
      }),
      series: ofAll(known.times, this.#series.series()),
      hosts,
      slowest,
      messages: this.#unnamed === 0 ? this.#messages.list() : undefined,
      // Where a response was not as expected, the user did say what to expect.
      tolerated: this.#errors.has("expect") ? undefined : ofAll(known.statuses, this.#tolerated),
    };
  }
}
