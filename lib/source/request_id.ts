/**
 * An id for each request of a run, which its server and others can log.
 *
 * @module
 */
import { mapStep, type MaybePromise, type Source, type Step } from "../stream.ts";
import type { HeaderList, Target } from "../target.ts";

/** The W3C's field for an id, whose form it prescribes (Trace Context §3.2). */
const TRACEPARENT = "traceparent";

/**
 * Gives targets their ids: what is random is drawn once a run, and the number of the request makes
 * it unique within. So a retry has the id of its request, and a run that is gone on with gives each
 * request the same id again.
 */
export class RequestIds {
  readonly #name: string;
  readonly #start: string;
  readonly #end: string;

  /**
   * @param name of the header field
   * @param salt what is random of the run, if it has a journal
   */
  static async open(name: string, salt?: string): Promise<RequestIds> {
    const bytes = salt === undefined ? crypto.getRandomValues(new Uint8Array(16)) : new Uint8Array(
      // The salt itself is in no header: hashes of secrets are made with it.
      await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`request id ${salt}`)),
    );
    // Neither half of a traceparent may be all zeros.
    bytes[0] ||= 1;
    bytes[8] ||= 1;
    return new RequestIds(name, bytes.subarray(0, 8).toHex(), bytes.subarray(8, 16).toHex());
  }

  private constructor(name: string, run: string, parent: string) {
    const isTrace = name.toLowerCase() === TRACEPARENT;
    this.#name = name;
    this.#start = isTrace ? `00-${run}` : `${run}-`;
    this.#end = isTrace ? `-${parent}-01` : "";
  }

  /** The id of a request, by its number. */
  idOf(i: number): string {
    if (this.#end === "") return `${this.#start}${i}`;
    return `${this.#start}${i.toString(16).padStart(16, "0")}${this.#end}`;
  }

  /** The same targets with their ids; one that has such a field of its own keeps that. */
  over(source: Source<Target>): Source<Target> {
    const lower = this.#name.toLowerCase();
    // Most runs have but one list, so that it is looked at once.
    let without: HeaderList | undefined;
    const withId = (step: Step<Target>): Step<Target> => {
      if (step.done) return step;
      const { i, url, method, headers, body, invalid, expect } = step.value;
      if (invalid !== undefined) return step;
      if (headers !== without) {
        if (headers.some(([name]) => name.toLowerCase() === lower)) return step;
        without = headers;
      }
      const requestId = [this.#name, this.idOf(i)] as const;
      const value: Target = { i, url, method, headers, body, invalid, expect, requestId };
      return { value, done: false };
    };
    const next = (): MaybePromise<Step<Target>> => mapStep(source.next(), withId);
    return { next, return: () => source.return?.() };
  }
}
