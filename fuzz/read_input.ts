import { InputError, UsageError } from "../lib/errors.ts";
import { INPUT_FORMATS, type InputFormatName } from "../lib/source/formats.ts";
import { createSkip, type Line, OverlongLine } from "../lib/source/lines.ts";
import { openMaker, parseUrlTemplate } from "../lib/source/make_target.ts";
import { openPieces, readInPiecesLater } from "./pieces.ts";
import { attemptLater, hold, toText } from "./target.ts";

/** What of an input became of its records. */
export interface ReadInput {
  readonly records: readonly string[];
  /** The URL of each target, or why there is none. */
  readonly targets: readonly string[];
  readonly columns: readonly string[];
  /** How many lines were read. */
  readonly lines: number;
}

/** Reads an input in pieces, and makes targets of its records. */
export async function readInput(
  input: Uint8Array,
  format: InputFormatName,
  { template, comments = false }: { readonly template?: string; readonly comments?: boolean } = {},
): Promise<{ readonly value: ReadInput } | { readonly error: string }> {
  const reader = await INPUT_FORMATS[format].load();
  const options = {
    template,
    inputs: [{ path: "input", format }],
    seed: "",
    method: "GET",
    headers: [],
    body: undefined,
  };
  return await readInPiecesLater(input, (pieces) =>
    attemptLater(
      async () => {
        const source = openPieces(pieces);
        const records = reader.readRecords(source, { name: "input", comments });
        const isSkipped = createSkip(comments);
        const context = { path: "input", isSkipped, ...parseUrlTemplate(options, format) };
        const columns = await reader.readColumns?.(records, context) ?? [];
        const make = await openMaker(options, [columns]);
        const read: { record: string; target: string }[] = [];
        for (let step; !(step = await records.next()).done;) {
          const record: Line = step.value;
          if (isSkipped(record)) continue;
          const target = make({ i: read.length, record, line: records.line, input: 0 });
          hold(
            target.invalid !== undefined || URL.canParse(target.url),
            "it requests what is no URL",
          );
          read.push({
            record: record instanceof OverlongLine ? `overlong: ${record.start}` : record,
            target: JSON.stringify({
              ...target,
              body: target.body instanceof Uint8Array ? toText(target.body) : undefined,
            }),
          });
        }
        return {
          records: read.map(({ record }) => record),
          targets: read.map(({ target }) => target),
          columns,
          lines: records.lineCount,
        };
      },
      InputError,
      UsageError,
    ));
}
