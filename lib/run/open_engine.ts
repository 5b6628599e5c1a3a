import type { ResponseCheck } from "../check/response_check.ts";
import { asksForCoding } from "../http/fields.ts";
import type { BodyDecoding } from "../engine/decoding.ts";
import type { Engine } from "../engine/engine.ts";
import { ENGINES } from "../engine/engines.ts";
import type { EngineOptions, EngineSettings } from "../engine/options.ts";
import { UsageError } from "../errors.ts";
import type { Form } from "../form/form.ts";
import type { RunOptions } from "../options/run_options.ts";
import { INPUT_FORMATS } from "../source/formats.ts";
import { BodyReadError } from "../target.ts";

/** The options of a run that its engine and the check of its responses depend on. */
export type EngineChoice =
  & EngineSettings
  & Pick<
    RunOptions,
    | "engine"
    | "concurrency"
    | "form"
    | "headers"
    | "raw"
    | "output"
    | "inputs"
    | "expect"
    | "captures"
    | "verbose"
    | "variables"
  >
  & {
    /** Whether requests have fields and expectations of their own. @default as the inputs have */
    readonly hasOwnRequests?: boolean;
  };

/** What an engine of a run needs that its options do not have. */
export interface EngineHooks extends
  Pick<
    EngineOptions,
    "permits" | "cookies" | "bodyFor" | "exchanges" | "onSinkFailure" | "budget"
  > {
  /** What all event loops of the run need in common to show requests. @default it is the only one */
  readonly transcripts?: SharedArrayBuffer | undefined;
}

/**
 * Opens an engine for a run, and the check of its responses; undefined if nothing is expected or
 * captured.
 *
 * @throws {UsageError} If the engine cannot be used.
 */
export async function openEngine(
  options: EngineChoice,
  { transcripts, ...hooks }: EngineHooks,
): Promise<{ engine: Engine; check: ResponseCheck | undefined }> {
  const check = await openCheck(options);
  if (options.form !== undefined) openFiles(options.form);
  const engine = await ENGINES[options.engine].open({
    ...options,
    ...hooks,
    contentType: options.output?.fields?.includes("content_type") ?? false,
    onHead: check?.onHead,
    decoding: await openDecoding(options, check?.inspectsBodies || hooks.bodyFor !== undefined),
    trace: await openTrace(options, transcripts),
  });
  return { engine, check };
}

/** Opens the files of a form while there are file descriptors: connections may take all of them. */
function openFiles({ files }: Form): void {
  for (const file of files) {
    try {
      file.open();
    } catch (error) {
      if (!(error instanceof BodyReadError)) throw error;
      throw new UsageError(`Cannot send '--form …=@${file.path}': ${error.reason}`);
    }
  }
}

/** Only for runs that can have something to decode: others do not ask for a coding. */
async function openDecoding(
  { headers, raw, inputs, hasOwnRequests }: EngineChoice,
  looksAtBodies: boolean,
): Promise<BodyDecoding | undefined> {
  const hasOwnHeaders = hasOwnRequests ??
    inputs.some(({ format }) => INPUT_FORMATS[format].hasOwnRequests);
  const isAsking = asksForCoding(headers);
  if (raw || !(looksAtBodies || hasOwnHeaders || isAsking)) return undefined;
  const { BodyDecoding } = await import("../engine/decoding.ts");
  const decoding = new BodyDecoding();
  if (isAsking) decoding.prepare();
  return decoding;
}

async function openTrace(
  { verbose, variables }: EngineChoice,
  memory: SharedArrayBuffer | undefined,
): Promise<EngineOptions["trace"]> {
  if (verbose === undefined) return undefined;
  const [{ Channel, createChannelMemory }, { Transcripts }] = await Promise.all([
    import("../transcript/channel.ts"),
    import("../transcript/transcripts.ts"),
  ]);
  return new Transcripts(verbose, new Channel(memory ?? createChannelMemory()), variables);
}

async function openCheck(
  { expect, captures, inputs, hasOwnRequests }: EngineChoice,
): Promise<ResponseCheck | undefined> {
  const hasTargetExpectations = hasOwnRequests ??
    inputs.some(({ format }) => INPUT_FORMATS[format].hasOwnExpectations);
  const isChecked = hasTargetExpectations || captures.length > 0 ||
    Object.values(expect).some((it) => it !== undefined);
  if (!isChecked) return undefined;
  const { ResponseCheck } = await import("../check/response_check.ts");
  return new ResponseCheck({ expect, captures, hasTargetExpectations });
}
