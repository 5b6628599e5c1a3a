import { UsageError } from "../errors.ts";
import { listNames, openMaker, parseUrlTemplate } from "./make_target.ts";
import { NumberItems } from "./numbering.ts";
import { refuseFields, refuseNames } from "./placeholders.ts";
import type { SourceOptions, TargetSource } from "./target_source.ts";
import { drawsValue } from "./template_functions.ts";

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
