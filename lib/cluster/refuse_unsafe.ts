import { IDEMPOTENT } from "../http/fields.ts";
import { describeUnsafe, IDEMPOTENCY_KEY, mayRepeat } from "../options/submission.ts";
import type { RunOptions } from "../options/run_options.ts";
import { INPUT_FORMATS } from "../source/formats.ts";
import type { MakeTarget } from "../source/item.ts";

/**
 * Makes targets that are not sent where a record has a method that is not idempotent, and neither
 * the user has agreed to repeats nor a key tells the server of them.
 */
export function refuseUnsafe(make: MakeTarget, options: RunOptions): MakeTarget {
  // Only there do records have methods; that of the run was checked when it was submitted.
  const isToCheck = options.inputs.some(({ format }) => INPUT_FORMATS[format].hasOwnRequests);
  if (!isToCheck || mayRepeat(options)) return make;
  return (item) => {
    const target = make(item);
    if (IDEMPOTENT.has(target.method) || target.invalid !== undefined) return target;
    if (target.headers.some(([name]) => name.toLowerCase() === IDEMPOTENCY_KEY)) return target;
    return { ...target, invalid: `line ${item.line}: ${describeUnsafe(target.method)}` };
  };
}
