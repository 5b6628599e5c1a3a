import { assert, assertEquals } from "@std/assert";
import { PathHash } from "../../../lib/commands/verify/path_hash.ts";

const encoder = new TextEncoder();

Deno.test("PathHash differs in all of its bits for different paths", () => {
  const hash = new PathHash();
  const seen = new Set<bigint>();
  const bits = new Float64Array(64);
  const COUNT = 200_000;
  for (let k = 0; k < COUNT; k++) {
    const bytes = encoder.encode(`x/a/${k}${"b".repeat(k % 5)}`);
    hash.update(bytes, 1, bytes.length);
    seen.add(BigInt(hash.low) << 32n | BigInt(hash.high));
    for (let bit = 0; bit < 32; bit++) {
      bits[bit] += hash.low >>> bit & 1;
      bits[32 + bit] += hash.high >>> bit & 1;
    }
  }
  assertEquals(seen.size, COUNT);
  // Nine standard deviations of a fair coin.
  for (const sum of bits) assert(Math.abs(sum - COUNT / 2) < 4.5 * Math.sqrt(COUNT), `${bits}`);
});
