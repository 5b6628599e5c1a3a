/**
 * The streams of a run.
 *
 * | stream | subjects | holds |
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
import {
  AckPolicy,
  DiscardPolicy,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
} from "@nats-io/jetstream";

/** The maximum number of bytes of what a run has in keys: a description, marks of slices. */
const KEYS_BYTES = 128 * 1024 ** 2;
/** The maximum number of slices that workers hold. */
const MAX_HELD = 10_000;
/** The maximum number of event loops that wait for a slice: all of a run. A server's own is 512. */
const MAX_WAITING = 10_000;
/** How long the bus knows that a slice was published: far longer than it is tried. */
const SLICE_WINDOW_NS = 3_600e9;
/** The consumer that hands out slices. */
export const CONSUMER = "slices";
/** The name of a run. */
export const RUN_NAME = /^[a-z0-9]{1,32}$/;
/** The name of a stream of a run. */
export const STREAM = /^(?:KV_)?MYRIAD_([a-z0-9]{1,32})(?:_[A-Z]+)?$/;

/** What a run's streams are made with. */
export interface RunStreams {
  /** How long a worker may be silent before its slices go to others, in milliseconds. */
  readonly lostAfterMs: number;
  /** The maximum number of bytes that the store holds. */
  readonly holdBytes: number;
  /** How many servers of the bus keep a copy, from 1. */
  readonly replicas: number;
}

/** The streams of a run, and the bucket of its keys. */
export interface Names {
  readonly slices: string;
  readonly store: string;
  readonly rate: string;
  readonly bucket: string;
  /** Where each message goes; others follow those of the store and of the keys, behind a dot. */
  readonly subjects: Readonly<Record<"slice" | "store" | "rate" | "live" | "keys", string>>;
}

export function toNames(run: string): Names {
  const stem = `MYRIAD_${run}`;
  return {
    slices: `${stem}_SLICES`,
    store: `${stem}_STORE`,
    rate: `${stem}_RATE`,
    bucket: stem,
    subjects: {
      slice: `myriad.${run}.slice`,
      store: `myriad.${run}.store`,
      rate: `myriad.${run}.rate`,
      live: `myriad.${run}.live`,
      keys: `$KV.${stem}`,
    },
  };
}

/** All streams of a run. The queue is the first to go: without it, no worker begins anything. */
export function listStreams(run: string): string[] {
  const { slices, store, rate, bucket } = toNames(run);
  return [slices, store, rate, `KV_${bucket}`];
}

export function isWhole(run: string, names: ReadonlySet<string>): boolean {
  return listStreams(run).every((name) => names.has(name));
}

/** Makes the bucket of a run's keys. */
export async function addBucket(
  { streams }: JetStreamManager,
  run: string,
  { replicas }: RunStreams,
): Promise<void> {
  const { bucket, subjects } = toNames(run);
  // As the client's own `create`, which needs the permission to ask about the whole account.
  await streams.add({
    storage: StorageType.File,
    num_replicas: replicas,
    name: `KV_${bucket}`,
    subjects: [`${subjects.keys}.>`],
    max_msgs_per_subject: 1,
    max_bytes: KEYS_BYTES,
    discard: DiscardPolicy.New,
    allow_rollup_hdrs: true,
    // A follower could answer with what was before.
    allow_direct: false,
  });
}

/** Makes the other streams of a run, and the consumer that hands out its slices. */
export async function addStreams(
  { streams, consumers }: JetStreamManager,
  run: string,
  { lostAfterMs, holdBytes, replicas }: RunStreams,
): Promise<void> {
  const { store, slices, rate, subjects } = toNames(run);
  const common = { storage: StorageType.File, num_replicas: replicas };
  await streams.add({
    ...common,
    name: store,
    subjects: [`${subjects.store}.>`],
    allow_direct: true,
    discard: DiscardPolicy.New,
    max_bytes: holdBytes,
  });
  await streams.add({
    ...common,
    name: slices,
    subjects: [subjects.slice],
    retention: RetentionPolicy.Workqueue,
    duplicate_window: SLICE_WINDOW_NS,
  });
  await streams.add({
    ...common,
    name: rate,
    subjects: [subjects.rate],
    max_msgs: 1,
  });
  await consumers.add(slices, {
    durable_name: CONSUMER,
    ack_policy: AckPolicy.Explicit,
    ack_wait: Math.round(lostAfterMs * 1e6),
    max_ack_pending: MAX_HELD,
    max_waiting: MAX_WAITING,
    max_deliver: -1,
  });
}
