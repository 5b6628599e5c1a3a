/**
 * Numbers that are added up, by name. The names are those that the sums begin with.
 */
export class Sums<Name extends string> {
  readonly of: Record<Name, number>;
  readonly #names: readonly Name[];

  constructor(...names: readonly Name[]) {
    this.of = Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
    this.#names = names;
  }

  /** Adds what another has counted. */
  add(more: Readonly<Record<Name, number>>): void {
    for (const name of this.#names) this.of[name] += more[name];
  }

  toJSON(): Record<Name, number> {
    return { ...this.of };
  }

  /** The same, after which all of them begin from 0 again. */
  take(): Record<Name, number> {
    const taken = this.toJSON();
    for (const name of this.#names) this.of[name] = 0;
    return taken;
  }
}
