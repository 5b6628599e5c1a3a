import { UsageError } from "../errors.ts";
import type { InputColumns, Items, MakeTarget } from "./item.ts";
import { listNames, openMaker, parseUrlTemplate, type TargetOptions } from "./make_target.ts";
import { NumberItems, type RequestRange } from "./numbering.ts";
import { refuseFields, refuseNames } from "./placeholders.ts";
import { drawsValue } from "./template_functions.ts";

/** Options for {@linkcode openSource}. */
export interface SourceOptions extends RequestRange, TargetOptions {
  /** Whether the inputs start over each time they have ended. @default {false} */
  readonly loop?: boolean | undefined;
  /** Whether only LF and CRLF end a line of it. @default {false} */
  readonly onlyLf?: boolean | undefined;
  /** Whether a line of them that begins with `#` is a comment. @default {false} */
  readonly comments?: boolean | undefined;
}

/** Where the targets of a run come from: items, and what makes a target of each. */
export interface TargetSource {
  readonly items: Items;
  readonly make: MakeTarget;
  readonly columns: InputColumns;
  /** The random part of the run: what is drawn for a request depends on it. */
  readonly seed: string;
  /** Whether templates draw values that are others in each run. */
  readonly isDrawn: boolean;
  /** Whether all targets are known to be of one host. */
  readonly hasOneHost: boolean;
}

/**
 * Opens the source of a run's targets.
 *
 * @throws {UsageError} If the template or an input is wrong, or one does not fit the other.
 */
export async function openSource(options: SourceOptions): Promise<TargetSource> {
  const { inputs } = options;
  if (inputs.length === 0) return await openNumbers(options);
  return await (await import("./open_records.ts")).openRecordSource(options);
}

async function openNumbers(options: SourceOptions): Promise<TargetSource> {
  const { template, defaults } = parseUrlTemplate(options, undefined);
  if (template === undefined) throw new UsageError("No URL is given: add one");
  refuseFields(template, "without --input there is no record: use {} for the number");
  refuseNames(
    defaults,
    () => false,
    "without --input there is no record, only {} for the number",
  );
  return {
    items: new NumberItems(options),
    make: await openMaker(options, []),
    columns: [],
    seed: options.seed,
    isDrawn: listNames(template, defaults).some(drawsValue),
    hasOneHost: template.isOriginFixed,
  };
}
