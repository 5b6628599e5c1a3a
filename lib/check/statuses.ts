/** A set of status codes: `200,204,3xx`. */
export class Statuses {
  /** As the user wrote it. */
  readonly text: string;
  readonly #has: readonly boolean[];

  private constructor(text: string, has: readonly boolean[]) {
    this.text = text;
    this.#has = has;
  }

  /** Reads a list; undefined if it is none. */
  static parse(text: string): Statuses | undefined {
    const parts = text.split(",").map((part) => part.trim());
    const has = new Array<boolean>(1000).fill(false);
    for (const part of parts) {
      if (/^[1-9]\d\d$/.test(part)) has[Number(part)] = true;
      else if (/^[1-9]xx$/i.test(part)) {
        has.fill(true, Number(part[0]) * 100, Number(part[0]) * 100 + 100);
      } else return undefined;
    }
    return new Statuses(parts.join(","), has);
  }

  has(status: number): boolean {
    return this.#has[status];
  }
}
