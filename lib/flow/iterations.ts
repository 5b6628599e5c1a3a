import type { Item, Items } from "../source/item.ts";
import { NumberItems, type RequestRange } from "../source/numbering.ts";
import type { TargetSource } from "../source/target_source.ts";
import type { Step } from "../stream.ts";
import type { Target } from "../target.ts";

/** What stands for a URL in the target of an iteration, which is requested nowhere. */
const NO_URL = "http://flow.invalid/";

/** The numbers of iterations. How many requests they make, nobody knows beforehand. */
class IterationItems implements Items {
  readonly #numbers: NumberItems;
  #given = 0;

  constructor(range: RequestRange) {
    this.#numbers = new NumberItems(range);
  }

  next(): Step<Item> {
    const step = this.#numbers.next();
    if (!step.done) this.#given++;
    return step;
  }

  /** The share of the iterations that have begun; undefined without a bound. */
  progress(): number | undefined {
    const { total } = this.#numbers;
    return total === undefined || total === 0 ? undefined : this.#given / total;
  }

  return(): void {
    this.#numbers.return();
  }
}

/** Opens the source of a flow: a target for each iteration. */
export function openIterations(range: RequestRange & { readonly seed: string }): TargetSource {
  return {
    items: new IterationItems(range),
    make: toTarget,
    columns: [],
    seed: range.seed,
    isDrawn: false,
    hasOneHost: true,
  };
}

function toTarget({ i }: Item): Target {
  return {
    i,
    url: NO_URL,
    method: "GET",
    headers: [],
    body: undefined,
    invalid: undefined,
    expect: undefined,
    requestId: undefined,
  };
}
