/**
 * The one place that talks to NATS: what the rest of the cluster needs of it, and no more.
 *
 * | stream of a run | subjects | holds |
 * | --- | --- | --- |
 * | `MYRIAD_RUN_SLICES` | `myriad.RUN.slice` | slices that no worker has acknowledged: a work queue |
 * | `MYRIAD_RUN_STORE` | `myriad.RUN.store.>` | blocks of records, and parts, in pieces |
 * | `KV_MYRIAD_RUN` | `$KV.MYRIAD_RUN.>` | `spec`, `control`, `commit.SLICE` |
 *
 * `myriad.RUN.live` is not kept: what workers do at present.
 *
 * What comes from the bus is a stranger's until a {@linkcode Codec} has checked it: anybody with a
 * user of the server can send anything. What is not of the run is left out, with a notice.
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
import { Codec, type StoredKind } from "./codec.ts";
import { DamagedError } from "./damaged_error.ts";
import {
  type Commit,
  type Control,
  isControl,
  type Live,
  MAX_MESSAGE_BYTES,
  type Slice,
  type Stored,
} from "./messages.ts";
import { decodeSpec, encodeHead, encodeSpec, readHead, type Spec } from "./spec.ts";

/** How long a request to the bus may take, in milliseconds. */
const TIMEOUT_MS = 5_000;
/** The code of a key that was written before (JetStream: wrong last sequence). */
const WRONG_LAST_SEQUENCE = 10_071;
/** The maximum number of bytes of a piece: below the 1 MiB that a message may have by default. */
const PIECE_BYTES = 512 * 1024;
/** The maximum number of pieces that are on their way at once. */
const PIECES_AT_ONCE = 4;
const WINDOW_NS = 3_600e9;

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
  /** What the run is sealed with; undefined if it is not. */
  readonly key: Uint8Array | undefined;
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

  /** Makes the streams of a run, and opens it. */
  async createRun(
    run: string,
    { lostAfterMs, holdBytes, key }: RunStreams,
  ): Promise<RunBus> {
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
    await this.#jsm.consumers.add(name.slices, {
      durable_name: "slices",
      ack_policy: AckPolicy.Explicit,
      ack_wait: lostAfterMs * 1e6,
      max_ack_pending: 10_000,
      max_deliver: -1,
    });
    const codec = new Codec(run, key);
    return new RunBus(run, { nc: this.#nc, js: this.#js, jsm: this.#jsm, kv, codec });
  }

  /**
   * Opens a run; undefined if it is not on the bus.
   *
   * @param key that it is sealed with; undefined without one
   */
  async openRun(run: string, key?: Uint8Array): Promise<RunBus | undefined> {
    if (!(await this.listRuns()).includes(run)) return undefined;
    const kv = await new Kvm(this.#js).open(toNames(run).bucket);
    const codec = new Codec(run, key);
    return new RunBus(run, { nc: this.#nc, js: this.#js, jsm: this.#jsm, kv, codec });
  }

  /** Removes everything that a run has on the bus. */
  async deleteRun(run: string): Promise<void> {
    const { slices, store, bucket } = toNames(run);
    for (const stream of [slices, store, `KV_${bucket}`]) {
      await this.#jsm.streams.delete(stream);
    }
  }

  async close(): Promise<void> {
    await this.#nc.close();
  }
}

function toNames(run: string): { slices: string; store: string; bucket: string } {
  const stem = `MYRIAD_${run}`;
  return { slices: `${stem}_SLICES`, store: `${stem}_STORE`, bucket: stem };
}

interface Parts {
  readonly nc: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly kv: KV;
  readonly codec: Codec;
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

/** One run on the bus. */
export class RunBus {
  readonly run: string;
  readonly #parts: Parts;
  readonly #names: ReturnType<typeof toNames>;
  #consumer: Promise<Consumer> | undefined;
  /** What was left out so far; each is told once. */
  readonly #foreign = new Set<string>();
  /** Called with what the user should know. */
  onNotice: (text: string) => void = () => {};

  constructor(run: string, parts: Parts) {
    this.run = run;
    this.#parts = parts;
    this.#names = toNames(run);
  }

  /** @param version of the program */
  async writeSpec(spec: Spec, version: string): Promise<void> {
    const { kv, codec: { isSealed } } = this.#parts;
    const stored = await this.store("spec", "", encodeSpec(spec));
    await kv.put("spec", encodeHead({ version, isSealed, spec: stored }));
  }

  /**
   * What describes the run; undefined if that is not on the bus yet.
   *
   * @param version of the program
   * @throws {UsageError} If this program, or its key, does not fit the run.
   */
  async readSpec(version: string): Promise<Spec | undefined> {
    const { kv, codec } = this.#parts;
    const entry = await kv.get("spec");
    if (entry === null) return undefined;
    const hasKey = codec.isSealed;
    const { spec } = readHead(entry.value, this.run, { version, hasKey });
    return decodeSpec(this.run, () => this.read("spec", "", spec));
  }

  async setControl(control: Control): Promise<void> {
    await this.#parts.kv.put("control", control);
  }

  /** Calls back with each control, the present one first. @returns what ends that */
  async watchControl(take: (control: Control) => void): Promise<() => void> {
    const watch = await this.#parts.kv.watch({ key: "control" });
    void (async () => {
      for await (const entry of watch) {
        const control = entry.string();
        if (isControl(control)) take(control);
        else this.#leaveOut("an order");
      }
    })();
    return () => watch.stop();
  }

  async publishSlice(slice: Slice): Promise<void> {
    const { js, codec } = this.#parts;
    await js.publish(`myriad.${this.run}.slice`, codec.encode("slice", "", slice), {
      msgID: slice.id,
    });
  }

  /** The next slice that nobody has; undefined if there was none for a while. */
  async nextSlice(): Promise<Lease | undefined> {
    this.#consumer ??= this.#parts.js.consumers.get(this.#names.slices, "slices");
    const consumer = await this.#consumer;
    const message = await consumer.next({ expires: 2_000 });
    if (message === null) return undefined;
    const slice = this.#parts.codec.decode("slice", "", message.data);
    if (slice !== undefined) return toLease(message, slice);
    message.term();
    this.#leaveOut("a slice");
    return undefined;
  }

  /** Slices that are in the queue or with a worker. */
  async listSlices(): Promise<Slice[]> {
    const { jsm, codec } = this.#parts;
    const { state } = await jsm.streams.info(this.#names.slices);
    const slices: Slice[] = [];
    for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
      const message = await jsm.streams.getMessage(this.#names.slices, { seq });
      const slice = message && codec.decode("slice", "", message.data);
      if (slice) slices.push(slice);
    }
    return slices;
  }

  /**
   * Stores bytes in pieces.
   *
   * @param id of their slice; empty without one
   */
  async store(kind: StoredKind, id: string, plain: Uint8Array<ArrayBuffer>): Promise<Stored> {
    const { js, codec } = this.#parts;
    const bytes = codec.seal(kind, id, plain);
    const subject = `myriad.${this.run}.store.${kind}${id === "" ? "" : `.${id}`}`;
    const seqs: number[] = [];
    for (let at = 0; at < bytes.length; at += PIECE_BYTES * PIECES_AT_ONCE) {
      const acks = [];
      for (
        let k = at;
        k < Math.min(bytes.length, at + PIECE_BYTES * PIECES_AT_ONCE);
        k += PIECE_BYTES
      ) {
        acks.push(
          js.publish(subject, bytes.subarray(k, k + PIECE_BYTES)),
        );
      }
      seqs.push(...(await Promise.all(acks)).map(({ seq }) => seq));
    }
    return { seqs, bytes: bytes.length, sha256: await digest(bytes) };
  }

  /**
   * Reads what was stored.
   *
   * @param id of its slice; empty without one
   * @throws {DamagedError} If it is not what was stored.
   */
  async read(
    kind: StoredKind,
    id: string,
    { seqs, bytes, sha256 }: Stored,
  ): Promise<Uint8Array<ArrayBuffer>> {
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
          throw new DamagedError(`A ${kind} of the run on the bus is damaged`);
        }
        whole.set(piece.data, length);
        length += piece.data.length;
      }
    }
    if (length !== bytes || await digest(whole) !== sha256) {
      throw new DamagedError(`A ${kind} of the run on the bus is damaged`);
    }
    return this.#parts.codec.open(kind, id, whole);
  }

  async drop({ seqs }: Stored): Promise<void> {
    const { jsm } = this.#parts;
    await Promise.all(
      seqs.map((seq) => jsm.streams.deleteMessage(this.#names.store, seq, false).catch(() => {})),
    );
  }

  /**
   * Commits a slice.
   *
   * @returns the commit that stands: this one, or that of another worker; undefined if it cannot be
   * read, or is collected already
   */
  async commit(commit: Commit): Promise<Commit | undefined> {
    const { kv, codec } = this.#parts;
    const { id } = commit;
    try {
      await kv.create(`commit.${id}`, codec.encode("commit", id, commit));
      return commit;
    } catch (error) {
      if ((error as { code?: number }).code !== WRONG_LAST_SEQUENCE) throw error;
      return await this.readCommit(id);
    }
  }

  async readCommit(id: string): Promise<Commit | undefined> {
    const entry = await this.#parts.kv.get(`commit.${id}`);
    return entry === null || entry.length === 0 ? undefined : this.#decodeCommit(id, entry.value);
  }

  #decodeCommit(id: string, bytes: Uint8Array): Commit | undefined {
    const commit = this.#parts.codec.decode("commit", id, bytes);
    if (commit?.id === id) return commit;
    this.#leaveOut("a commit");
    return undefined;
  }

  /**
   * Calls back with each commit, those that stand first; with undefined where something else stands
   * in the place of one.
   *
   * @returns what ends that
   */
  async watchCommits(take: (id: string, commit: Commit | undefined) => void): Promise<() => void> {
    const watch = await this.#parts.kv.watch({ key: "commit.>" });
    void (async () => {
      for await (const entry of watch) {
        const id = entry.key.slice("commit.".length);
        if (entry.length > 0) take(id, this.#decodeCommit(id, entry.value));
      }
    })();
    return () => watch.stop();
  }

  /** Tells what this worker does. It may be lost. */
  tellLive(live: Live): void {
    const { nc, codec } = this.#parts;
    const bytes = codec.encode("live", "", live);
    // A longer one would be refused, and end nothing but this.
    if (bytes.length <= MAX_MESSAGE_BYTES) nc.publish(`myriad.${this.run}.live`, bytes);
  }

  /** Calls back with what workers do. @returns what ends that */
  onLive(take: (live: Live) => void): () => void {
    const subscription = this.#parts.nc.subscribe(`myriad.${this.run}.live`, {
      callback: (_, message) => {
        const live = this.#parts.codec.decode("live", "", message.data);
        if (live !== undefined) take(live);
        else this.#leaveOut("the state of a worker");
      },
    });
    return () => subscription.unsubscribe();
  }

  /** Tells of something that is not of the run, once for each kind. */
  #leaveOut(what: string): void {
    if (this.#foreign.has(what)) return;
    this.#foreign.add(what);
    this.onNotice(`on the bus is ${what} that is not of this run, or damaged: it is left out`);
  }
}

function toLease(message: JsMsg, slice: Slice): Lease {
  return {
    slice,
    delivery: message.info.deliveryCount,
    keep: () => message.working(),
    giveBack: () => message.nak(),
    acknowledge: () => message.ack(),
  };
}

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
