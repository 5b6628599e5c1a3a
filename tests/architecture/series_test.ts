import { assertEquals } from "@std/assert";
import { PLOTS } from "../../lib/report/page/plots.ts";
import { COLUMN_KEYS, columnAt } from "../../lib/series/columns.ts";

const LIB = new URL("../../lib/", import.meta.url);

// A new plot over time is a row of lib/series/columns.ts and one of lib/report/page/plots.ts; where
// nothing counted its values yet, also the file that does.

/** The files that work on all columns, and the columns that each names with a reason. */
const FILES: Readonly<Record<string, readonly string[]>> = {
  "report/page/plots.js": [],
  "report/page/script.ts": [],
  "run/run_page.ts": [],
  "series/interval.ts": [],
  // All that records tell.
  "series/record_series.ts": ["failed", "inFlight", "rate"],
  "series/recorder.ts": [],
  "series/sampler.ts": [],
  "series/series.ts": [],
};

Deno.test("the files that make and draw a series name no column without a reason", async () => {
  for (const [file, expected] of Object.entries(FILES)) {
    const text = await Deno.readTextFile(new URL(file, LIB));
    const names = [...text.matchAll(/\b(?:columns|named|series|snapshot|values)\.(\w+)|"(\w+)"/gi)]
      .map(([, member, quoted]) => member ?? quoted);
    const used = COLUMN_KEYS.filter((key) => names.includes(key)).sort();
    assertEquals(used.filter((key) => !expected.includes(key)), [], file);
  }
});

Deno.test("each plot that a column names is drawn, and each that is drawn has a column", () => {
  const named = COLUMN_KEYS.flatMap((key) => columnAt(key).plot ?? []);
  assertEquals([...new Set(named)].sort(), PLOTS.map(({ name }) => name).sort());
});

Deno.test("the columns of one plot have one unit, as they share an axis", () => {
  for (const { name } of PLOTS) {
    const columns = COLUMN_KEYS.map(columnAt).filter(({ plot }) => plot === name);
    assertEquals(new Set(columns.map(({ unit }) => unit)).size, 1, name);
  }
});
