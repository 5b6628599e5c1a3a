import { RecordExpectations } from "../check/record_expectations.ts";
import { ENGINES } from "../engine/engines.ts";
import type { RunOptions } from "../options/run_options.ts";
import { mergeHeaders } from "../source/jsonl_targets.ts";
import type { ClientOptions } from "./options.ts";
import { PURPOSES, readFlags } from "./read_flags.ts";

/**
 * Reads the options of a client.
 *
 * @throws {RangeError} If one of them is unknown, contradicts another, or has a wrong value.
 */
export async function readOptions(options: ClientOptions): Promise<RunOptions> {
  const { headers: given = {}, expect: expected = {}, ...flags } = options;
  if (typeof Deno === "undefined") checkInNode(options);
  const run = await readFlags(flags, "Client");
  const headers = mergeHeaders(given, run);
  const expect = new RecordExpectations().parse(expected);
  if (typeof headers === "string") return fail(headers);
  if (typeof expect === "string") return fail(expect);
  return {
    ...run,
    headers,
    expect,
    retry: { ...run.retry, expected: expect.statuses },
  };
}

/** @throws {RangeError} If an option needs what Node does not have. */
function checkInNode({ engine, compressed, cacert, cert, key }: ClientOptions): void {
  if (compressed) fail("'compressed' needs Deno");
  if ((cacert ?? cert ?? key) !== undefined) fail("files of certificates need Deno");
  // An engine without a choice of transports is the runtime's own.
  if (engine !== undefined && ENGINES[engine]?.lacks.includes("transports")) {
    fail(`'engine ${engine}' needs Deno`);
  }
}

function fail(why: string): never {
  throw new RangeError(`Cannot ${PURPOSES.Client}: ${why}`);
}
