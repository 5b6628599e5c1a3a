import process from "node:process";

/** Of what the process begins with, how much more its peak can be than what it has. */
const INHERITED_FACTOR = 1.25;

/**
 * The most memory that this process ever had. Linux's peak is kept over `exec`, so that a process
 * begins with that of whoever started it; while it has not gone beyond that, what it was seen to
 * have counts instead.
 */
export class PeakMemory {
  readonly #inheritedKb: number;
  #seenKb = 0;

  constructor() {
    const peakKb = process.resourceUsage().maxRSS;
    this.#inheritedKb = peakKb > INHERITED_FACTOR * residentKb() ? peakKb : 0;
  }

  /** Kilobytes. Looks at what there is now. */
  get kb(): number {
    return this.kbOf(process.resourceUsage().maxRSS);
  }

  /** The same, for who has asked the system already, which takes 0.1 ms beside a busy process. */
  kbOf(maxRss: number): number {
    if (maxRss > this.#inheritedKb) return maxRss;
    return this.#seenKb = Math.max(this.#seenKb, residentKb());
  }
}

function residentKb(): number {
  return Math.round(Deno.memoryUsage().rss / 1024);
}
