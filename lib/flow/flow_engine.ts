import type { Engine } from "../engine/engine.ts";
import { NO_RESPONSE, type Result, toResult } from "../result.ts";
import type { Target } from "../target.ts";
import { Iteration, type IterationContext, type IterationOutcome } from "./iteration.ts";

/** The result of a target that stands for an iteration. */
export interface IterationResult extends Result {
  readonly outcome: IterationOutcome;
}

/** Runs an iteration of a flow for each target. */
export class FlowEngine implements Engine {
  readonly #context: IterationContext;
  /** As many as the concurrency at most. */
  readonly #running = new Set<Iteration>();
  /** The numbers of virtual users that have no iteration at present, below `#users`. */
  readonly #free: number[] = [];
  #users = 0;
  #isCancelled = false;
  readonly name = "flow";
  readonly transport = "portable";
  readonly shortages: ReadonlyMap<string, number> = new Map();

  constructor(context: IterationContext) {
    this.#context = context;
  }

  /** `done` gets an {@linkcode IterationResult}. */
  start(target: Target, done: (result: Result) => void): void {
    const user = this.#free.pop() ?? this.#users++;
    const iteration = new Iteration(target.i, user, this.#context);
    this.#running.add(iteration);
    if (this.#isCancelled) iteration.cancel();
    // If `done` throws, that is a bug, which ends the process like any other.
    void iteration.run().then((outcome) => {
      this.#running.delete(iteration);
      this.#free.push(user);
      done(toIterationResult(target, outcome));
    });
  }

  cancelOne(i: number): void {
    for (const iteration of this.#running) if (iteration.i === i) iteration.cancel();
  }

  cancel(): void {
    this.#isCancelled = true;
    for (const iteration of this.#running) iteration.cancel();
    this.#context.requests.cancel();
  }

  /** The connections belong to the requests, which are closed by who has opened them. */
  close(): void {}
}

function toIterationResult(target: Target, outcome: IterationOutcome): IterationResult {
  const { at, ms, isCancelled } = outcome;
  const failure = isCancelled
    ? { error: "cancelled", detail: "the run was ended", scope: undefined } as const
    : undefined;
  return { ...toResult({ ...NO_RESPONSE, target, at, ms, attempts: 1 }, failure), outcome };
}
