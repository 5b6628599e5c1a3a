/**
 * Targets of lines, each of which is a URL, or what `{}` stands for in one.
 *
 * @module
 */
import type { Input } from "./input.ts";
import type { ReadOptions, RecordContext, RecordTargets } from "./input_format.ts";
import { type InputLines, LineReader } from "./lines.ts";
import { filledTarget } from "./target.ts";
import { createTargetFactory, toLookup } from "./target_factory.ts";

/** Each line is a record. */
export function readRecords(
  input: Pick<Input, "read" | "close">,
  options: ReadOptions,
): InputLines {
  return new LineReader(input, options);
}

/** How targets are made of lines. */
export function openRecords(
  { template, defaults, functions, check }: RecordContext,
): RecordTargets {
  const make = createTargetFactory(
    template?.isOriginFixed ? filledTarget : check,
    defaults,
  );
  if (functions !== undefined) {
    return {
      make: (i, line) => {
        const value = line.trim();
        const lookup = functions.at(i, toLookup(value));
        const url = template === undefined ? line : template.fill(lookup);
        return make(i, url, value, lookup);
      },
      defaults,
    };
  }
  if (template !== undefined) {
    return {
      make: (i, line) => {
        const value = line.trim();
        return make(i, template.expandOne(value), value);
      },
      defaults,
    };
  }
  return {
    make: defaults.templates === undefined
      ? (i, line) => check(i, line, defaults)
      : (i, line) => make(i, line, line.trim()),
    defaults,
  };
}
