import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { SliceEncoderPool } from "../../lib/cluster/slice_encoder_pool.ts";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { FAILED, TARGET } from "../fixtures/hostile_result.ts";

const open = async (...flags: string[]): Promise<SliceEncoderPool> =>
  new SliceEncoderPool(await parseRun([...flags, "-n", "1", "http://h/"], "1") as RunOptions);

Deno.test("SliceEncoderPool gives encoders of the outputs that the run has, and again those given back", async () => {
  const pool = await open("-o", "out.ndjson");
  const first = await pool.take();
  const second = await pool.take();
  assert(first !== second && first.records !== undefined);
  assertEquals(first.failures, undefined);
  pool.giveBack(first);
  assertStrictEquals(await pool.take(), first);
});

Deno.test("SliceEncoderPool tells once, for all encoders, that credentials are left out", async () => {
  const pool = await open("--failures", "failures.jsonl");
  let count = 0;
  pool.onWithheld = () => count++;
  const result = {
    ...FAILED,
    target: { ...TARGET, headers: [["Authorization", "key 1"]] as const },
  };
  for (const { failures } of [await pool.take(), await pool.take()]) failures!.add(result);
  assertEquals(count, 1);
});
