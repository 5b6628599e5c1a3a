import type { Expectation } from "../target.ts";

/** The expectation of `--fail`: like curl's, it fails every status from 400 on. */
export const BELOW_400: NonNullable<Expectation["statuses"]> = {
  text: "below 400",
  has: (status) => status < 400,
};

/** A set of status codes: `200,204,3xx`. */
export class StatusSet {
  /** As the user wrote it. */
  readonly text: string;
  readonly #has: Uint8Array;

  private constructor(text: string, has: Uint8Array) {
    this.text = text;
    this.#has = has;
  }

  /** Reads a list; undefined if it is invalid. */
  static parse(text: string): StatusSet | undefined {
    const parts = text.split(",").map((part) => part.trim());
    const has = new Uint8Array(1000);
    for (const part of parts) {
      if (/^[1-9]\d\d$/.test(part)) has[Number(part)] = 1;
      else if (/^[1-9]xx$/i.test(part)) {
        has.fill(1, Number(part[0]) * 100, Number(part[0]) * 100 + 100);
      } else return undefined;
    }
    return new StatusSet(parts.join(","), has);
  }

  has(status: number): boolean {
    return this.#has[status] === 1;
  }
}
