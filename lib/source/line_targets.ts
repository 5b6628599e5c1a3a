/**
 * Targets of lines, each of which is a URL, or what `{}` stands for in one.
 *
 * @module
 */
import type { RecordContext, RecordTargets } from "./input_format.ts";
import type { LineReader, Lines } from "./lines.ts";
import { checkedTarget, filledTarget } from "./target.ts";
import { createTargetFactory } from "./target_factory.ts";

/** Each line is a record. */
export function readRecords(lines: LineReader): Lines {
  return lines;
}

/** How targets are made of lines. */
export function openRecords({ template, defaults }: RecordContext): RecordTargets {
  const make = createTargetFactory(
    template?.isOriginFixed ? filledTarget : checkedTarget,
    defaults,
  );
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
      ? (i, line) => checkedTarget(i, line, defaults)
      : (i, line) => make(i, line, line.trim()),
    defaults,
  };
}
