/**
 * What describes a run to its workers: a head that anybody can read, and the rest, which is sealed
 * if the run is.
 *
 * @module
 */
import { gzipSync } from "node:zlib";
import { UsageError } from "../errors.ts";
import { isRecordedCommand, type RecordedCommand } from "../options/recorded_command.ts";
import { type InputColumns, MAX_INPUTS } from "../source/item.ts";
import type { RequestIdOptions } from "../source/request_id.ts";
import {
  type Check,
  isBoolean,
  isList,
  isNumber,
  isShape,
  isText,
  orNull,
} from "../text/json_shape.ts";
import { gunzip, parse } from "./codec.ts";
import { DamagedError, SealError } from "./damaged_error.ts";
import { isStored, type Stored } from "./messages.ts";

/** What anybody can read of a run. */
export interface SpecHead {
  /** The version of the program: a worker has to be of the same. */
  readonly version: string;
  /** Whether it takes a key to read the rest. */
  readonly isSealed: boolean;
  /** Where the rest is. */
  readonly spec: Stored;
}

/** What describes a run to its workers. */
export interface Spec {
  /** The command line of the run, and what its files hold. */
  readonly command: RecordedCommand;
  /** What the headers of the inputs have. */
  readonly columns: InputColumns;
  /** The random part of the run, in hexadecimal: what is drawn for a request depends on it. */
  readonly seed: string;
  readonly hasOneHost: boolean;
  /** The ids of requests; null without ids. */
  readonly ids: RequestIdOptions | null;
  /** How long a worker may be silent before its slices go to others, in milliseconds. */
  readonly lostAfterMs: number;
  /** Whether hosts, slowest requests and messages are told with the statistics. */
  readonly details: boolean;
}

/** The maximum number of columns of an input, and of bytes of all that is told to workers. */
const MAX_COLUMNS = 1_000_000;
const MAX_BYTES = 64 * 1024 * 1024;

/** 16 bytes in hexadecimal. */
const isRandom: Check = (value) => typeof value === "string" && /^[0-9a-f]{32}$/.test(value);
const isHead = isShape({ version: isText, isSealed: isBoolean, spec: isStored });
const isSpec = isShape({
  command: isRecordedCommand,
  columns: isList(isList((value) => typeof value === "string", MAX_COLUMNS), MAX_INPUTS),
  seed: isRandom,
  hasOneHost: isBoolean,
  ids: orNull(
    isShape({
      name: isText,
      random: isRandom,
    }),
  ),
  // A timer cannot wait longer.
  lostAfterMs: (value) => isNumber(value) && value as number >= 1 && value as number < 2 ** 31,
  details: isBoolean,
});

export function encodeHead(head: SpecHead): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(head));
}

export function encodeSpec(spec: Spec): Uint8Array<ArrayBuffer> {
  return gzipSync(JSON.stringify(spec)) as Uint8Array<ArrayBuffer>;
}

/** How a worker reads a run. */
export interface SpecReader {
  /** The version of the program. */
  readonly version: string;
  readonly hasKey: boolean;
}

function fail(run: string, why: string): never {
  throw new UsageError(`Cannot work on run '${run}': ${why}`);
}

/** Whether a run is sealed, by its head, which can be of another version. */
export function isSealedHead(bytes: Uint8Array): boolean {
  return (parse(bytes, isShape({ isSealed: isBoolean })) as SpecHead | undefined)?.isSealed ??
    false;
}

/**
 * Reads the head of a run.
 *
 * @throws {UsageError} If this program does not fit the run, or needs a key for it.
 */
export function readHead(
  bytes: Uint8Array,
  run: string,
  { version, hasKey }: SpecReader,
): SpecHead {
  const head = parse(bytes, isHead) as SpecHead | undefined;
  if (head === undefined) {
    fail(run, "what describes it on the bus is damaged, or of another version of myriad");
  }
  if (head.version !== version) {
    const theirs = /^[\w.+-]{1,40}$/.test(head.version) ? head.version : "of another version";
    fail(
      run,
      `it was submitted by myriad ${theirs}, and this is myriad ${version}: use the same version`,
    );
  }
  if (head.isSealed && !hasKey) fail(run, "it is sealed: add --cluster-key with its key");
  if (!head.isSealed && hasKey) {
    fail(run, "it is not sealed, and --cluster-key says that it should be: leave the key out");
  }
  return head;
}

/**
 * Reads what describes a run.
 *
 * @param read reads the bytes, and opens them with the key
 * @throws {UsageError} If the key is not that of the run, or something else is there.
 */
export async function decodeSpec(
  run: string,
  read: () => Promise<Uint8Array>,
): Promise<Spec> {
  try {
    const spec = parse(gunzip(await read(), MAX_BYTES), isSpec) as Spec | undefined;
    if (spec !== undefined) return spec;
  } catch (error) {
    if (!(error instanceof DamagedError)) throw error;
    if (error instanceof SealError) {
      fail(run, "--cluster-key is not the key that it was submitted with: use the same file");
    }
  }
  return fail(run, "what describes it on the bus is damaged");
}
