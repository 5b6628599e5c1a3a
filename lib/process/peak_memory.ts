import process from "node:process";

/** How far above its current memory a fresh process's own peak can lie. */
const INHERITED_FACTOR = 1.25;

/**
 * The peak memory of this process. Linux keeps the peak over `exec`, so that a process starts with
 * the peak of its parent. Until its own memory exceeds that, the largest sample counts instead.
 */
export class PeakMemory {
  readonly #inheritedKb: number;
  #seenKb = 0;

  constructor() {
    const peakKb = process.resourceUsage().maxRSS;
    this.#inheritedKb = peakKb > INHERITED_FACTOR * residentKb() ? peakKb : 0;
  }

  /** The peak in kilobytes; takes a sample. */
  get kb(): number {
    return this.update(process.resourceUsage().maxRSS);
  }

  /** {@linkcode kb} from a known `maxRSS`: asking the system costs 0.1 ms in a busy process. */
  update(maxRss: number): number {
    if (maxRss > this.#inheritedKb) return maxRss;
    return this.#seenKb = Math.max(this.#seenKb, residentKb());
  }
}

function residentKb(): number {
  return Math.round(Deno.memoryUsage().rss / 1024);
}
