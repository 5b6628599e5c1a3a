/**
 * The flow that makes the requests of a run: a module of the user's.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { checkOrigin } from "../source/target.ts";
import type { ReadFile } from "./read_file.ts";
import type { RunFlag } from "./rows/flag.ts";
import type { FlowOptions, RunOptions } from "./run_options.ts";
import type { RunRow, RunValues } from "./table.ts";

/** The endings of a module, of TypeScript or JavaScript. */
const MODULE = /\.[cm]?[jt]s$/;

/** The module of the flow, if the command line names one where others have a URL. */
export function findFlow({ positionals: [first] }: RunValues): string | undefined {
  const isModule = first !== undefined && MODULE.test(first) && !first.includes("://");
  return isModule ? first : undefined;
}

/**
 * Reads which flow makes the requests.
 *
 * @param path of its module
 * @throws {UsageError} If it cannot be read, or does not go with the rest of the command line.
 */
export async function parseFlow(
  path: string,
  values: RunValues,
  readFile: ReadFile,
): Promise<FlowOptions> {
  const [, base, other] = values.positionals;
  if (other !== undefined) {
    throw new UsageError(
      `Cannot use '${other}' behind a flow and its URL: leave it out`,
    );
  }
  for (const { name, notWithFlow } of values.flags as readonly (RunRow & RunFlag)[]) {
    if (notWithFlow === undefined || !values.isOn(name)) continue;
    throw new UsageError(`Cannot use '--${name}' with a flow: ${notWithFlow}: leave it out`);
  }
  if (values.get("threads") > 1) {
    throw new UsageError(
      "Cannot use '--threads' with a flow: its iterations share one event loop: " +
        "use --shard 0/2, 1/2, … with a process each",
    );
  }
  if (base !== undefined) checkOrigin(base, []);
  const bytes = await readFile(path, path);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  return { path, base, hash };
}

/**
 * Refuses flags of a flow where no flow is given, and templates where one is.
 *
 * @throws {UsageError} If there are some.
 */
export function checkFlow(values: RunValues, options: RunOptions): void {
  const { flow, templates, thresholds } = options;
  const ofStep = thresholds.find(({ step }) => step !== undefined);
  if (flow === undefined && ofStep !== undefined) {
    throw new UsageError(
      `'--threshold ${ofStep.text}' needs a flow: use 'myriad run FLOW.ts', or leave ` +
        `'@${ofStep.step}' out`,
    );
  }
  if (flow === undefined && values.has("iteration-timeout")) {
    throw new UsageError(
      "'--iteration-timeout' needs a flow: use 'myriad run FLOW.ts', or leave it out",
    );
  }
  const [field] = templates?.headers.keys() ?? [];
  if (flow === undefined || field === undefined) return;
  throw new UsageError(
    `Cannot use a template in '${field[0]}' with a flow: set the field in the flow`,
  );
}
