import type { StreamInfo } from "@nats-io/jetstream";
import { type KV, Kvm } from "@nats-io/kv";
import { BusError, UsageError } from "../../errors.ts";
import type { BusOptions } from "../../options/run_options.ts";
import { Codec } from "../codec.ts";
import { BusConnection } from "./connection.ts";
import { RunAccess } from "./run_access.ts";
import { RunBus } from "./run_bus.ts";
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
import { isWrittenBefore, toBusError } from "./trouble.ts";

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
    const { js, jsm } = this.#connection;
    if (await (await this.openRun(run))?.isSealed() !== undefined) {
      throw new UsageError(
        `A run '${run}' is on the bus already: add --resume to go on with it, use another ` +
          `--cluster-run, or remove it by 'myriad runs URL ${run} --delete'`,
      );
    }
    await this.deleteRun(run);
    try {
      await addBucket(jsm, run, streams);
      const kv = await new Kvm(js).open(toNames(run).bucket);
      await claim(kv, run);
      try {
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

  /**
   * Opens a run; undefined if it is not on the bus.
   *
   * @param key that it is sealed with; undefined without one
   */
  async openRun(run: string, key?: Uint8Array): Promise<RunBus | undefined> {
    if (!RUN_NAME.test(run)) return undefined;
    try {
      const kv = await new Kvm(this.#connection.js).open(toNames(run).bucket);
      await kv.get("spec");
      return this.#open(run, kv, key);
    } catch (error) {
      const trouble = toBusError(error, `open the run '${run}'`);
      if (trouble instanceof BusError && trouble.trouble === "gone") return undefined;
      throw trouble;
    }
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
  async deleteRun(run: string): Promise<string[]> {
    const deleted: string[] = [];
    for (const stream of listStreams(run)) {
      try {
        if (await this.#connection.jsm.streams.delete(stream)) deleted.push(stream);
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

/** Of several submitters that make a run of one name at once, the first one has it. */
async function claim(kv: KV, run: string): Promise<void> {
  try {
    await kv.create("claim", crypto.randomUUID());
  } catch (error) {
    if (!isWrittenBefore(error)) throw error;
    throw new UsageError(
      `Another process makes the run '${run}' on the bus: let it, or 'myriad runs URL ${run} --delete'`,
    );
  }
}
