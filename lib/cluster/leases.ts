import type { Lease } from "./bus/slice_queue.ts";

/**
 * The slices that a worker holds, from the moment when it is handed them until they are committed
 * or given back.
 */
export class Leases {
  /** By the id of the slice, its last delivery; as many as the worker holds. */
  readonly #held = new Map<string, Lease>();

  get size(): number {
    return this.#held.size;
  }

  /**
   * Takes a delivery. The same slice can come again to the worker that holds it, after the bus was
   * away: then this delivery takes the place of the one before.
   *
   * @returns whether the slice is new to this worker
   */
  add(lease: Lease): boolean {
    const { id } = lease.slice;
    const isNew = !this.#held.has(id);
    this.#held.set(id, lease);
    return isNew;
  }

  /** Tells the bus that this worker still works on all of them. */
  keep(): void {
    for (const lease of this.#held.values()) lease.keep();
  }

  acknowledge(id: string): void {
    this.#held.get(id)?.acknowledge();
    this.#held.delete(id);
  }

  /** Says nothing more of it: a worker gets it when this one would count as lost. */
  drop(id: string): void {
    this.#held.delete(id);
  }

  giveBack(id: string): void {
    this.#held.get(id)?.giveBack();
    this.#held.delete(id);
  }
}
