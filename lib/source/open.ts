import { UsageError } from "../errors.ts";
import { INPUT_FORMATS, type InputFormatName } from "./formats.ts";
import { Input } from "./input.ts";
import type { InputFormat } from "./input_format.ts";
import type { Items, MakeTarget } from "./item.ts";
import { LineReader, type Lines } from "./lines.ts";
import { openMaker, parseUrlTemplate, type TargetOptions } from "./make_target.ts";
import { NumberItems, type RequestRange } from "./numbering.ts";
import { refuseFields, refuseNames } from "./placeholders.ts";
import { RecordItems } from "./record_items.ts";
import type { RequestDefaults } from "./request_defaults.ts";
import { Rounds } from "./rounds.ts";
import type { UrlTemplate } from "./url_template.ts";

/** Options for {@linkcode openSource}. */
export interface SourceOptions extends RequestRange, TargetOptions {
  readonly input: { readonly path: string; readonly format: InputFormatName } | undefined;
  /** Whether the input starts over each time it has ended. @default {false} */
  readonly loop?: boolean | undefined;
  /** Whether only LF and CRLF end a line of it. @default {false} */
  readonly onlyLf?: boolean | undefined;
}

/** Where the targets of a run come from: items, and what makes a target of each. */
export interface TargetSource {
  readonly items: Items;
  readonly make: MakeTarget;
  /** What the header of the input has; empty without one. */
  readonly columns: readonly string[];
  /** The random part of the run: what is drawn for a request depends on it. */
  readonly seed: string;
  /** Whether all targets are known to be of one host. */
  readonly hasOneHost: boolean;
}

/**
 * Opens the source of a run's targets.
 *
 * @throws {UsageError} If the template or the input is wrong, or one does not fit the other.
 */
export async function openSource(options: SourceOptions): Promise<TargetSource> {
  const { input, seed } = options;
  const { template, defaults } = parseUrlTemplate(options);
  if (input === undefined) {
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
      seed,
      hasOneHost: template.isOriginFixed,
    };
  }
  const format = INPUT_FORMATS[input.format];
  const { unit, hasFields, resolvesUrls } = format;
  if (!hasFields) {
    refuseNames(defaults, () => false, `a ${unit} has no fields, only {} for the ${unit}`);
  }
  if (template !== undefined && !resolvesUrls) {
    if (!hasFields) {
      refuseFields(template, `a ${unit} has no fields: use {} for the ${unit}, or --input-format`);
    }
    if (template.names.length === 0 && defaults.templates === undefined) {
      const place = hasFields ? "no {name} of a column" : "no {}";
      throw new UsageError(
        `Cannot use the ${unit}s of '--input ${input.path}': the URL has ${place} for them: add it there, to a header or to the body, or leave the URL out`,
      );
    }
  }
  const { items, columns } = await openInput(input.path, format, { template, defaults }, options);
  return {
    items,
    make: await openMaker(options, columns),
    columns,
    seed,
    // A record's own URL can lead to another host.
    hasOneHost: template?.isOriginFixed === true && (!resolvesUrls || template.names.length > 0),
  };
}

async function openInput(
  path: string,
  format: InputFormat,
  request: { readonly template: UrlTemplate | undefined; readonly defaults: RequestDefaults },
  options: SourceOptions,
): Promise<Pick<TargetSource, "items" | "columns">> {
  const { loop = false, onlyLf } = options;
  const name = `--input ${path}`;
  const { readRecords, readColumns } = await format.load();
  const input = await Input.open(path);
  try {
    if (loop && !input.isRepeatable) {
      throw new UsageError(
        `Cannot use '--loop' with '${name}': a pipe or device is read once: put it in a file`,
      );
    }
    const begin = (): Lines => readRecords(new LineReader(input, { onlyLf }));
    const records = begin();
    const again = (): Lines => {
      input.rewind();
      return begin();
    };
    const columns = await readColumns?.(records, { path, ...request }) ?? [];
    const items = new RecordItems(loop ? new Rounds(records, again) : records, {
      input,
      name,
      hasHeader: format.hasHeader,
      numbers: options,
    });
    return { items, columns };
  } catch (error) {
    input.close();
    throw error;
  }
}
