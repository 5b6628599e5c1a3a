import { fileURLToPath, pathToFileURL } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { UsageError } from "../errors.ts";
import { isGranted } from "../process/permission.ts";
import { formatAllow } from "../text/format_allow.ts";
import type { Flow } from "./flow_client.ts";

/** A flow, and where its module is. */
export interface LoadedFlow {
  readonly run: Flow;
  /** The path as the user wrote it. */
  readonly path: string;
  /** The URL of the module, as stack traces have it. */
  readonly url: string;
}

/** Where an error of a module that is loaded is, in its stack; what awaits the module is left out. */
const PLACE = /^ +at (?!async )(?:.* \()?(file:.+?):(\d+:\d+)\)?$/m;

/**
 * Loads the module of a flow.
 *
 * @throws {UsageError} If it cannot be loaded, or does not export a function by default.
 */
export async function loadFlow(path: string): Promise<LoadedFlow> {
  const url = pathToFileURL(path).href;
  if (!isGranted({ name: "read", path })) {
    throw new UsageError(
      `Cannot load the flow '${path}': no permission: run with ${formatAllow("read", path)}`,
    );
  }
  let module: { default?: unknown };
  try {
    module = await import(url);
  } catch (error) {
    const { message, stack = "" } = error instanceof Error
      ? error
      : { message: describeThrown(error, { path, url }) };
    // Behind the first line of a syntax error stands the code itself.
    const [why] = message.split("\n");
    const [, file, place] = PLACE.exec(stripVTControlCharacters(stack)) ?? [];
    const where = place && ` (${file === url ? path : fileURLToPath(file)}:${place})`;
    throw new UsageError(
      `Cannot load the flow '${path}': ${why.replace(/[.:]$/, "")}${where ?? ""}: mend it`,
    );
  }
  if (typeof module.default !== "function") {
    throw new UsageError(
      `Cannot run the flow '${path}': it exports no function by default: ` +
        "write 'export default async (i, client) => { … }'",
    );
  }
  return { run: module.default as Flow, path, url };
}

/** Why a flow has thrown, in words, with the place in its module where that is known. */
export function describeThrown(
  reason: unknown,
  flow: Pick<LoadedFlow, "path" | "url">,
): string {
  try {
    return reason instanceof Error ? describeError(reason, flow) : String(reason);
  } catch {
    return "a value that cannot be shown";
  }
}

function describeError(
  { name, message, stack = "" }: Error,
  { path, url }: Pick<LoadedFlow, "path" | "url">,
): string {
  const from = stack.indexOf(`${url}:`);
  const [, place] = from < 0 ? [] : /^:(\d+:\d+)/.exec(stack.slice(from + url.length)) ?? [];
  return `${name}: ${message}${place === undefined ? "" : ` (${path}:${place})`}`;
}
