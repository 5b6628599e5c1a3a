/**
 * The one place that talks to NATS: what the rest of the cluster needs of it, and no more.
 *
 * | stream of a run | subjects | holds |
 * | --- | --- | --- |
 * | `MYRIAD_RUN_SLICES` | `myriad.RUN.slice` | slices that no worker has acknowledged: a work queue |
 * | `MYRIAD_RUN_STORE` | `myriad.RUN.store.>` | blocks of records, and parts, in pieces |
 * | `MYRIAD_RUN_RATE` | `myriad.RUN.rate` | nothing: its sequence numbers are the turns of the rate |
 * | `KV_MYRIAD_RUN` | `$KV.MYRIAD_RUN.>` | `spec`, `control`, `commit.SLICE`, `clock.WORKER`, `origin`, `hold.HOST` |
 *
 * `myriad.RUN.live` is not kept: what workers do at present.
 *
 * @module
 */
import {
  AckPolicy,
  type Consumer,
  DiscardPolicy,
  jetstream,
  type JetStreamClient,
  type JetStreamManager,
  jetstreamManager,
  type JsMsg,
  RetentionPolicy,
  StorageType,
} from "@nats-io/jetstream";
import { type KV, Kvm } from "@nats-io/kv";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { OutputError } from "../errors.ts";
import type { Commit, Control, Live, Slice, Spec, Stored } from "./messages.ts";

/** Stands in place of a commit once nothing more is to come of the slice. */
const CLOSED = "closed";
/** The code of a stream that the server does not have. */
const STREAM_NOT_FOUND = 10_059;

/** How long a request to the bus may take, in milliseconds. */
const TIMEOUT_MS = 5_000;
/** The code of a key that was written before (JetStream: wrong last sequence). */
const WRONG_LAST_SEQUENCE = 10_071;
/** The maximum number of bytes of a piece: below the 1 MiB that a message may have by default. */
const PIECE_BYTES = 512 * 1024;
/** The maximum number of pieces that are on their way at once. */
const PIECES_AT_ONCE = 4;
const WINDOW_NS = 3_600e9;
/** How long to wait for the number of a turn, in milliseconds: later it is of no use. */
const TURN_TIMEOUT_MS = 1_000;
/** The maximum number of slices that are listed. */
const MAX_LISTED = 10_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** How the bus is reached. */
export interface BusOptions {
  /** Addresses of its servers, as `host:port`. */
  readonly servers: readonly string[];
}

/** What a run's streams are made with. */
export interface RunStreams {
  /** How long a worker may be silent before its slices go to others, in milliseconds. */
  readonly lostAfterMs: number;
  /** The maximum number of bytes that the store holds. */
  readonly holdBytes: number;
}

/** A connection to the bus. */
export class Bus {
  readonly #nc: NatsConnection;
  readonly #js: JetStreamClient;
  readonly #jsm: JetStreamManager;

  /** @throws {UsageError} If the bus cannot be reached, or does not let this user in. */
  static async connect({ servers }: BusOptions): Promise<Bus> {
    const nc = await connect({
      servers: [...servers],
      resolve: false,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 500,
      pingInterval: 5_000,
      maxPingOut: 2,
      noAsyncTraces: true,
    });
    return new Bus(nc, await jetstreamManager(nc, { checkAPI: false }));
  }

  private constructor(nc: NatsConnection, jsm: JetStreamManager) {
    this.#nc = nc;
    this.#jsm = jsm;
    this.#js = jetstream(nc, { timeout: TIMEOUT_MS });
  }

  /** The names of the runs that are on the bus. */
  async listRuns(): Promise<string[]> {
    const names: string[] = [];
    for await (const name of this.#jsm.streams.names("myriad.*.slice")) {
      const run = /^MYRIAD_([a-z0-9]+)_SLICES$/.exec(name)?.[1];
      if (run !== undefined) names.push(run);
    }
    return names;
  }

  /** Makes the streams of a run, and opens it. What is left of an earlier one of that name goes. */
  async createRun(run: string, { lostAfterMs, holdBytes }: RunStreams): Promise<RunBus> {
    await this.deleteRun(run);
    const name = toNames(run);
    const streams = this.#jsm.streams;
    const kv = await new Kvm(this.#js).create(name.bucket, {
      history: 1,
      storage: StorageType.File,
    });
    await streams.add({
      name: name.store,
      subjects: [`myriad.${run}.store.>`],
      storage: StorageType.File,
      allow_direct: true,
      discard: DiscardPolicy.New,
      max_bytes: holdBytes,
    });
    await streams.add({
      name: name.slices,
      subjects: [`myriad.${run}.slice`],
      storage: StorageType.File,
      retention: RetentionPolicy.Workqueue,
      duplicate_window: WINDOW_NS,
    });
    await streams.add({
      name: name.rate,
      subjects: [`myriad.${run}.rate`],
      storage: StorageType.File,
      max_msgs: 1,
    });
    await this.#jsm.consumers.add(name.slices, {
      durable_name: "slices",
      ack_policy: AckPolicy.Explicit,
      ack_wait: lostAfterMs * 1e6,
      max_ack_pending: 10_000,
      max_deliver: -1,
    });
    return new RunBus(run, { nc: this.#nc, js: this.#js, jsm: this.#jsm, kv });
  }

  /** Opens a run; undefined if it is not on the bus. */
  async openRun(run: string): Promise<RunBus | undefined> {
    if (!(await this.listRuns()).includes(run)) return undefined;
    const kv = await new Kvm(this.#js).open(toNames(run).bucket);
    return new RunBus(run, { nc: this.#nc, js: this.#js, jsm: this.#jsm, kv });
  }

  /** Removes everything that a run has on the bus. */
  async deleteRun(run: string): Promise<void> {
    const { slices, store, rate, bucket } = toNames(run);
    for (const stream of [slices, store, rate, `KV_${bucket}`]) {
      await this.#jsm.streams.delete(stream).catch((error) => {
        if (error.code !== STREAM_NOT_FOUND) throw error;
      });
    }
  }

  async close(): Promise<void> {
    await this.#nc.close();
  }
}

function toNames(
  run: string,
): { slices: string; store: string; rate: string; bucket: string } {
  const stem = `MYRIAD_${run}`;
  return { slices: `${stem}_SLICES`, store: `${stem}_STORE`, rate: `${stem}_RATE`, bucket: stem };
}

interface Parts {
  readonly nc: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly kv: KV;
}

/** A slice that was handed to this worker, for as long as it says that it works on it. */
export interface Lease {
  readonly slice: Slice;
  /** Which delivery of it this is, from 1. */
  readonly delivery: number;
  /** Keeps it for another while. */
  keep(): void;
  /** Gives it back: another worker gets it at once. */
  giveBack(): void;
  /** Takes it out of the queue. Its commit is what counts, so nothing waits for that. */
  acknowledge(): void;
}

/** A slice, and where it is in the queue. */
export interface QueuedSlice {
  readonly seq: number;
  readonly slice: Slice;
}

/** One run on the bus. */
export class RunBus {
  readonly run: string;
  readonly #parts: Parts;
  readonly #names: ReturnType<typeof toNames>;
  #consumer: Promise<Consumer> | undefined;

  constructor(run: string, parts: Parts) {
    this.run = run;
    this.#parts = parts;
    this.#names = toNames(run);
  }

  async writeSpec(spec: Spec): Promise<void> {
    await this.#parts.kv.put("spec", JSON.stringify(spec));
  }

  async readSpec(): Promise<Spec | undefined> {
    const entry = await this.#parts.kv.get("spec");
    return entry === null ? undefined : entry.json();
  }

  async setControl(control: Control): Promise<void> {
    await this.#parts.kv.put("control", control);
  }

  /** Calls back with each control, the present one first. @returns what ends that */
  async watchControl(take: (control: Control) => void): Promise<() => void> {
    const watch = await this.#parts.kv.watch({ key: "control" });
    void (async () => {
      for await (const entry of watch) take(entry.string() as Control);
    })();
    return () => watch.stop();
  }

  async publishSlice(slice: Slice): Promise<void> {
    await this.#parts.js.publish(`myriad.${this.run}.slice`, JSON.stringify(slice), {
      msgID: slice.id,
    });
  }

  /** The next slice that nobody has; undefined if there was none for a while. */
  async nextSlice(): Promise<Lease | undefined> {
    this.#consumer ??= this.#parts.js.consumers.get(this.#names.slices, "slices");
    const consumer = await this.#consumer;
    const message = await consumer.next({ expires: 2_000 });
    return message === null ? undefined : toLease(message);
  }

  /** Whether the bus still has all streams of the run. */
  async exists(): Promise<boolean> {
    const { slices, store, rate, bucket } = this.#names;
    try {
      for (const stream of [slices, store, rate, `KV_${bucket}`]) {
        await this.#parts.jsm.streams.info(stream);
      }
      return true;
    } catch (error) {
      if ((error as { code?: number }).code === STREAM_NOT_FOUND) return false;
      throw error;
    }
  }

  /** Slices that are in the queue or with a worker. The leader is asked: it knows of all. */
  async listSlices(): Promise<QueuedSlice[]> {
    const { streams } = this.#parts.jsm;
    const slices: QueuedSlice[] = [];
    for (let seq = 1; slices.length < MAX_LISTED; seq++) {
      const query = { seq, next_by_subj: `myriad.${this.run}.slice` };
      const message = await streams.getMessage(this.#names.slices, query);
      if (message === null) break;
      seq = message.seq;
      slices.push({ seq, slice: message.json() });
    }
    return slices;
  }

  /** Takes a slice out of the queue, whether or not a worker has it. */
  async removeSlice({ seq }: QueuedSlice): Promise<void> {
    await this.#parts.jsm.streams.deleteMessage(this.#names.slices, seq, false).catch(() => {});
  }

  /** Stores bytes under a name, in pieces. */
  async store(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<Stored> {
    const { js } = this.#parts;
    const seqs: number[] = [];
    for (let at = 0; at < bytes.length; at += PIECE_BYTES * PIECES_AT_ONCE) {
      const acks = [];
      for (
        let k = at;
        k < Math.min(bytes.length, at + PIECE_BYTES * PIECES_AT_ONCE);
        k += PIECE_BYTES
      ) {
        acks.push(
          js.publish(`myriad.${this.run}.store.${name}`, bytes.subarray(k, k + PIECE_BYTES)),
        );
      }
      seqs.push(...(await Promise.all(acks)).map(({ seq }) => seq));
    }
    return { seqs, bytes: bytes.length, sha256: await digest(bytes) };
  }

  /** Reads what was stored. @throws {OutputError} If it is not what was stored. */
  async read({ seqs, bytes, sha256 }: Stored): Promise<Uint8Array<ArrayBuffer>> {
    const { jsm } = this.#parts;
    const whole = new Uint8Array(bytes);
    let length = 0;
    for (let at = 0; at < seqs.length; at += PIECES_AT_ONCE) {
      const pieces = await Promise.all(
        seqs.slice(at, at + PIECES_AT_ONCE).map((seq) =>
          jsm.direct.getMessage(this.#names.store, { seq })
        ),
      );
      for (const piece of pieces) {
        if (piece === null || length + piece.data.length > bytes) {
          throw new OutputError("A part is damaged");
        }
        whole.set(piece.data, length);
        length += piece.data.length;
      }
    }
    if (length !== bytes || await digest(whole) !== sha256) {
      throw new OutputError("A part is damaged");
    }
    return whole;
  }

  async drop({ seqs }: Stored): Promise<void> {
    const { jsm } = this.#parts;
    await Promise.all(
      seqs.map((seq) => jsm.streams.deleteMessage(this.#names.store, seq, false).catch(() => {})),
    );
  }

  /** The names of everything that is stored. */
  async listStored(): Promise<string[]> {
    const prefix = `myriad.${this.run}.store.`;
    const { state } = await this.#parts.jsm.streams.info(this.#names.store, {
      subjects_filter: `${prefix}>`,
    });
    return Object.keys(state.subjects ?? {}).map((subject) => subject.slice(prefix.length));
  }

  /** Drops what is stored under a name. */
  async dropName(name: string): Promise<void> {
    const filter = `myriad.${this.run}.store.${name}`;
    await this.#parts.jsm.streams.purge(this.#names.store, { filter });
  }

  /** Commits a slice. @returns whether this commit stands; if not, that of another worker does */
  async commit(commit: Commit): Promise<boolean> {
    const { kv } = this.#parts;
    try {
      await kv.create(`commit.${commit.id}`, JSON.stringify(commit));
      return true;
    } catch (error) {
      if ((error as { code?: number }).code !== WRONG_LAST_SEQUENCE) throw error;
      const stands = await this.readCommit(commit.id);
      return stands !== CLOSED && stands?.part.sha256 === commit.part.sha256 &&
        stands.worker === commit.worker;
    }
  }

  /** The commit of a slice; undefined if nobody has committed it. */
  async readCommit(id: string): Promise<Commit | typeof CLOSED | undefined> {
    const entry = await this.#parts.kv.get(`commit.${id}`);
    if (entry === null || entry.length === 0) return undefined;
    return entry.string() === CLOSED ? CLOSED : entry.json();
  }

  /** Marks a slice: it was collected, or another one took its place. Workers leave it alone. */
  async closeSlice(id: string): Promise<void> {
    await this.#parts.kv.put(`commit.${id}`, CLOSED);
  }

  /**
   * Calls back with each commit, those that stand first, and then once when all of these were there.
   *
   * @returns what ends that
   */
  async watchCommits(
    take: (commit: Commit) => void,
    onListed: () => void = () => {},
  ): Promise<() => void> {
    const { kv } = this.#parts;
    // It tells the end of those that stand, also without any.
    const mark = `commit.listed-${crypto.randomUUID()}`;
    const watch = await kv.watch({ key: "commit.>" });
    void (async () => {
      for await (const entry of watch) {
        if (entry.key === mark) onListed();
        else if (entry.length > 0 && entry.string() !== CLOSED) take(entry.json());
      }
    })();
    await kv.put(mark, CLOSED);
    return () => watch.stop();
  }

  /** Takes the next turn of the rate. @returns its number, from 1, which nobody else gets */
  async takeTurn(): Promise<number> {
    const { seq } = await this.#parts.js.publish(`myriad.${this.run}.rate`, undefined, {
      timeout: TURN_TIMEOUT_MS,
    });
    return seq;
  }

  /**
   * Reads the server's clock: at some time between this call and half of the wait for it.
   *
   * @param worker the name of whoever reads it
   * @returns milliseconds since the Unix epoch; undefined if that is not known
   */
  async readClock(worker: string): Promise<number | undefined> {
    const { kv } = this.#parts;
    const revision = await kv.put(`clock.${worker}`, "");
    const entry = await kv.get(`clock.${worker}`);
    // A server that follows others may not have it yet.
    return entry?.revision === revision ? entry.created.getTime() : undefined;
  }

  /**
   * Writes when the first turn is due, unless somebody else has written it meanwhile.
   *
   * @param revision that of the origin that it replaces; 0 without one
   * @returns its revision; undefined if it was not written
   */
  async writeOrigin(atMs: number, revision: number): Promise<number | undefined> {
    try {
      return await this.#parts.kv.update("origin", String(atMs), revision);
    } catch (error) {
      if ((error as { code?: number }).code !== WRONG_LAST_SEQUENCE) throw error;
      return undefined;
    }
  }

  /** Calls back with when the first turn is due, and its revision. @returns what ends that */
  async watchOrigin(take: (atMs: number, revision: number) => void): Promise<() => void> {
    const watch = await this.#parts.kv.watch({ key: "origin" });
    void (async () => {
      for await (const entry of watch) take(Number(entry.string()), entry.revision);
    })();
    return () => watch.stop();
  }

  /** Tells what this worker does. It may be lost. */
  tellLive(live: Live): void {
    this.#parts.nc.publish(`myriad.${this.run}.live`, JSON.stringify(live));
  }

  /** Calls back with what workers do. @returns what ends that */
  onLive(take: (live: Live) => void): () => void {
    const subscription = this.#parts.nc.subscribe(`myriad.${this.run}.live`, {
      callback: (_, message) => take(JSON.parse(decoder.decode(message.data))),
    });
    return () => subscription.unsubscribe();
  }
}

function toLease(message: JsMsg): Lease {
  return {
    slice: message.json(),
    delivery: message.info.deliveryCount,
    keep: () => message.working(),
    giveBack: () => message.nak(),
    acknowledge: () => message.ack(),
  };
}

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** A message's text in bytes, to be stored. */
export function toBytes(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}
