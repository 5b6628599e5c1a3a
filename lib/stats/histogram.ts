/**
 * A log-linear histogram of fixed size, as HdrHistogram has it (https://hdrhistogram.org, there
 * with 2 significant digits): for each power of two, 128 sub-buckets of equal width.
 *
 * ```text
 * value, us   0 … 255   256 … 511   512 … 1023   …   2^35 … 2^36 - 1
 * width             1           2            4                  2^28
 * slots           256         128          128                   128
 * ```
 *
 * So a percentile is never too low, and too high by less than 1/128 of itself: 0.8 %.
 *
 * @module
 */

import { type Check, isCount, isList, isNumber, isShape } from "../text/json_shape.ts";

/** Values below have a slot of their own each. */
export const SUB_BUCKETS = 256;
/** Slots of each power of two above. */
const HALF = SUB_BUCKETS / 2;
/** The largest value that has a slot: 2^36 - 1 us, 19 hours. Larger ones share its slot. */
const LARGEST = 2 ** 36 - 1;
/** How many slots there are. */
export const SLOTS: number = toSlot(LARGEST) + 1;
/** How many powers of two: the values below {@linkcode SUB_BUCKETS} are one, too. */
export const BUCKETS: number = SLOTS / HALF - 1;
/** Room for what {@linkcode takeCounts} collects. */
const TAKEN = new Float64Array(2 * SLOTS);
/**
 * What a rank is multiplied by before it is rounded up, as HdrHistogram takes 1 ulp off: the 99.9th
 * percentile of 41,000 values is the 40,959th, though the product is 40,959.00000000001.
 */
const RANK_EPSILON = 1 - 2 * Number.EPSILON;

/** Which of so many values, ascending and from 1, is the one at a percentile from 0 to 100. */
export function toRank(percentile: number, count: number): number {
  return Math.max(1, Math.ceil(percentile * count / 100 * RANK_EPSILON));
}

function toSlot(value: number): number {
  if (value < SUB_BUCKETS) return value;
  // How far to shift a value for its 8 leading bits; a shift in JavaScript takes 32 bits only.
  if (value < 2 ** 32) {
    const shift = 24 - Math.clz32(value);
    return shift * HALF + (value >>> shift);
  }
  const shift = 56 - Math.clz32(Math.floor(value / 2 ** 32));
  return shift * HALF + Math.floor(value / 2 ** shift);
}

/** The smallest value that shares a slot. */
function lowestIn(slot: number): number {
  return slot === 0 ? 0 : highestIn(slot - 1) + 1;
}

/** The largest value that shares a slot. */
function highestIn(slot: number): number {
  if (slot < SUB_BUCKETS) return slot;
  const shift = Math.floor(slot / HALF) - 1;
  return (slot - shift * HALF + 1) * 2 ** shift - 1;
}

/** A histogram as plain data, to be stored as JSON. */
export interface HistogramState {
  /** The smallest value in microseconds; 0 without values, as the next ones. */
  readonly min: number;
  /** The greatest value in microseconds. */
  readonly max: number;
  /** The sum of all values, in microseconds. */
  readonly sum: number;
  /** The sum of their squares. */
  readonly sumOfSquares: number;
  /** The slots that are not empty, ascending. */
  readonly counts: readonly (readonly [slot: number, count: number])[];
}

/** What a histogram has counted since it was last taken, to be sent to another thread. */
export interface HistogramDelta extends Omit<HistogramState, "counts"> {
  /** A slot that is not empty and its count, another and its count, …; slots are ascending. */
  readonly counts: Float64Array<ArrayBuffer>;
}

const isSlot: Check = (value) =>
  Array.isArray(value) && value.length === 2 && isCount(value[0]) && value[0] < SLOTS &&
  isCount(value[1]);
const isState = isShape({
  min: isNumber,
  max: isNumber,
  sum: isNumber,
  sumOfSquares: isNumber,
  counts: isList(isSlot, SLOTS),
});

/** Whether a value of JSON is what {@linkcode Histogram.toJSON} gives. */
export function isHistogramState(value: unknown): value is HistogramState {
  if (!isState(value)) return false;
  const { counts } = value as HistogramState;
  return counts.every(([slot], k) => k === 0 || slot > counts[k - 1][0]);
}

/** What {@linkcode addCounts} takes. */
export function toDelta(state: HistogramState): HistogramDelta {
  const { min, max } = fitExtremes(state);
  return { ...state, min, max, counts: Float64Array.from(state.counts.flat()) };
}

/** Of a file that another program wrote they may not fit: no count lies outside of them. */
function fitExtremes({ counts, min, max }: HistogramState): Pick<HistogramState, "min" | "max"> {
  if (counts.length === 0) return { min: Infinity, max };
  return {
    min: Math.min(min, highestIn(counts[0][0])),
    max: Math.max(max, lowestIn(counts.at(-1)![0])),
  };
}

/** Adds what another histogram has given by {@linkcode takeCounts}, as if it were recorded here. */
export let addCounts: (histogram: Histogram, delta: HistogramDelta) => void;

/**
 * What a histogram has counted since the last call, after which it begins from nothing again. It
 * takes time for the slots between the smallest and the greatest value, and memory for those that
 * are not empty.
 */
export let takeCounts: (histogram: Histogram) => HistogramDelta;

/**
 * Counts values in whole microseconds: 19 ns a value, 30 KB, whatever their number.
 *
 * @example Usage
 * ```ts
 * import { Histogram } from "@myriad/myriad";
 * import { assertEquals } from "@std/assert";
 *
 * const times = new Histogram();
 * for (let k = 1; k <= 100; k++) times.record(k);
 * assertEquals(times.percentiles([50, 99]), [50, 99]);
 * assertEquals([times.count, times.max, times.mean], [100, 100, 50.5]);
 * ```
 */
export class Histogram {
  readonly #counts = new Float64Array(SLOTS);
  #count = 0;
  #min = Infinity;
  #max = 0;
  #sum = 0;
  #sumOfSquares = 0;

  static {
    addCounts = (histogram, { counts, min, max, sum, sumOfSquares }) => {
      for (let k = 0; k < counts.length; k += 2) {
        histogram.#counts[counts[k]] += counts[k + 1];
        histogram.#count += counts[k + 1];
      }
      histogram.#sum += sum;
      histogram.#sumOfSquares += sumOfSquares;
      histogram.#min = Math.min(histogram.#min, min);
      histogram.#max = Math.max(histogram.#max, max);
    };
    takeCounts = (histogram) => {
      const { first, last } = histogram.#span();
      let length = 0;
      for (let slot = first; slot <= last; slot++) {
        const count = histogram.#counts[slot];
        if (count === 0) continue;
        TAKEN[length++] = slot;
        TAKEN[length++] = count;
        histogram.#counts[slot] = 0;
      }
      const delta = {
        min: histogram.#min,
        max: histogram.#max,
        sum: histogram.#sum,
        sumOfSquares: histogram.#sumOfSquares,
        counts: TAKEN.slice(0, length),
      };
      histogram.#count =
        histogram.#max =
        histogram.#sum =
        histogram.#sumOfSquares =
          0;
      histogram.#min = Infinity;
      return delta;
    };
  }

  /** A histogram with what another had counted when it gave its {@linkcode toJSON}. */
  static from(state: HistogramState): Histogram {
    const histogram = new Histogram();
    addCounts(histogram, toDelta(state));
    return histogram;
  }

  /**
   * Counts a value.
   *
   * @param value microseconds, finite, from 0; rounded to whole ones, and what is less is 0
   */
  record(value: number): void {
    // Rounded before all else, or a percentile could be below the smallest value.
    const micros = value > 0 ? Math.round(value) : 0;
    this.#counts[toSlot(micros < LARGEST ? micros : LARGEST)]++;
    this.#count++;
    this.#sum += micros;
    this.#sumOfSquares += micros * micros;
    if (micros < this.#min) this.#min = micros;
    if (micros > this.#max) this.#max = micros;
  }

  /**
   * The slots from the smallest value to the greatest; empty without values. The latencies of one
   * service fill about a tenth of all slots, so that frequent readers save the others.
   */
  #span(): { readonly first: number; readonly last: number } {
    if (this.#count === 0) return { first: 0, last: -1 };
    return {
      first: toSlot(Math.min(this.#min, LARGEST)),
      last: toSlot(Math.min(this.#max, LARGEST)),
    };
  }

  /** Adds what another has counted; the same as if its values had been recorded here. */
  add(other: Histogram): void {
    const { first, last } = other.#span();
    for (let slot = first; slot <= last; slot++) this.#counts[slot] += other.#counts[slot];
    this.#count += other.#count;
    this.#sum += other.#sum;
    this.#sumOfSquares += other.#sumOfSquares;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
  }

  /** The same values again, in a histogram of their own. */
  clone(): Histogram {
    const clone = new Histogram();
    clone.add(this);
    return clone;
  }

  /**
   * The values that were recorded since the clone was made. Its smallest and greatest values are
   * exact to their slots; the greatest of all values is exact.
   *
   * @param earlier a {@linkcode clone} of this histogram, unchanged; values that it alone has, as
   * those of a machine that is gone, do not count
   */
  diff(earlier: Histogram): Histogram {
    const later = new Histogram();
    let lowest = -1;
    let highest = -1;
    const { first, last } = this.#span();
    for (let slot = first; slot <= last; slot++) {
      const count = this.#counts[slot] - earlier.#counts[slot];
      if (count <= 0) continue;
      later.#counts[slot] = count;
      later.#count += count;
      if (lowest < 0) lowest = slot;
      highest = slot;
    }
    if (highest < 0) return later;
    later.#sum = Math.max(0, this.#sum - earlier.#sum);
    later.#sumOfSquares = Math.max(0, this.#sumOfSquares - earlier.#sumOfSquares);
    // A new extreme came since then; another one lies within its slot.
    later.#min = this.#min < earlier.#min ? this.#min : lowestIn(lowest);
    const isNewMax = this.#max > earlier.#max || highest === SLOTS - 1;
    later.#max = isNewMax ? this.#max : Math.min(highestIn(highest), this.#max);
    return later;
  }

  /** The slots that are not empty, ascending: the highest value in us that shares it, and how many. */
  *buckets(): Generator<readonly [highestMicros: number, count: number]> {
    const { first, last } = this.#span();
    for (let slot = first; slot <= last; slot++) {
      const count = this.#counts[slot];
      if (count === 0) continue;
      // The last slot has no upper end of its own.
      yield [slot === SLOTS - 1 ? Math.max(LARGEST, this.#max) : highestIn(slot), count];
    }
  }

  /** How many values it has counted. */
  get count(): number {
    return this.#count;
  }

  /** The smallest value, exact; 0 without values. */
  get min(): number {
    return this.#count === 0 ? 0 : this.#min;
  }

  /** The greatest value, exact; 0 without values. */
  get max(): number {
    return this.#max;
  }

  /** The sum of all values, exact below 2^53 us. */
  get sum(): number {
    return this.#sum;
  }

  /** The arithmetic mean, exact; 0 without values. */
  get mean(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count;
  }

  /** The standard deviation of all values (not of a sample); 0 without values. */
  get stddev(): number {
    if (this.#count === 0) return 0;
    // Rounding can leave a little less than nothing where all values are alike.
    return Math.sqrt(Math.max(0, this.#sumOfSquares / this.#count - this.mean ** 2));
  }

  /**
   * The value at one percentile; see {@linkcode percentiles}.
   *
   * @param percentile from 0 to 100
   */
  percentile(percentile: number): number {
    return this.percentiles([percentile])[0];
  }

  /**
   * The values at percentiles, as HdrHistogram's `getValueAtPercentile`: the highest value that
   * shares a slot with the one at that rank, and at most the greatest. All 0 without values.
   *
   * @param percentiles from 0 to 100, ascending
   */
  percentiles(percentiles: readonly number[]): number[] {
    if (this.#count === 0) return percentiles.map(() => 0);
    const values: number[] = [];
    const { first, last } = this.#span();
    let slot = first;
    let below = this.#counts[first];
    for (const percentile of percentiles) {
      const rank = toRank(percentile, this.#count);
      while (below < rank && slot < last) below += this.#counts[++slot];
      // The last slot has no upper end of its own.
      values.push(slot === SLOTS - 1 ? this.#max : Math.min(highestIn(slot), this.#max));
    }
    return values;
  }

  /** All of it as plain data. */
  toJSON(): HistogramState {
    const counts: [number, number][] = [];
    const { first, last } = this.#span();
    for (let slot = first; slot <= last; slot++) {
      if (this.#counts[slot] > 0) counts.push([slot, this.#counts[slot]]);
    }
    const { min, max } = this;
    return { min, max, sum: this.#sum, sumOfSquares: this.#sumOfSquares, counts };
  }
}
