import type { StreamInfo } from "@nats-io/jetstream";
import { type KV, Kvm } from "@nats-io/kv";
import { BusError, UsageError } from "../../errors.ts";
import type { BusOptions } from "../../options/run_options.ts";
import { Codec } from "../codec.ts";
import { BusConnection } from "./connection.ts";
import { RunAccess } from "./run_access.ts";
import { RETRY_MS, RunBus, SPEC_MS } from "./run_bus.ts";
import {
  addBucket,
  addStreams,
  isWhole,
  listStreams,
  RUN_NAME,
  type RunStreams,
  STREAM,
  toNames,
} from "./streams.ts";
import { isUnanswered, isWrittenBefore, toBusError } from "./trouble.ts";

/** The key of who makes a run. */
const CLAIM = "claim";

/**
 * How long nats-server 2.9 goes on to remove files of a stream after it has told that it is deleted,
 * in milliseconds: also those of a stream that was made meanwhile.
 */
const REMOVAL_MS = 1_000;

/** What a run is made with. */
export interface CreateOptions extends RunStreams {
  /** What the run is sealed with; undefined if it is not. */
  readonly key: Uint8Array | undefined;
}

/** A run as its streams show it. */
export interface RunListing {
  readonly run: string;
  /** When its streams were made; undefined while no server knows. */
  readonly since: Date | undefined;
  /** Whether all of them are there. */
  readonly isWhole: boolean;
  /** How many slices were published so far. */
  readonly slices: number;
  /** How many of these wait for a worker, or are with one. */
  readonly open: number;
  /** The bytes of its store, and the maximum of them. */
  readonly storedBytes: number;
  readonly holdBytes: number;
}

/** The bus: the runs that are on one NATS server, or cluster of servers. */
export class Bus {
  readonly #connection: BusConnection;
  /** The run that was opened last: it is told what the user may not do. */
  #run: RunBus | undefined;
  /** Since when streams that this has deleted can be made again. */
  #settledMs = 0;

  /**
   * @throws {UsageError} If the bus cannot be reached, does not let this user in, or this process may
   * not connect to it.
   */
  static async connect(options: BusOptions): Promise<Bus> {
    return new Bus(await BusConnection.connect(options));
  }

  private constructor(connection: BusConnection) {
    this.#connection = connection;
    connection.onDenied = (text) => this.#run?.onNotice(text);
  }

  /** The names of the runs that are on the bus. */
  async listRuns(): Promise<string[]> {
    const streams = [...await this.#listStreams()];
    return streams.filter(([run, names]) => isWhole(run, names)).map(([run]) => run).sort();
  }

  /** The names of streams, by the run. Servers know them also of a stream that has no leader now. */
  async #listStreams(): Promise<Map<string, Set<string>>> {
    const streams = new Map<string, Set<string>>();
    try {
      for await (const name of this.#connection.jsm.streams.names()) {
        const run = STREAM.exec(name)?.[1];
        if (run === undefined) continue;
        if (!streams.has(run)) streams.set(run, new Set());
        streams.get(run)!.add(name);
      }
    } catch (error) {
      throw toBusError(error, "list the runs");
    }
    return streams;
  }

  /** All runs that have at least one stream on the bus, the oldest first. */
  async listAll(): Promise<RunListing[]> {
    const streams = await this.#listStreams();
    const infos = new Map<string, StreamInfo>();
    try {
      for await (const info of this.#connection.jsm.streams.list()) {
        infos.set(info.config.name, info);
      }
    } catch (error) {
      throw toBusError(error, "list the runs");
    }
    return Array.from(streams, ([run, names]) => {
      const { slices, store } = toNames(run);
      const queue = infos.get(slices)?.state;
      const times = Array.from(names, (name) => infos.get(name)?.created ?? NaN)
        .map((created) => new Date(created).getTime()).filter(Number.isFinite);
      return {
        run,
        since: times.length === 0 ? undefined : new Date(Math.min(...times)),
        isWhole: isWhole(run, names),
        slices: queue?.last_seq ?? 0,
        open: queue?.messages ?? 0,
        storedBytes: infos.get(store)?.state.bytes ?? 0,
        holdBytes: infos.get(store)?.config.max_bytes ?? 0,
      };
    }).sort((a, b) => Number(a.since ?? 0) - Number(b.since ?? 0));
  }

  /**
   * Makes the streams of a run, and opens it. What is left of an earlier one of that name goes. Until
   * its description is written, it is not a run to workers.
   *
   * @throws {UsageError} If a run of that name is on the bus, or another submitter makes one.
   * @throws {BusError} If the streams cannot be made. None of them is left then.
   */
  async createRun(
    run: string,
    { key, ...streams }: CreateOptions,
  ): Promise<RunBus> {
    const { jsm } = this.#connection;
    await this.#removeLeft(run);
    try {
      await this.#settle();
      await addBucket(jsm, run, streams);
      const kv = await this.#openKeys(run);
      await claim(kv, run);
      try {
        // The bucket is the last that is deleted. Without it there is nothing, unless others removed it.
        await this.#deleteStreams(run, listStreams(run).slice(0, -1));
        await this.#settle();
        await addStreams(jsm, run, streams);
      } catch (error) {
        await this.deleteRun(run).catch(() => {});
        throw error;
      }
      return this.#open(run, kv, key);
    } catch (error) {
      throw toBusError(error, `make the run '${run}' on the bus`);
    }
  }

  /** Waits until the server has removed what was deleted. */
  async #settle(): Promise<void> {
    const ms = this.#settledMs - performance.now();
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
  }

  /** Removes a run that nobody describes: its submitter has died before, or while it was removed. */
  async #removeLeft(run: string): Promise<void> {
    try {
      if (await this.#findUndescribed(run) === undefined) return;
      const { created } = await this.#findBucket(run);
      const kv = await this.#openKeys(run);
      const before = await kv.get(CLAIM);
      // Another submitter may be about to describe it.
      const endMs = performance.now() + SPEC_MS;
      while (performance.now() < endMs) {
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        if (await this.#findUndescribed(run) === undefined) return;
      }
      await claim(kv, run, before?.revision);
      // One that has removed it, and made its own, has a claim of the same revision.
      const claimed = await this.#findBucket(run);
      if (claimed.created !== created) throw makesAnother(run);
    } catch (error) {
      const trouble = toBusError(error, `open the run '${run}'`);
      if (trouble instanceof BusError && trouble.trouble === "gone") return;
      throw trouble;
    }
    await this.deleteRun(run);
  }

  /** @throws {UsageError} If the run is described. @returns undefined if it is not on the bus */
  async #findUndescribed(run: string): Promise<RunBus | undefined> {
    const left = await this.openRun(run);
    if (await left?.isSealed() === undefined) return left;
    throw new UsageError(
      `A run '${run}' is on the bus already: add --resume to go on with it, use another ` +
        `--cluster-run, or remove it by 'myriad runs URL ${run} --delete'`,
    );
  }

  /**
   * Opens a run; undefined if it is not on the bus.
   *
   * @param key that it is sealed with; undefined without one
   */
  async openRun(run: string, key?: Uint8Array): Promise<RunBus | undefined> {
    if (!RUN_NAME.test(run)) return undefined;
    try {
      // One that is being made has no key yet, and nats-server 2.9 can end when a key is read then.
      const { state } = await this.#findBucket(run);
      if (state.messages === 0) return undefined;
      return this.#open(run, await this.#openKeys(run), key);
    } catch (error) {
      const trouble = toBusError(error, `open the run '${run}'`);
      if (trouble instanceof BusError && trouble.trouble === "gone") return undefined;
      throw trouble;
    }
  }

  /** The stream of the run's keys. */
  #findBucket(run: string): Promise<StreamInfo> {
    return this.#connection.jsm.streams.info(`KV_${toNames(run).bucket}`);
  }

  #openKeys(run: string): Promise<KV> {
    return new Kvm(this.#connection.js).open(toNames(run).bucket);
  }

  #open(run: string, kv: KV, key: Uint8Array | undefined): RunBus {
    const access = new RunAccess(run, {
      codec: new Codec(run, key),
      connection: this.#connection,
      kv,
    });
    return this.#run = new RunBus(access);
  }

  /** Removes everything that a run has on the bus. @returns the streams that were there */
  deleteRun(run: string): Promise<string[]> {
    return this.#deleteStreams(run, listStreams(run));
  }

  async #deleteStreams(run: string, streams: readonly string[]): Promise<string[]> {
    const deleted: string[] = [];
    for (const stream of streams) {
      try {
        if (await this.#connection.jsm.streams.delete(stream)) deleted.push(stream);
        this.#settledMs = performance.now() + REMOVAL_MS;
      } catch (error) {
        const trouble = toBusError(error, `delete the run '${run}'`);
        if (!(trouble instanceof BusError) || trouble.trouble !== "gone") throw trouble;
      }
    }
    return deleted;
  }

  /** Closes the connection, once what was said last is on its way. */
  async close(): Promise<void> {
    await this.#connection.close();
  }
}

/**
 * Of several submitters that make a run of one name at once, the first one has it.
 *
 * @param before the revision of a claim that nobody made use of; undefined without one
 */
async function claim(kv: KV, run: string, before = 0): Promise<void> {
  try {
    await kv.put(CLAIM, crypto.randomUUID(), { previousSeq: before });
  } catch (error) {
    // A bucket that another makes is told as made before it takes keys.
    if (!isWrittenBefore(error) && !isUnanswered(error)) throw error;
    throw makesAnother(run);
  }
}

const makesAnother = (run: string): UsageError =>
  new UsageError(
    `Another process makes the run '${run}' on the bus: let it, or 'myriad runs URL ${run} --delete'`,
  );
