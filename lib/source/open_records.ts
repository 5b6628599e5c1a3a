/**
 * Opens the source of a run with inputs. It is loaded only then.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { INPUT_FORMATS } from "./formats.ts";
import { nameInputs } from "./input_names.ts";
import { InputRecords, type InputToRead } from "./input_records.ts";
import { createSkip, type Line } from "./lines.ts";
import { listNames, type NamedInput, openMaker, parseUrlTemplate } from "./make_target.ts";
import type { OrderOptions } from "./order.ts";
import { refuseFields, refuseNames } from "./placeholders.ts";
import { RecordItems } from "./record_items.ts";
import type { Records } from "./records.ts";
import type { RequestDefaults } from "./request_defaults.ts";
import { Rounds } from "./rounds.ts";
import type { SourceOptions, TargetSource } from "./target_source.ts";
import { drawsValue } from "./template_functions.ts";
import type { UrlTemplate } from "./url_template.ts";

/** What the records of an input are put into. */
interface Request {
  readonly template: UrlTemplate | undefined;
  readonly defaults: RequestDefaults;
}

/**
 * Opens the source of targets that are made of the records of inputs.
 *
 * @throws {UsageError} If the template or an input is wrong, or one does not fit the other.
 */
export async function openRecordSource(options: SourceOptions): Promise<TargetSource> {
  const { inputs } = options;
  const isSkipped = createSkip(options.comments ?? false);
  const toRead = [];
  let isDrawn = false;
  for (const input of inputs) {
    const request = parseUrlTemplate(options, input.format);
    checkFit(input, request);
    isDrawn ||= listNames(request.template, request.defaults).some(drawsValue);
    toRead.push({
      path: input.path,
      reader: await INPUT_FORMATS[input.format].load(),
      context: { ...request, isSkipped },
    });
  }
  const { items, columns } = await openInputs(toRead, isSkipped, options);
  return {
    items,
    make: await openMaker(options, columns),
    columns,
    seed: options.seed,
    isDrawn,
    hasOneHost: toRead.every(({ context: { template } }, k) =>
      template?.isOriginFixed === true &&
      // A record's own URL can lead to another host.
      (!INPUT_FORMATS[inputs[k].format].resolvesUrls || template.names.length > 0)
    ),
  };
}

/** @throws {UsageError} If the templates do not fit the records of an input. */
function checkFit({ path, format }: NamedInput, { template, defaults }: Request): void {
  const { unit, hasFields, resolvesUrls } = INPUT_FORMATS[format];
  if (!hasFields) {
    refuseNames(defaults, () => false, `a ${unit} has no fields, only {} for the ${unit}`);
  }
  if (template === undefined || resolvesUrls) return;
  if (!hasFields) {
    refuseFields(template, `a ${unit} has no fields: use {} for the ${unit}, or --input-format`);
  }
  if (template.names.length > 0 || defaults.templates !== undefined) return;
  const place = hasFields ? "no {name} of a column" : "no {}";
  throw new UsageError(
    `Cannot use the ${unit}s of '${
      nameInputs([{ path }])
    }': the URL has ${place} for them: add it there, to a header or to the body, or leave the URL out`,
  );
}

async function sample(
  records: Records,
  { share = 1, seed }: OrderOptions,
  isSkipped: (line: Line) => boolean,
): Promise<Records> {
  const [{ SampledRecords }, { Sample }] = await Promise.all([
    import("./sampled_records.ts"),
    import("./sample.ts"),
  ]);
  return new SampledRecords(records, new Sample(share, seed), isSkipped);
}

async function openInputs(
  toRead: readonly InputToRead[],
  isSkipped: (line: Line) => boolean,
  options: SourceOptions,
): Promise<Pick<TargetSource, "items" | "columns">> {
  const { loop = false, onlyLf, comments = false, inputs, order } = options;
  const name = nameInputs(inputs);
  if (order?.isShuffled) {
    const { ShuffledItems } = await import("./shuffled_items.ts");
    const shuffled = { onlyLf, comments, isSkipped, name, numbers: options, order, loop };
    return await ShuffledItems.open(toRead, shuffled);
  }
  const { records: all, columns } = await InputRecords.open(toRead, { onlyLf, comments });
  const once = loop ? all.unrepeatable : undefined;
  if (once !== undefined) {
    all.return();
    throw new UsageError(
      `Cannot use '--loop' with '${
        nameInputs([{ path: once }])
      }': a pipe or device is read once: put it in a file`,
    );
  }
  const records = order?.share === undefined ? all : await sample(all, order, isSkipped);
  const items = new RecordItems(loop ? new Rounds(records) : records, {
    name,
    numbers: options,
    isSkipped,
  });
  return { items, columns };
}
