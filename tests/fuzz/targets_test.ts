import { assertEquals } from "@std/assert";
import { Campaign, type Finding } from "../../fuzz/campaign.ts";
import { TARGETS } from "../../fuzz/targets.ts";
import { toText } from "../../fuzz/target.ts";

// A look at each target, on short inputs: `deno task fuzz` is the campaign.

const INPUTS = 50;
const MAX_BYTES = 200;

for (const [name, target] of Object.entries(TARGETS)) {
  Deno.test(`fuzz target ${name} finds nothing in ${INPUTS} inputs`, async () => {
    const campaign = new Campaign({ ...target, maxBytes: MAX_BYTES }, { seed: 1 });
    const findings: Finding[] = [];
    while (campaign.runs < INPUTS && findings.length === 0) {
      const finding = await campaign.step();
      if (finding !== undefined) findings.push(finding);
    }
    assertEquals(findings.map(({ message, input }) => `${message}: ${toText(input)}`), []);
  });
}

Deno.test("each file of fuzz/targets/ is a row of the table", () => {
  const files = [...Deno.readDirSync(new URL("../../fuzz/targets/", import.meta.url))];
  assertEquals(
    files.map(({ name }) => name.replace(".ts", "")).sort(),
    Object.keys(TARGETS).sort(),
  );
});
