import { assertEquals, assertStringIncludes } from "@std/assert";
import { refuseUnsafe } from "../../lib/cluster/refuse_unsafe.ts";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { openMaker } from "../../lib/source/make_target.ts";
import { addIds } from "../../lib/source/request_id.ts";

/** Why each record is not sent, with the flags of a run. */
async function listInvalid(flags: readonly string[], records: readonly object[]) {
  const argv = ["-i", "in.jsonl", ...flags];
  const options = await parseRun(argv, "1") as RunOptions;
  const make = refuseUnsafe(
    await openMaker({ ...options, seed: "", template: options.url }, []),
    options,
  );
  const withIds = options.requestId === undefined
    ? make
    : addIds(make, { name: options.requestId, random: "0".repeat(32) });
  return records.map((record, i) =>
    withIds({ i, record: JSON.stringify({ url: "http://h/", ...record }), line: i + 1, input: 0 })
      .invalid
  );
}

const RECORDS = [
  { method: "GET" },
  { method: "post" },
  { method: "PATCH", body: "x" },
  { method: "PUT", body: "x" },
  { method: "PURGE" },
  { method: "POST", headers: { "idempotency-key": "a" } },
];

Deno.test("refuseUnsafe() keeps records with methods that are not idempotent from being sent", async () => {
  const invalid = await listInvalid([], RECORDS);
  assertEquals(invalid.map((why) => why !== undefined), [false, true, true, false, true, false]);
  assertStringIncludes(invalid[1]!, "line 2: POST is not idempotent");
  assertStringIncludes(invalid[2]!, "add --retry-unsafe, or --request-id=Idempotency-Key");
});

Deno.test("refuseUnsafe() sends all records with consent, or with a key", async () => {
  for (
    const flags of [
      ["--retries", "1", "--retry-unsafe"],
      ["--request-id=Idempotency-Key"],
      ["-H", "Idempotency-Key: {url}"],
    ]
  ) assertEquals((await listInvalid(flags, RECORDS)).filter((why) => why !== undefined), []);
});
