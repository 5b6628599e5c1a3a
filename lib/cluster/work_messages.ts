/**
 * What the main thread of `myriad work` and its threads tell each other. Everything can be cloned.
 *
 * @module
 */
import type { BusOptions } from "../options/run_options.ts";
import type { PackedError } from "../threads/messages.ts";
import type { ThreadPlace } from "../threads/shares.ts";
import type { FindOptions } from "./find_run.ts";
import type { Work } from "./run_worker.ts";

/** What a thread is started with. */
export interface WorkSetup extends FindOptions {
  readonly bus: BusOptions;
  readonly place: ThreadPlace;
  /** The name of the process among the workers. */
  readonly name: string;
}

/** What the main thread tells a thread. */
export type ToThread =
  | { readonly type: "open"; readonly setup: WorkSetup }
  | { readonly type: "leave" };

/** What a thread tells the main thread. */
export type FromThread =
  /** How many requests are in flight, a few times in a second. */
  | { readonly type: "in flight"; readonly count: number }
  | { readonly type: "say"; readonly text: string }
  /** It has ended. With an error, it could not go on. */
  | { readonly type: "ended"; readonly work: Work; readonly error?: PackedError };
