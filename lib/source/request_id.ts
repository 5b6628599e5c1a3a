/**
 * An id for each request of a run, which its server and others can log.
 *
 * @module
 */
import type { HeaderList, Target } from "../target.ts";
import type { MakeTarget } from "./item.ts";
import { drawRandom } from "./run_random.ts";

/** The W3C's field for an id; its form is prescribed (Trace Context §3.2). */
const TRACEPARENT = "traceparent";

/** Ids of a run as plain data. */
export interface RequestIdOptions {
  /** The name of the header field. */
  readonly name: string;
  /** The random part: 16 bytes in hexadecimal. */
  readonly random: string;
}

/**
 * Draws the random part of a run's ids, once for all threads.
 *
 * @param salt the random part of the run's journal, if it has one
 */
export async function drawIds(name: string, salt?: string): Promise<RequestIdOptions> {
  const bytes = await drawRandom("request id", salt);
  // Neither half of a traceparent may be all zeros.
  bytes[0] ||= 1;
  bytes[8] ||= 1;
  return { name, random: bytes.toHex() };
}

/**
 * Gives targets their ids. The random part is drawn once for a run, and the request's number makes
 * the id unique within the run. So a retry has the id of its request, and a resumed run gives each
 * request the same id again. A target that has the field already keeps it.
 */
export function addIds(make: MakeTarget, { name, random }: RequestIdOptions): MakeTarget {
  const lower = name.toLowerCase();
  const createId = toIdMaker(lower, random);
  // Most runs have one list only, which is then searched once.
  let without: HeaderList | undefined;
  return (item) => {
    const target = make(item);
    const { i, url, method, headers, body, invalid, expect } = target;
    if (invalid !== undefined) return target;
    if (headers !== without) {
      if (headers.some(([name]) => name.toLowerCase() === lower)) return target;
      without = headers;
    }
    const requestId = [name, createId(i)] as const;
    return { i, url, method, headers, body, invalid, expect, requestId } satisfies Target;
  };
}

/** Makes the id of a request of its number. */
function toIdMaker(name: string, random: string): (i: number) => string {
  const start = random.slice(0, 16);
  if (name !== TRACEPARENT) return (i) => `${start}-${i}`;
  const parent = random.slice(16);
  return (i) => `00-${start}${i.toString(16).padStart(16, "0")}-${parent}-01`;
}
