import type { PlainBytes } from "./plain_bytes.ts";

/** Fewer equal values than these are packed with their neighbours; packed values come in eights. */
const GROUP = 8;

/** How many bits a value takes that is from 0 to `max`; at least one. */
export function countBits(max: number): number {
  return Math.max(1, 32 - Math.clz32(max));
}

/**
 * Writes small numbers as Parquet's hybrid of runs and packed bits (`RLE`, encoding 3): a run is
 * `length << 1` and its value, packed values are `groups << 1 | 1` and their bits, the lowest first.
 *
 * @param bits how many each value has, 1 to 24
 */
export function writeHybrid(
  to: PlainBytes,
  values: Uint8Array | Uint16Array,
  count: number,
  bits: number,
): void {
  let packedFrom = 0;
  for (let at = 0; at < count;) {
    let end = at + 1;
    while (end < count && values[end] === values[at]) end++;
    // Values before the run are packed first, and what is missing of their last group is taken from it.
    const taken = (GROUP - (at - packedFrom) % GROUP) % GROUP;
    if (end - at - taken >= GROUP) {
      pack(to, values, packedFrom, at + taken, bits);
      to.writeVarint((end - at - taken) << 1);
      for (let k = 0; k < bits; k += 8) to.writeByte(values[at] >> k & 0xff);
      packedFrom = end;
    }
    at = end;
  }
  pack(to, values, packedFrom, count, bits);
}

/** Packs values; what is missing of the last group is 0. */
function pack(
  to: PlainBytes,
  values: Uint8Array | Uint16Array,
  from: number,
  end: number,
  bits: number,
): void {
  if (from === end) return;
  const groups = Math.ceil((end - from) / GROUP);
  to.writeVarint(groups << 1 | 1);
  let held = 0;
  let heldBits = 0;
  for (let k = from; k < from + groups * GROUP; k++) {
    held |= (k < end ? values[k] : 0) << heldBits;
    heldBits += bits;
    for (; heldBits >= 8; heldBits -= 8) {
      to.writeByte(held & 0xff);
      held >>>= 8;
    }
  }
}
