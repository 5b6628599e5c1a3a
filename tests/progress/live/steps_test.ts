import { assertEquals } from "@std/assert";
import { formatFrame } from "../../../lib/progress/live/frame.ts";
import { measureWidth } from "../../../lib/text/width.ts";
import { flowFigures } from "../../fixtures/flow_figures.ts";
import { sceneOf } from "../../fixtures/live_scene.ts";
import { RAW } from "../../fixtures/report_snapshots.ts";

const PLAIN = { color: false };

Deno.test("the live view has the iterations and the steps of a flow", () => {
  const scene = sceneOf({ flow: flowFigures("log in"), seconds: 4 });
  const lines = formatFrame(scene, { columns: 90, rows: 40 }, PLAIN);
  const at = lines.findIndex((line) => line.startsWith("iterations"));
  assertEquals(lines.slice(at, at + 2).map((line) => line.replaceAll(/ +/g, " ").trim()), [
    "iterations 2, 0.50/s, 1 failed, 1 check did not hold",
    "log in 2 50.0 % failed mean 12.0 ms p95 12.0 ms",
  ]);
});

Deno.test("the live view keeps the steps of a flow in its cells, whatever their names", () => {
  const scene = sceneOf({ flow: flowFigures(`\x1b[2J\n${"漢".repeat(90)}`) });
  for (const columns of [10, 39, 80, 200]) {
    for (const line of formatFrame(scene, { columns, rows: 30 }, PLAIN)) {
      assertEquals([measureWidth(line) < columns, RAW.test(line)], [true, false], line);
    }
  }
});
