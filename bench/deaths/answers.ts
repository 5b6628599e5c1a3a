import { mixBits } from "../../lib/mix_bits.ts";

/** What the server says to a request. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  /** Whether the connection ends in the middle of the body. */
  readonly isCut: boolean;
}

/** How often of 1,000 an answer is not a plain 200. */
const CUT = 20;
const UNAVAILABLE = 50;
const NOT_FOUND = 30;

const TYPES = ["text/html", "application/json", "application/x-of-its-own"];
/** How many bodies there are that many requests get, for archives that store them once. */
const COMMON_BODIES = 10;
/** One of so many bodies is longer than what waits in memory for an archive or a folder. */
const LONG_EVERY = 150;
const LONG = 300_000;

/**
 * What the server says to a request: always the same to the same one.
 *
 * @param seed of the campaign's case
 * @param slot which request it is, from 0
 * @param turn how often the server has had it before
 * @param isMended whether the server answers each with 200
 */
export function answerTo(seed: number, slot: number, turn: number, isMended = false): Answer {
  const bits = mixBits(mixBits(seed, slot), turn);
  const type = TYPES[bits % TYPES.length];
  const share = isMended ? 1_000 : (bits >>> 8) % 1_000;
  const isCut = share < CUT;
  const status = isCut || share >= CUT + UNAVAILABLE + NOT_FOUND
    ? 200
    : share < CUT + UNAVAILABLE
    ? 503
    : 404;
  return { status, type, body: toBody(bits, slot, turn), isCut };
}

function toBody(bits: number, slot: number, turn: number): string {
  if (bits % 4 === 0) return `body ${(bits >>> 4) % COMMON_BODIES} of many\n`.repeat(20);
  const own = `${slot} ${turn}\n`;
  const length = bits % LONG_EVERY === 1 ? LONG : (bits >>> 12) % 120;
  return own.repeat(Math.ceil((length + 1) / own.length));
}
