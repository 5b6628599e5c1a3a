/**
 * The rows that are in no row group yet, as lines in a file beside the output, so that a run that is
 * killed can go on. One file has the rows of a row group; while that is written, the next ones go to
 * the other file:
 *
 * ```text
 * results.parquet.rows0   {"generation":4,"part":0,…}   what is in the parts
 *                         [122880,"http://…",200,…]     rows behind it
 * results.parquet.rows1   {"generation":5,…,"needsOther":true}
 *                         [245760,"http://…",200,…]
 *                         {"generation":5,…,"needsOther":false}   the other one is in the part now
 * ```
 *
 * @module
 */
import { readLines } from "../../scan/byte_lines.ts";
import { Input } from "../../source/input.ts";
import { isBoolean, isCount, isList, isShape } from "../../text/json_shape.ts";
import type { WrittenRowGroup } from "./footer.ts";
import { PART_LIMITS } from "./part.ts";

/** What is in the parts, and which rows are behind it. */
export interface TailState {
  /** That of the later tail is larger. */
  readonly generation: number;
  /** The part that is being written, from 0. */
  readonly part: number;
  /** How many rows the parts before it have. */
  readonly before: number;
  /** Its row groups, and where the last one ends, in bytes. */
  readonly groups: readonly WrittenRowGroup[];
  readonly end: number;
  /** Whether the rows of the other tail come first. */
  readonly needsOther: boolean;
}

/** The tails of an output that was not ended. */
export interface FoundTails {
  readonly state: TailState;
  /** The place of the tail that has it, 0 or 1. */
  readonly current: number;
  /** The tails whose rows are behind what is in the parts, in their order. */
  readonly paths: readonly string[];
  /** How many rows are in row groups, and how many with those behind them. */
  readonly grouped: number;
  readonly rows: number;
}

const OPEN_BRACE = 0x7b;

/** How a tail begins. */
export const TAIL_BEGINNING = /^\{"generation":\d/;

const isState = isShape({
  generation: isCount,
  part: isCount,
  before: isCount,
  groups: isList(
    isShape({ rows: isCount, metadata: (value) => typeof value === "string" }),
    PART_LIMITS.groups,
  ),
  end: isCount,
  needsOther: isBoolean,
});

const decoder = new TextDecoder();

/** The path of a tail. @param tail 0 or 1 */
export function toTailPath(path: string, tail: number): string {
  return `${path}.rows${tail}`;
}

/** A state as a line, with its line break. */
export function formatState(state: TailState): string {
  const groups = state.groups.map(({ rows, metadata }) => ({
    rows,
    metadata: metadata.toBase64(),
  }));
  return `${JSON.stringify({ ...state, groups })}\n`;
}

function parseState(line: string): TailState | undefined {
  try {
    const state = JSON.parse(line);
    if (!isState(state)) return undefined;
    const groups = state.groups.map(({ rows, metadata }: { rows: number; metadata: string }) => ({
      rows,
      metadata: Uint8Array.fromBase64(metadata),
    }));
    return { ...state, groups };
  } catch {
    return undefined;
  }
}

/**
 * Looks for the tails of an output.
 *
 * @param name the flag and its value, for messages
 * @returns undefined if it has none, or none that got as far as its first line
 * @throws {UsageError} If one cannot be read.
 */
export async function findTails(path: string, name: string): Promise<FoundTails | undefined> {
  const tails = await Promise.all([0, 1].map((k) => readTail(toTailPath(path, k), name)));
  const generations = tails.map(({ state }) => state?.generation ?? -1);
  const current = generations[1] > generations[0] ? 1 : 0;
  const { state } = tails[current];
  if (state === undefined) return undefined;
  const used = state.needsOther ? [1 - current, current] : [current];
  const grouped = state.groups.reduce((sum, { rows }) => sum + rows, state.before);
  return {
    state,
    current,
    paths: used.map((k) => toTailPath(path, k)),
    grouped,
    rows: used.reduce((sum, k) => sum + tails[k].rows, grouped),
  };
}

/** The last state of a tail, and how many rows it has. */
async function readTail(
  path: string,
  name: string,
): Promise<{ state: TailState | undefined; rows: number }> {
  let state: TailState | undefined;
  let rows = 0;
  await readTailLines(path, name, (line, isRow) => {
    if (isRow) rows++;
    else state = parseState(decoder.decode(line)) ?? state;
  });
  return { state, rows };
}

/**
 * Reads rows of tails.
 *
 * @param count how many
 * @param take takes the line of each, valid until it returns
 * @throws {UsageError} If one cannot be read.
 */
export async function readRows(
  { paths }: FoundTails,
  count: number,
  name: string,
  take: (line: Uint8Array) => void,
): Promise<void> {
  let left = count;
  for (const path of paths) {
    await readTailLines(path, name, (line, isRow) => {
      if (isRow && left-- > 0) take(line);
    });
  }
}

async function readTailLines(
  path: string,
  name: string,
  take: (line: Uint8Array, isRow: boolean) => void,
): Promise<void> {
  try {
    await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  await readLines(
    await Input.open(path, name),
    (bytes, from, to) => take(bytes.subarray(from, to), bytes[from] !== OPEN_BRACE),
    () => {},
  );
}
