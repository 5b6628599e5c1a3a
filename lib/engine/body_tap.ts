import type { Failure } from "../result.ts";
import type { BodySink } from "./engine.ts";

/** Takes bytes as they pass. They belong to the caller again when it returns. */
export interface ByteSink {
  write(bytes: Uint8Array): void;
}

/** Who gets a body: a request in flight. */
export interface BodyOwner {
  /**
   * The body is damaged or too long. Called within a write, at most once.
   *
   * @param bytes bytes of the body that came, before decoding
   */
  onBodyFailure(failure: Failure, bytes: number): void;
}

/** Passes a body on to its sink. What the sink throws is not the fault of the response. */
export class BodyTap implements ByteSink {
  /** Undefined once it has ended, was discarded, or has failed. */
  #sink: BodySink | undefined;
  readonly #onFailure: (error: unknown) => void;
  #hasFailed = false;

  constructor(sink: BodySink | undefined, onFailure: (error: unknown) => void) {
    this.#sink = sink;
    this.#onFailure = onFailure;
  }

  /** Bytes of the body after decoding, so far; undefined if it is not decoded. */
  get decodedBytes(): number | undefined {
    return undefined;
  }

  write(bytes: Uint8Array): void {
    try {
      this.#sink?.write(bytes);
    } catch (error) {
      this.fail(error);
    }
  }

  /**
   * Ends the body, or discards it if the request failed.
   *
   * @returns why the request failed, if it did: also if its sink could not take the body
   */
  close(failure: Failure | undefined): Failure | undefined {
    const sink = this.#sink;
    this.#sink = undefined;
    try {
      if (failure === undefined) sink?.end();
      else sink?.discard();
    } catch (error) {
      this.fail(error);
    }
    if (failure !== undefined || !this.#hasFailed) return failure;
    return { error: "cancelled", detail: "the body could not be taken", scope: undefined };
  }

  /** Reports what the sink threw, which ends the run. Nothing more is written. */
  fail(error: unknown): void {
    const sink = this.#sink;
    this.#sink = undefined;
    this.#hasFailed = true;
    try {
      sink?.discard();
    } catch {
      // Only the first failure is reported.
    }
    this.#onFailure(error);
  }
}
