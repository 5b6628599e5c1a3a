import type { Target } from "../target.ts";
import type { RequestDefaults } from "./request_defaults.ts";
import { fill } from "./request_templates.ts";
import { invalidTarget, type trustedTarget } from "./target.ts";
import type { Lookup } from "./lookup.ts";

/**
 * Makes a target of a URL and of what fills the other templates of the run: the value for `{}`, and
 * a look-up where records have fields.
 */
export type TargetMaker = (i: number, url: string, value: string, lookup?: Lookup) => Target;

/**
 * A run whose only template is its URL shares one list of fields and one body.
 *
 * @param make makes a target of a URL, checked as far as it has to be
 */
export function createTargetFactory(
  make: typeof trustedTarget,
  defaults: RequestDefaults,
): TargetMaker {
  if (defaults.templates === undefined) return (i, url) => make(i, url, defaults);
  return (i, url, value, lookup = () => value) => {
    const of = fill(defaults, lookup);
    return typeof of === "string" ? invalidTarget(i, url, of, defaults) : make(i, url, of);
  };
}

/** Finds the one value of a request without fields: that of `{}`. */
export function toLookup(value: string): Lookup {
  return (name) => name === "" ? value : undefined;
}
