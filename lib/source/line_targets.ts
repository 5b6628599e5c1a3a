/**
 * Targets of lines, each of which is a URL, or what `{}` stands for in one.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { beginsWarc } from "../warc/read_records.ts";
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
  return new LineReader(options.isPart ? input : refuseWarc(input, options.name), options);
}

/** Tells what a WARC file is before each of its lines becomes a request that fails. */
function refuseWarc(input: Pick<Input, "read" | "close">, name: string): typeof input {
  let isFirst = true;
  return {
    read: async () => {
      const block = await input.read();
      if (isFirst && block !== undefined && beginsWarc(block)) {
        throw new UsageError(
          `Cannot read '${name}': it is a WARC file: use '--input-format warc' for its URLs`,
        );
      }
      isFirst = false;
      return block;
    },
    close: () => input.close(),
  };
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
