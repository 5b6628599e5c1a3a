/** Counts by name. Whoever counts bounds the names. */
export class NameCounts {
  readonly #counts = new Map<string, number>();

  record(name: string): void {
    this.#add(name, 1);
  }

  /** Adds what another has counted. */
  add(others: Readonly<Record<string, number>>): void {
    for (const [name, count] of Object.entries(others)) this.#add(name, count);
  }

  #add(name: string, count: number): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
  }

  /** In the order in which the names came. */
  toJSON(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }

  /** The same, after which it begins from nothing again. */
  take(): Record<string, number> {
    const taken = this.toJSON();
    this.#counts.clear();
    return taken;
  }
}
