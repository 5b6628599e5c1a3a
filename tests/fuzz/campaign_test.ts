import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Campaign, type Finding } from "../../fuzz/campaign.ts";
import { install } from "../../fuzz/coverage.ts";
import { attempt, type FuzzTarget, hold, toText } from "../../fuzz/target.ts";

/** The maximum number of inputs of a test. */
const MAX_INPUTS = 100_000;

install();
const { coverageTracker } =
  (globalThis as unknown as { Fuzzer: { coverageTracker: { incrementCounter(k: number): void } } })
    .Fuzzer;

async function search(target: FuzzTarget): Promise<Finding> {
  const campaign = new Campaign(target, { seed: 1 });
  while (campaign.runs < MAX_INPUTS) {
    const finding = await campaign.step();
    if (finding !== undefined) return finding;
  }
  throw new Error(`Nothing was found in ${MAX_INPUTS} inputs`);
}

Deno.test("Campaign finds an input behind many branches, and makes it short", async () => {
  const magic = "MAGIC";
  const finding = await search({
    reads: "a magic word",
    seeds: ["something else"],
    tokens: [...magic],
    run(input) {
      const text = toText(input);
      for (let k = 0; k < magic.length; k++) {
        if (text[k] !== magic[k]) return `${k}`;
        coverageTracker.incrementCounter(k);
      }
      throw new TypeError("boom");
    },
  });
  assertEquals([finding.message, toText(finding.input)], ["TypeError: boom", magic]);
});

Deno.test("Campaign finds an input that takes more steps than its length allows", async () => {
  const finding = await search({
    reads: "something by the square of its length",
    seeds: ["a"],
    maxBytes: 1_000,
    maxSteps: (bytes) => 100 + 100 * bytes,
    run(input) {
      // What catches all errors hides that there were too many.
      attempt(() => {
        for (let k = 0; k < input.length ** 2; k++) coverageTracker.incrementCounter(0);
      }, Error);
      return "";
    },
  });
  assertStringIncludes(finding.message, "TooManySteps");
  assert(finding.input.length > 100 && finding.input.length < 110, `${finding.input.length}`);
});

Deno.test("Campaign finds that an input has another outcome after others", async () => {
  let count = 0;
  const finding = await search({ reads: "a counter", seeds: ["a"], run: () => `${count++}` });
  assertStringIncludes(finding.message, "the same input gives another outcome later");
});

Deno.test("Campaign reads the same inputs for the same seed", async () => {
  const read = async (seed: number): Promise<string[]> => {
    const inputs: string[] = [];
    const target: FuzzTarget = {
      reads: "anything",
      seeds: ["ab1", "cd2"],
      tokens: ["x"],
      run: (input) => {
        hold(input.length <= 50, "longer than an input may be");
        return `${inputs.push(toText(input))}`.slice(0, 0);
      },
      maxBytes: 50,
    };
    const campaign = new Campaign(target, { seed });
    while (campaign.runs < 200) await campaign.step();
    return inputs;
  };
  const inputs = await read(7);
  assertEquals(await read(7), inputs);
  assert(new Set(inputs).size > 100);
});
