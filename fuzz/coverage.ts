/**
 * Which branches an input takes. The code of a target is instrumented (`build.ts`): each branch
 * tells its number.
 *
 * @module
 */

/** The maximum number of branches of a target with all that it imports. */
const MAX_BRANCHES = 1 << 18;

/** How often each branch was taken by this input. */
const counts = new Uint32Array(MAX_BRANCHES);
/** The branches that were taken by this input. */
let taken: number[] = [];
let steps = 0;
/** Above it, an input takes too long. */
let maxSteps = Infinity;

/** An input takes more steps than it may. */
export class TooManySteps extends Error {
  override name = "TooManySteps";
}

function incrementCounter(branch: number): void {
  if (counts[branch]++ === 0) taken.push(branch);
  if (++steps > maxSteps) {
    const most = maxSteps;
    // What catches all errors must not hide it.
    maxSteps += 1_000_000;
    throw new TooManySteps(`more than ${most} steps`);
  }
}

/** What the instrumented code calls. */
export function install(): void {
  Object.assign(globalThis, { Fuzzer: { coverageTracker: { incrementCounter } } });
}

/** What all inputs so far have taken: for each branch, the classes of how often. */
export class Coverage {
  readonly #seen = new Uint8Array(MAX_BRANCHES);
  /** How many branches were taken. */
  branches = 0;

  /** An input begins. @param most the maximum number of steps that it may take */
  begin(most: number): void {
    for (const branch of taken) counts[branch] = 0;
    taken = [];
    steps = 0;
    maxSteps = most;
  }

  /** An input has ended. @returns whether it took a branch that no other took, or not so often */
  end(): boolean {
    maxSteps = Infinity;
    let isNew = false;
    for (const branch of taken) {
      const frequency = 1 << Math.min(7, Math.floor(Math.log2(counts[branch])));
      const seen = this.#seen[branch];
      if ((seen & frequency) !== 0) continue;
      if (seen === 0) this.branches++;
      this.#seen[branch] = seen | frequency;
      isNew = true;
    }
    return isNew;
  }

  /** How many steps the input took. */
  get steps(): number {
    return steps;
  }
}
