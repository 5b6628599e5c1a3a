/**
 * The one place that talks to NATS: what the rest of the cluster needs of it, and no more.
 *
 * | stream of a run | subjects | holds |
 * | --- | --- | --- |
 * | `MYRIAD_RUN_SLICES` | `myriad.RUN.slice` | slices that no worker has acknowledged: a work queue |
 * | `MYRIAD_RUN_STORE` | `myriad.RUN.store.>` | blocks of records, and parts, in pieces |
 * | `MYRIAD_RUN_RATE` | `myriad.RUN.rate` | nothing: its sequence numbers are the turns of the rate |
 * | `KV_MYRIAD_RUN` | `$KV.MYRIAD_RUN.>` | `spec`, `control`, `commit.SLICE`, `tries.SLICE`, `clock.WORKER`, `origin`, `hold.HASH` |
 *
 * `myriad.RUN.live` is not kept: what workers do at present.
 *
 * @module
 */
import { createHash } from "node:crypto";
import {
  AckPolicy,
  DiscardPolicy,
  jetstream,
  type JetStreamClient,
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamInfo,
} from "@nats-io/jetstream";
import { type KV, Kvm } from "@nats-io/kv";
import {
  type Authenticator,
  credsAuthenticator,
  type Msg,
  type NatsConnection,
  NatsConnectionImpl,
  nkeyAuthenticator,
  nkeys,
  PermissionViolationError,
  type ServerInfo,
  setTransportFactory,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from "@nats-io/nats-core/internal";
import { BusError, UsageError } from "../errors.ts";
import type { BusLogin, BusOptions } from "../options/run_options.ts";
import { explainMissingNet, isGranted } from "../process/permission.ts";
import { BusTransport } from "./bus_transport.ts";
import { CONNECT_TIMEOUT_MS, toBusError, toConnectError } from "./bus_trouble.ts";
import { Codec } from "./codec.ts";
import { DamagedError } from "./damaged_error.ts";
import {
  type Commit,
  type Control,
  type Hold,
  isControl,
  type Live,
  MAX_MESSAGE_BYTES,
  type Slice,
  type Stored,
} from "./messages.ts";
import { decodeSpec, encodeHead, encodeSpec, isSealedHead, readHead, type Spec } from "./spec.ts";

/** Stands in place of a commit once nothing more is to come of the slice. */
const CLOSED = "closed";
/** Stands in place of a commit of a slice that nobody can do. */
const BAD: ReadonlyMap<string, BadSlice> = new Map([
  ["bad deadly", "deadly"],
  ["bad damaged", "damaged"],
]);

/** The maximum number of bytes of such a mark. */
const MAX_BAD_BYTES = 16;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** How long a request to the bus may take, in milliseconds. */
const TIMEOUT_MS = 5_000;
/** The same for the number of a turn: later it is of no use. */
const TURN_TIMEOUT_MS = 1_000;
/** How long the last words to the bus may take, in milliseconds. */
const FLUSH_MS = 1_000;
/** How long a worker waits for a slice before it asks again, in milliseconds. */
const NEXT_MS = 2_000;
/** How long the description of a run may be missing after its streams were made, in milliseconds. */
const SPEC_MS = 10_000;
/** How often something is read again that could have been missed. */
const READ_AGAIN_MS = 10_000;
/** The code of a key that was written before (JetStream: wrong last sequence). */
const WRONG_LAST_SEQUENCE = 10_071;
/** The maximum number of slices that are listed. */
const MAX_LISTED = 10_000;
/** The maximum number of bytes of a piece, where the server takes messages of that size. */
const MAX_PIECE_BYTES = 512 * 1024;
/** The minimum size of a message that a server has to take, in bytes: for slices and commits. */
const MIN_PAYLOAD_BYTES = 64 * 1024;
/** The first version that reads single messages of a stream without a consumer. */
const MIN_VERSION = "2.9";
/** What a message has beside a piece: its header fields. */
const HEADER_BYTES = 1_024;
/** The maximum number of pieces that are on their way at once. */
const PIECES_AT_ONCE = 4;
/** The maximum number of bytes of what a run has in keys: a description, marks of slices. */
const KEYS_BYTES = 128 * 1024 ** 2;
/** The maximum number of slices that workers hold. */
const MAX_HELD = 10_000;
/** The maximum number of kinds of subjects that the user is told not to be allowed. */
const MAX_DENIED = 20;
/** How long the bus knows that a slice was published: far longer than it is tried. */
const SLICE_WINDOW_NS = 3_600e9;

/** What a run's streams are made with. */
export interface RunStreams {
  /** How long a worker may be silent before its slices go to others, in milliseconds. */
  readonly lostAfterMs: number;
  /** The maximum number of bytes that the store holds. */
  readonly holdBytes: number;
  /** What the run is sealed with; undefined if it is not. */
  readonly key?: Uint8Array | undefined;
  /** How many servers of the bus keep a copy, from 1. */
  readonly replicas: number;
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

/** A connection to the bus. It comes back by itself when it breaks. */
export class Bus {
  readonly #nc: NatsConnection;
  readonly #js: JetStreamClient;
  readonly #jsm: JetStreamManager;
  /** At most one for each run that is open. */
  readonly #onReconnect = new Set<() => void>();
  #isAway = false;
  /** The run that was opened last: it is told what the user may not do. */
  #run: RunBus | undefined;
  /** Kinds of subjects that it was told. */
  readonly #denied = new Set<string>();

  /**
   * @throws {UsageError} If the bus cannot be reached, does not let this user in, or this process may
   * not connect to it.
   */
  static async connect(options: BusOptions): Promise<Bus> {
    for (const host of options.servers) {
      if (isGranted({ name: "net", host })) continue;
      throw new UsageError(
        `Cannot connect to the NATS server '${host}': no permission: ${explainMissingNet(host)}`,
      );
    }
    const { servers, login, tls } = options;
    let transport: BusTransport | undefined;
    let nc: NatsConnection | undefined;
    setTransportFactory({ factory: () => transport = new BusTransport(tls) });
    try {
      nc = await NatsConnectionImpl.connect({
        name: "myriad",
        servers: [...servers],
        authenticator: login && toAuthenticator(login),
        inboxPrefix: `_INBOX.myriad.${toInboxName(login)}`,
        timeout: CONNECT_TIMEOUT_MS,
        // The permission is for the name.
        resolve: false,
        // Others that a server tells of may need another permission, which Deno would ask for.
        ignoreClusterUpdates: true,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 500,
        // A server that starts again may not know its users yet.
        ignoreAuthErrorAbort: true,
        pingInterval: 5_000,
        maxPingOut: 2,
        noAsyncTraces: true,
      });
      checkServer(nc.info!);
      return new Bus(nc, await jetstreamManager(nc, { checkAPI: false, timeout: TIMEOUT_MS }));
    } catch (error) {
      await nc?.close();
      // The client says only that it was not let in.
      throw toConnectError(transport?.closeError ?? error, options);
    }
  }

  private constructor(nc: NatsConnection, jsm: JetStreamManager) {
    this.#nc = nc;
    this.#jsm = jsm;
    this.#js = jetstream(nc, { timeout: TIMEOUT_MS });
    void this.#watchConnection();
  }

  async #watchConnection(): Promise<void> {
    for await (const status of this.#nc.status()) {
      const { type } = status;
      if (type === "error") this.#tellDenied(status.error);
      if (type === "disconnect") this.#isAway = true;
      // It comes once for each try that failed before.
      if (type !== "reconnect" || !this.#isAway) continue;
      this.#isAway = false;
      for (const tell of this.#onReconnect) tell();
    }
  }

  /** Whether the connection is broken, as far as is known. */
  get isAway(): boolean {
    return this.#isAway;
  }

  /** Tells of what is denied where nobody waits for an answer: acks, what a worker does, orders. */
  #tellDenied(error: Error): void {
    if (!(error instanceof PermissionViolationError)) return;
    const { operation, subject } = error;
    if (operation === "publish" && !/^\$JS\.ACK\.|\.live$/.test(subject)) return;
    // An ack has a subject of its own.
    const kind = subject.split(".").slice(0, 3).join(".");
    if (this.#denied.has(kind) || this.#denied.size === MAX_DENIED) return;
    this.#denied.add(kind);
    this.#run?.onNotice(toBusError(error, "do everything on the bus").message);
  }

  /** Calls back whenever the connection is there again. @returns what ends that */
  onReconnect(tell: () => void): () => void {
    this.#onReconnect.add(tell);
    return () => void this.#onReconnect.delete(tell);
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
      for await (const name of this.#jsm.streams.names()) {
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
      for await (const info of this.#jsm.streams.list()) infos.set(info.config.name, info);
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
    { lostAfterMs, holdBytes, replicas, key }: RunStreams,
  ): Promise<RunBus> {
    const { bucket, store, slices, rate } = toNames(run);
    const common = { storage: StorageType.File, num_replicas: replicas };
    const streams = this.#jsm.streams;
    if (await (await this.openRun(run))?.isSealed() !== undefined) {
      throw new UsageError(
        `A run '${run}' is on the bus already: add --resume to go on with it, use another ` +
          `--cluster-run, or remove it by 'myriad runs URL ${run} --delete'`,
      );
    }
    await this.deleteRun(run);
    try {
      // As the client's own `create`, which needs the permission to ask about the whole account.
      await streams.add({
        ...common,
        name: `KV_${bucket}`,
        subjects: [`$KV.${bucket}.>`],
        max_msgs_per_subject: 1,
        max_bytes: KEYS_BYTES,
        discard: DiscardPolicy.New,
        allow_rollup_hdrs: true,
        // A follower could answer with what was before.
        allow_direct: false,
      });
      const kv = await new Kvm(this.#js).open(bucket);
      await claim(kv, run);
      try {
        await streams.add({
          ...common,
          name: store,
          subjects: [`myriad.${run}.store.>`],
          allow_direct: true,
          discard: DiscardPolicy.New,
          max_bytes: holdBytes,
        });
        await streams.add({
          ...common,
          name: slices,
          subjects: [`myriad.${run}.slice`],
          retention: RetentionPolicy.Workqueue,
          duplicate_window: SLICE_WINDOW_NS,
        });
        await streams.add({
          ...common,
          name: rate,
          subjects: [`myriad.${run}.rate`],
          max_msgs: 1,
        });
        await this.#jsm.consumers.add(slices, {
          durable_name: CONSUMER,
          ack_policy: AckPolicy.Explicit,
          ack_wait: lostAfterMs * 1e6,
          max_ack_pending: MAX_HELD,
          max_deliver: -1,
        });
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
      const kv = await new Kvm(this.#js).open(toNames(run).bucket);
      await kv.get("spec");
      return this.#open(run, kv, key);
    } catch (error) {
      const trouble = toBusError(error, `open the run '${run}'`);
      if (trouble instanceof BusError && trouble.trouble === "gone") return undefined;
      throw trouble;
    }
  }

  #open(run: string, kv: KV, key: Uint8Array | undefined): RunBus {
    const codec = new Codec(run, key);
    const parts = { bus: this, nc: this.#nc, js: this.#js, jsm: this.#jsm, kv };
    return this.#run = new RunBus(run, codec, parts);
  }

  /** Removes everything that a run has on the bus. @returns the streams that were there */
  async deleteRun(run: string): Promise<string[]> {
    const deleted: string[] = [];
    for (const stream of listStreams(run)) {
      try {
        if (await this.#jsm.streams.delete(stream)) deleted.push(stream);
      } catch (error) {
        const trouble = toBusError(error, `delete the run '${run}'`);
        if (!(trouble instanceof BusError) || trouble.trouble !== "gone") throw trouble;
      }
    }
    return deleted;
  }

  /** Closes the connection, once what was said last is on its way. */
  async close(): Promise<void> {
    let timer;
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, FLUSH_MS));
    if (!this.#isAway) await Promise.race([this.#nc.flush().catch(() => {}), late]);
    clearTimeout(timer);
    await this.#nc.close();
  }
}

/** What a worker says that leaves at once, with its version; it cannot seal it. */
const MISFIT = /^misfit ([\w.+-]{1,40})$/;
const MAX_MISFIT_BYTES = 50;
/** The consumer that hands out slices. */
const CONSUMER = "slices";
const RUN_NAME = /^[a-z0-9]{1,32}$/;
/** The name of a stream of a run. */
const STREAM = /^(?:KV_)?MYRIAD_([a-z0-9]{1,32})(?:_[A-Z]+)?$/;

/** The streams of a run, and the bucket of its keys. */
interface Names {
  readonly slices: string;
  readonly store: string;
  readonly rate: string;
  readonly bucket: string;
}

function toNames(run: string): Names {
  const stem = `MYRIAD_${run}`;
  return { slices: `${stem}_SLICES`, store: `${stem}_STORE`, rate: `${stem}_RATE`, bucket: stem };
}

/** All streams of a run. The queue is the first to go: without it, no worker begins anything. */
function listStreams(run: string): string[] {
  const { slices, store, rate, bucket } = toNames(run);
  return [slices, store, rate, `KV_${bucket}`];
}

function isWhole(run: string, names: ReadonlySet<string>): boolean {
  return listStreams(run).every((name) => names.has(name));
}

/** Of several submitters that make a run of one name at once, the first one has it. */
async function claim(kv: KV, run: string): Promise<void> {
  try {
    await kv.create("claim", crypto.randomUUID());
  } catch (error) {
    if ((error as { code?: number }).code !== WRONG_LAST_SEQUENCE) throw error;
    throw new UsageError(
      `Another process makes the run '${run}' on the bus: let it, or 'myriad runs URL ${run} --delete'`,
    );
  }
}

/** @throws {UsageError} If the server cannot do what runs need. */
function checkServer({ version, max_payload }: ServerInfo): void {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  if (Number(major) < 2 || Number(major) === 2 && Number(minor) < 9) {
    throw new UsageError(
      `Cannot use the NATS server: it is version ${version}: use ${MIN_VERSION} or later`,
    );
  }
  if (max_payload < MIN_PAYLOAD_BYTES) {
    throw new UsageError(
      `Cannot use the NATS server: it takes messages of ${max_payload} bytes at most: ` +
        `give it a 'max_payload' of ${MIN_PAYLOAD_BYTES} or more, by default it is 1 MB`,
    );
  }
}

function toAuthenticator(login: BusLogin): Authenticator {
  if ("user" in login) return usernamePasswordAuthenticator(login.user, login.password);
  if ("token" in login) return tokenAuthenticator(login.token);
  return "seed" in login
    ? nkeyAuthenticator(encoder.encode(login.seed))
    : credsAuthenticator(encoder.encode(login.credentials));
}

/**
 * Where answers come: below a part of its own for each user, so that permissions can keep one from
 * the answers to others. It is the user's name, or the public key of an nkey.
 */
function toInboxName(login: BusLogin | undefined): string {
  if (login === undefined || "token" in login) return "anyone";
  if ("user" in login) return login.user.replaceAll(/[^\w-]/g, "_");
  const seed = "seed" in login ? login.seed : /\bSU[A-Z2-7]{56}\b/.exec(login.credentials)![0];
  return nkeys.fromSeed(encoder.encode(seed)).getPublicKey();
}

interface Parts {
  readonly bus: Bus;
  readonly nc: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly kv: KV;
}

/** Why nobody can do a slice: workers die of it, or its records are damaged. */
export type BadSlice = "deadly" | "damaged";

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

/** A slice that is in the queue or with a worker. */
export interface QueuedSlice {
  /** Where it is in the queue. */
  readonly seq: number;
  readonly slice: Slice;
}

/** One run on the bus. */
export class RunBus {
  readonly run: string;
  readonly #parts: Parts;
  readonly #names: Names;
  /** Seals and checks what goes over the bus, and what is stored. */
  readonly codec: Codec;
  /** What was left out as it is not of the run; each kind is told once. */
  readonly #foreign = new Set<string>();
  /** Called with what the user should know. */
  onNotice: (text: string) => void = () => {};

  constructor(run: string, codec: Codec, parts: Parts) {
    this.run = run;
    this.codec = codec;
    this.#parts = parts;
    this.#names = toNames(run);
  }

  /**
   * Does something on the bus.
   *
   * @param doing in words that follow "Cannot"
   * @throws {BusError} If it failed.
   */
  async #do<T>(doing: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      throw toBusError(error, doing);
    }
  }

  /** Tells of something that is not of the run. Anybody with a user of the server can send it. */
  leaveOut(what: string): void {
    if (this.#foreign.has(what)) return;
    this.#foreign.add(what);
    this.onNotice(`on the bus is ${what} that is damaged, or not of this run: it is left out`);
  }

  /**
   * Describes the run to its workers, from which moment it is one.
   *
   * @param version of the program
   */
  async writeSpec(spec: Spec, version: string): Promise<void> {
    const { isSealed } = this.codec;
    const bytes = this.codec.seal("spec", "", encodeSpec(spec));
    const head = {
      version,
      isSealed,
      spec: await this.store(`spec.${crypto.randomUUID()}`, bytes),
    };
    await this.#do("describe the run", () => this.#parts.kv.put("spec", encodeHead(head)));
  }

  /**
   * What describes the run, once it is written; undefined if it is not for a while.
   *
   * @param version of the program
   * @param waitMs how long that is
   * @throws {UsageError} If this program, or its key, does not fit the run.
   */
  async readSpec(version: string, waitMs = SPEC_MS): Promise<Spec | undefined> {
    const { run, codec } = this;
    const endMs = performance.now() + waitMs;
    for (;;) {
      const entry = await this.#do("read the run", () => this.#parts.kv.get("spec"));
      if (entry !== null) {
        try {
          const { spec } = readHead(entry.value, run, { version, hasKey: codec.isSealed });
          return await decodeSpec(
            run,
            async () => codec.open("spec", "", await this.read(spec)),
          );
        } catch (error) {
          // Whoever has submitted the run may not see what this program says.
          if (error instanceof UsageError) this.#parts.nc.publish(this.#live, `misfit ${version}`);
          throw error;
        }
      }
      // The submitter may be about to write it, or a follower may not have it yet.
      if (performance.now() > endMs) return undefined;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /**
   * Whether the run is sealed; undefined if it is not described yet, without which it is not one to
   * workers.
   */
  async isSealed(): Promise<boolean | undefined> {
    const entry = await this.#do("read the run", () => this.#parts.kv.get("spec"));
    return entry === null ? undefined : isSealedHead(entry.value);
  }

  /** How many slices are with workers. */
  async countHeld(): Promise<number> {
    const { num_ack_pending } = await this.#do(
      "ask after the slices",
      () => this.#parts.jsm.consumers.info(this.#names.slices, CONSUMER),
    );
    return num_ack_pending;
  }

  /**
   * Whether a submitter of this version, with this key, can go on with the run: nothing describes it
   * yet, or what does can be read.
   */
  async isReadable(version: string): Promise<boolean> {
    try {
      const entry = await this.#do("read the run", () => this.#parts.kv.get("spec"));
      if (entry !== null) await this.readSpec(version);
      return true;
    } catch (error) {
      if (error instanceof UsageError) return false;
      throw error;
    }
  }

  async setControl(control: Control): Promise<void> {
    await this.#do("control the run", () => this.#parts.kv.put("control", control));
  }

  /** What the submitter told last; `over` if the run is not on the bus any more. */
  async readControl(): Promise<Control> {
    try {
      const entry = await this.#do("read the run", () => this.#parts.kv.get("control"));
      return entry === null ? "run" : this.#toControl(entry.string()) ?? "run";
    } catch (error) {
      if (error instanceof BusError && error.trouble === "gone") return "over";
      throw error;
    }
  }

  /**
   * Calls back with each control, the present one first. One that comes while the connection is
   * broken is heard when it is back.
   *
   * @returns what ends that
   */
  async watchControl(take: (control: Control) => void): Promise<() => void> {
    const { nc, bus } = this.#parts;
    let last: Control | undefined;
    const hear = (control: Control): void => {
      if (control === last) return;
      last = control;
      take(control);
    };
    // A key is a subject. To listen leaves no consumer on the server, and survives its restart.
    const subscription = nc.subscribe(`$KV.${this.#names.bucket}.control`, {
      callback: (error, message) => {
        const control = error === null ? this.#toControl(message.string()) : undefined;
        if (control !== undefined) hear(control);
      },
    });
    // What does not come now, comes with the next one.
    const readAgain = (): void => void this.readControl().then(hear, () => {});
    const stopWaiting = bus.onReconnect(readAgain);
    const timer = setInterval(readAgain, READ_AGAIN_MS);
    const stop = (): void => {
      subscription.unsubscribe();
      stopWaiting();
      clearInterval(timer);
    };
    try {
      hear(await this.readControl());
    } catch (error) {
      stop();
      throw error;
    }
    return stop;
  }

  #toControl(text: string): Control | undefined {
    if (isControl(text)) return text;
    this.leaveOut("an order");
    return undefined;
  }

  /** Whether the connection to the bus is broken, as far as is known. */
  get isAway(): boolean {
    return this.#parts.bus.isAway;
  }

  /** Calls back whenever the connection to the bus is there again. @returns what ends that */
  onReconnect(tell: () => void): () => void {
    return this.#parts.bus.onReconnect(tell);
  }

  async publishSlice(slice: Slice): Promise<void> {
    await this.#do(
      "publish a slice",
      () =>
        this.#parts.js.publish(`myriad.${this.run}.slice`, this.codec.encode("slice", "", slice), {
          msgID: slice.id,
        }),
    );
  }

  /**
   * The next slice that nobody has; undefined if none came for a while.
   *
   * @throws {BusError} If the bus cannot be asked.
   */
  async nextSlice(): Promise<Lease | undefined> {
    const subject = `$JS.API.CONSUMER.MSG.NEXT.${this.#names.slices}.${CONSUMER}`;
    const request = JSON.stringify({ batch: 1, expires: NEXT_MS * 1e6 });
    const message = await this.#do("ask for a slice", () =>
      // It asks for one, and waits for the answer: what a client fetches ahead, other workers lack.
      // A slice comes with its own subject, by which the client could not tell the request.
      this.#parts.nc.request(subject, request, { timeout: NEXT_MS + TIMEOUT_MS, noMux: true }));
    const status = message.headers?.code ?? 0;
    if (status === 0) {
      const slice = this.codec.decode("slice", "", message.data);
      if (slice !== undefined) return toLease(message, slice);
      message.respond("+TERM");
      this.leaveOut("a slice");
      return undefined;
    }
    // No message, or the time is over.
    if (status === 404 || status === 408) return undefined;
    const { description } = message.headers!;
    const isGone = /deleted/i.test(description);
    throw new BusError(
      `Cannot ask for a slice: ${isGone ? "the run is not on the bus any more" : description}`,
      isGone ? "gone" : "failed",
    );
  }

  /** Whether the bus still has all streams of the run. */
  async exists(): Promise<boolean> {
    try {
      for (const stream of listStreams(this.run)) {
        await this.#do("find the run", () => this.#parts.jsm.streams.info(stream));
      }
      return true;
    } catch (error) {
      if (error instanceof BusError && error.trouble === "gone") return false;
      throw error;
    }
  }

  /** Slices that are in the queue or with a worker. The leader is asked: it knows of all. */
  async listSlices(): Promise<QueuedSlice[]> {
    const { streams } = this.#parts.jsm;
    const slices: QueuedSlice[] = [];
    for (let seq = 1; slices.length < MAX_LISTED; seq++) {
      const query = { seq, next_by_subj: `myriad.${this.run}.slice` };
      const message = await this.#do(
        "list the slices",
        () => streams.getMessage(this.#names.slices, query),
      );
      if (message === null) break;
      seq = message.seq;
      const slice = this.codec.decode("slice", "", message.data);
      if (slice !== undefined) slices.push({ seq, slice });
    }
    return slices;
  }

  /** Takes a slice out of the queue, whether or not a worker has it. */
  async removeSlice({ seq }: QueuedSlice): Promise<void> {
    await this.#parts.jsm.streams.deleteMessage(this.#names.slices, seq, false).catch(() => {});
  }

  /** Stores bytes under a name, in pieces. To try it again stores no piece twice. */
  async store(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<Stored> {
    const { js, nc } = this.#parts;
    // It is not known while the connection is away.
    const maxBytes = nc.info?.max_payload ?? MIN_PAYLOAD_BYTES;
    const pieceBytes = Math.min(MAX_PIECE_BYTES, maxBytes - HEADER_BYTES);
    return await this.#do("store what was done", async () => {
      const seqs: number[] = [];
      for (let at = 0; at < bytes.length; at += pieceBytes * PIECES_AT_ONCE) {
        const acks = [];
        for (let k = at; k < Math.min(bytes.length, at + pieceBytes * PIECES_AT_ONCE);) {
          const piece = bytes.subarray(k, k + pieceBytes);
          acks.push(
            js.publish(`myriad.${this.run}.store.${name}`, piece, { msgID: `${name}.${k}` }),
          );
          k += pieceBytes;
        }
        seqs.push(...(await Promise.all(acks)).map(({ seq }) => seq));
      }
      return { seqs, bytes: bytes.length, sha256: digest(bytes) };
    });
  }

  /** Reads what was stored. @throws {DamagedError} If it is not what was stored. */
  async read({ seqs, bytes, sha256 }: Stored): Promise<Uint8Array<ArrayBuffer>> {
    const { jsm } = this.#parts;
    const whole = new Uint8Array(bytes);
    let length = 0;
    for (let at = 0; at < seqs.length; at += PIECES_AT_ONCE) {
      const pieces = await this.#do("read what was stored", () =>
        Promise.all(
          seqs.slice(at, at + PIECES_AT_ONCE).map((seq) =>
            jsm.direct.getMessage(this.#names.store, { seq })
          ),
        ));
      for (const piece of pieces) {
        if (piece === null || length + piece.data.length > bytes) {
          throw new DamagedError("What the bus keeps of the run is damaged");
        }
        whole.set(piece.data, length);
        length += piece.data.length;
      }
    }
    if (length !== bytes || digest(whole) !== sha256) {
      throw new DamagedError("What the bus keeps of the run is damaged");
    }
    return whole;
  }

  /** Removes what was stored. What is not removed goes with the run. */
  async drop({ seqs }: Stored): Promise<void> {
    const { jsm } = this.#parts;
    await Promise.all(
      seqs.map((seq) => jsm.streams.deleteMessage(this.#names.store, seq, false).catch(() => {})),
    );
  }

  /** The names of everything that is stored. */
  async listStored(): Promise<string[]> {
    const prefix = `myriad.${this.run}.store.`;
    const { state } = await this.#do(
      "list what was stored",
      () => this.#parts.jsm.streams.info(this.#names.store, { subjects_filter: `${prefix}>` }),
    );
    return Object.keys(state.subjects ?? {}).map((subject) => subject.slice(prefix.length));
  }

  /** Drops what is stored under a name. */
  async dropName(name: string): Promise<void> {
    const filter = `myriad.${this.run}.store.${name}`;
    await this.#do(
      "remove what was stored",
      () => this.#parts.jsm.streams.purge(this.#names.store, { filter }),
    );
  }

  /** Commits a slice. @returns whether this commit stands; if not, that of another worker does */
  async commit(commit: Commit): Promise<boolean> {
    const { kv } = this.#parts;
    return await this.#do("commit a slice", async () => {
      try {
        await kv.create(
          `commit.${commit.id}`,
          this.codec.encode("commit", commit.id, commit),
        );
        return true;
      } catch (error) {
        if ((error as { code?: number }).code !== WRONG_LAST_SEQUENCE) throw error;
        const stands = await this.readCommit(commit.id);
        return stands !== CLOSED && stands?.part.sha256 === commit.part.sha256 &&
          stands.worker === commit.worker;
      }
    });
  }

  /** The commit of a slice; undefined if nobody has committed it. */
  async readCommit(id: string): Promise<Commit | typeof CLOSED | undefined> {
    const entry = await this.#do("read a commit", () => this.#parts.kv.get(`commit.${id}`));
    if (entry === null || entry.length === 0) return undefined;
    return this.#toCommit(id, entry.value);
  }

  /** Undefined if it is neither a commit of that slice nor the mark of one that is closed. */
  #toCommit(id: string, bytes: Uint8Array): Commit | typeof CLOSED | undefined {
    if (bytes.length === CLOSED.length && decoder.decode(bytes) === CLOSED) return CLOSED;
    if (toBad(bytes) !== undefined) return CLOSED;
    const commit = this.codec.decode("commit", id, bytes);
    if (commit?.id === id) return commit;
    this.leaveOut("a commit");
    return undefined;
  }

  /** Marks a slice: it was collected, or another one took its place. Workers leave it alone. */
  async closeSlice(id: string): Promise<void> {
    await this.#do("mark a slice", () => this.#parts.kv.put(`commit.${id}`, CLOSED));
  }

  /** Marks a slice that nobody can do, unless it was committed: the run ends. */
  async markBad(id: string, why: BadSlice): Promise<void> {
    const [mark] = [...BAD].find(([, reason]) => reason === why)!;
    await this.#do("mark a slice", async () => {
      try {
        await this.#parts.kv.create(`commit.${id}`, mark);
      } catch (error) {
        if ((error as { code?: number }).code !== WRONG_LAST_SEQUENCE) throw error;
      }
    });
  }

  /** How many workers have begun a slice and not given it back: those before have died, or will. */
  async readTries(id: string): Promise<number> {
    const entry = await this.#do(
      "read a slice's tries",
      () => this.#parts.kv.get(`tries.${id}`),
    );
    const tries = Number(entry?.string() ?? 0);
    return Number.isSafeInteger(tries) && tries > 0 ? tries : 0;
  }

  async writeTries(id: string, tries: number): Promise<void> {
    await this.#do(
      "count a slice's tries",
      () => this.#parts.kv.put(`tries.${id}`, String(tries)),
    );
  }

  /**
   * Calls back with each commit, those that stand first, and then once when all of these were there.
   * Where something else stands in the place of one, it calls back with its id; where a worker has
   * found that nobody can do the slice, also with the reason.
   *
   * @returns what ends that
   */
  async watchCommits(
    take: (commit: Commit) => void,
    onListed: () => void = () => {},
    onForeign: (id: string) => void = () => {},
    onBad: (id: string, why: BadSlice) => void = () => {},
  ): Promise<() => void> {
    const { kv } = this.#parts;
    // It tells the end of those that stand, also without any.
    const mark = `commit.listed-${crypto.randomUUID()}`;
    return await this.#do("watch the commits", async () => {
      const watch = await kv.watch({ key: "commit.>" });
      void (async () => {
        for await (const entry of watch) {
          if (entry.key === mark) onListed();
          if (entry.key === mark || entry.length === 0) continue;
          const id = entry.key.slice("commit.".length);
          const bad = toBad(entry.value);
          const commit = this.#toCommit(id, entry.value);
          if (bad !== undefined) onBad(id, bad);
          else if (commit === undefined) onForeign(id);
          else if (commit !== CLOSED) take(commit);
        }
      })();
      await kv.put(mark, CLOSED);
      return () => watch.stop();
    });
  }

  /**
   * Takes the next turn of the rate.
   *
   * @returns its number, from 1, which nobody else gets
   * @throws {BusError} If the bus does not give one within a second.
   */
  async takeTurn(): Promise<number> {
    const { js } = this.#parts;
    const options = { timeout: TURN_TIMEOUT_MS };
    const { seq } = await this.#do(
      "take a turn",
      () => js.publish(`myriad.${this.run}.rate`, undefined, options),
    );
    return seq;
  }

  /**
   * Reads the server's clock, halfway between this call and half of the wait for it.
   *
   * @param worker the name of whoever reads it
   * @returns milliseconds since the Unix epoch; undefined if that is not known
   */
  async readClock(worker: string): Promise<number | undefined> {
    const { kv } = this.#parts;
    return await this.#do("read the server's clock", async () => {
      const revision = await kv.put(`clock.${worker}`, "");
      const entry = await kv.get(`clock.${worker}`);
      return entry?.revision === revision ? entry.created.getTime() : undefined;
    });
  }

  /**
   * Writes when the first turn is due, unless somebody else has written that meanwhile.
   *
   * @param before when it was due; undefined if that was not decided
   * @returns when it is due now
   */
  async moveOrigin(atMs: number, before: number | undefined): Promise<number> {
    const { kv } = this.#parts;
    return await this.#do("put off the turns", async () => {
      for (;;) {
        const entry = await kv.get("origin");
        const stands = entry === null ? undefined : this.#readOrigin(entry.value);
        if (stands !== undefined && stands !== before) return stands;
        const bytes = this.codec.encode("origin", "", { atMs });
        try {
          await kv.put("origin", bytes, { previousSeq: entry?.revision ?? 0 });
          return atMs;
        } catch (error) {
          if ((error as { code?: number }).code !== WRONG_LAST_SEQUENCE) throw error;
        }
      }
    });
  }

  #readOrigin(bytes: Uint8Array): number | undefined {
    const origin = this.codec.decode("origin", "", bytes);
    if (origin === undefined) this.leaveOut("the begin of the rate");
    return origin?.atMs;
  }

  /**
   * Calls back with when the first turn is due, whenever that is written.
   *
   * @param fail is called if this user may not hear of it
   * @returns what ends that
   */
  async watchOrigin(
    take: (atMs: number) => void,
    fail: (error: unknown) => void,
  ): Promise<() => void> {
    const { nc, bus } = this.#parts;
    const hear = (bytes: Uint8Array): void => {
      const atMs = this.#readOrigin(bytes);
      if (atMs !== undefined) take(atMs);
    };
    const subscription = nc.subscribe(`$KV.${this.#names.bucket}.origin`, {
      callback: (error, { data }) => {
        if (error === null) hear(data);
        else fail(toBusError(error, "hear of the turns"));
      },
    });
    const read = async (): Promise<void> => {
      const entry = await this.#do("read the turns", () => this.#parts.kv.get("origin"));
      if (entry !== null) hear(entry.value);
    };
    // What does not come now, comes with the next turn that is overdue.
    const stopWaiting = bus.onReconnect(() => void read().catch(() => {}));
    await read();
    return () => {
      subscription.unsubscribe();
      stopWaiting();
    };
  }

  /** Tells all workers, also those that come later, that a host has asked to be left alone. */
  async writeHold(hold: Hold): Promise<void> {
    const hash = await digest(encoder.encode(hold.host));
    const bytes = this.codec.encode("hold", hash, hold);
    await this.#do("tell of a host", () => this.#parts.kv.put(`hold.${hash}`, bytes));
  }

  /**
   * Calls back with each host that has asked to be left alone, those of before first.
   *
   * @param fail is called if this user may not hear of them
   * @returns once those of before were there, what ends that
   */
  async watchHolds(
    take: (hold: Hold) => Promise<void>,
    fail: (error: unknown) => void,
  ): Promise<() => void> {
    const { nc, jsm, bus } = this.#parts;
    const prefix = `$KV.${this.#names.bucket}.hold.`;
    const hear = async (subject: string, data: Uint8Array): Promise<void> => {
      if (data.length === 0) return;
      const hash = subject.slice(prefix.length);
      const hold = this.codec.decode("hold", hash, data);
      if (hold === undefined || await digest(encoder.encode(hold.host)) !== hash) {
        this.leaveOut("a host that asked to be left alone");
      } else await take(hold);
    };
    // To listen, and to read one after the other, leaves no consumer on the server.
    const subscription = nc.subscribe(`${prefix}*`, {
      callback: (error, { subject, data }) => {
        if (error === null) void hear(subject, data);
        else fail(toBusError(error, "hear of hosts"));
      },
    });
    let hasEnded = false;
    const read = async (): Promise<void> => {
      for (let seq = 1, count = 0; count < MAX_LISTED && !hasEnded; seq++, count++) {
        const query = { seq, next_by_subj: `${prefix}*` };
        const message = await this.#do(
          "read which hosts asked to be left alone",
          () => jsm.streams.getMessage(`KV_${this.#names.bucket}`, query),
        );
        if (message === null) return;
        seq = message.seq;
        await hear(message.subject, message.data);
      }
    };
    // What does not come now, comes with the next connection.
    const stopWaiting = bus.onReconnect(() => void read().catch(() => {}));
    await read().catch(() => {});
    return () => {
      hasEnded = true;
      subscription.unsubscribe();
      stopWaiting();
    };
  }

  /** Tells what this worker does. It may be lost. */
  tellLive(live: Live): void {
    const bytes = this.codec.encode("live", "", live);
    // The server would not take a longer one.
    if (bytes.length > MAX_MESSAGE_BYTES) return;
    this.#parts.nc.publish(this.#live, bytes);
  }

  get #live(): string {
    return `myriad.${this.run}.live`;
  }

  /**
   * Calls back with what workers do.
   *
   * @param onMisfit called with the version of a worker that does not fit the run, or its key
   * @returns what ends that
   */
  onLive(take: (live: Live) => void, onMisfit: (version: string) => void = () => {}): () => void {
    const subscription = this.#parts.nc.subscribe(this.#live, {
      callback: (error, message) => {
        if (error !== null) return;
        const live = this.codec.decode("live", "", message.data);
        if (live !== undefined) return take(live);
        const misfit = message.data.length > MAX_MISFIT_BYTES
          ? null
          : MISFIT.exec(message.string());
        if (misfit !== null) onMisfit(misfit[1]);
        else this.leaveOut("the state of a worker");
      },
    });
    return () => subscription.unsubscribe();
  }
}

/** Undefined if it is not the mark of a slice that nobody can do. */
function toBad(bytes: Uint8Array): BadSlice | undefined {
  return bytes.length > MAX_BAD_BYTES ? undefined : BAD.get(decoder.decode(bytes));
}

function toLease(message: Msg, slice: Slice): Lease {
  const answer = (text: string) => (): void => void message.respond(text);
  return {
    slice,
    delivery: readDelivery(message.reply ?? ""),
    keep: answer("+WPI"),
    giveBack: answer("-NAK"),
    acknowledge: answer("+ACK"),
  };
}

/**
 * Which delivery a message is: `$JS.ACK.STREAM.CONSUMER.DELIVERY.…`, in later versions of NATS with
 * domain and account before the stream.
 */
function readDelivery(reply: string): number {
  const tokens = reply.split(".");
  return Number(tokens[tokens.length >= 11 ? 6 : 4]);
}

/** Here, not in a thread of its own: that takes as long, and more processor time. */
function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
