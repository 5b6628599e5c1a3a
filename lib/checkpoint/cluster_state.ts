import { type Check, isCount, isList, isShape, isText } from "../text/json_shape.ts";

/** The maximum number of workers that are remembered by name. */
export const MAX_WORKERS = 1_000;

/** What a journal keeps of a run on several machines. */
export interface ClusterState {
  /** Its name on the bus. */
  readonly run: string;
  /** The names of workers whose slices were collected, at most {@linkcode MAX_WORKERS}. */
  readonly workers: readonly string[];
  /** Slices that were collected, whole or in part. */
  readonly slices: number;
  /** Those of them that were handed out more than once. */
  readonly redone: number;
  /** The records of all of them. */
  readonly records: number;
  /** SHA-256 over the digests of their parts, in the order of collecting; in hexadecimal. */
  readonly sha256: string;
}

const isRunName: Check = (value) => isText(value) && /^[a-z0-9]{1,32}$/.test(value as string);
const isWorkerName: Check = (value) => isText(value) && /^[\w-]{1,64}$/.test(value as string);

/** Whether a value of JSON is the state of a run on several machines. */
export const isClusterState: Check = isShape({
  run: isRunName,
  workers: isList(isWorkerName, MAX_WORKERS),
  slices: isCount,
  redone: isCount,
  records: isCount,
  sha256: (value) => isText(value) && /^([0-9a-f]{64})?$/.test(value as string),
});

/** The state of a run on several machines that has not begun. @param run its name; one by chance */
export function createClusterState(run: string = crypto.randomUUID().slice(0, 8)): ClusterState {
  return { run, workers: [], slices: 0, redone: 0, records: 0, sha256: "" };
}
