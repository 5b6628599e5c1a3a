import { assert, assertEquals } from "@std/assert";
import { formatFrame } from "../../../lib/progress/live/frame.ts";
import { measureWidth } from "../../../lib/text/width.ts";
import { sceneOf } from "../../fixtures/live_scene.ts";
import { workerFigures } from "../../fixtures/workers.ts";

const PLAIN = { color: false };

const WORKERS = [
  workerFigures("fast", { rate: 900 }),
  workerFigures("slow", { rate: 12.3, loopBusy: 0.97 }),
  workerFigures("quiet", { state: "silent", rate: 0 }),
  workerFigures("old", { state: "gone", rate: 0 }),
];

const frameOf = (columns: number, rows: number, workers = WORKERS): string[] =>
  formatFrame(
    sceneOf({ workers, workersBusy: workers.map(({ loopBusy }) => loopBusy) }),
    { columns, rows },
    PLAIN,
  );

Deno.test("the live view has the workers, the silent and the slowest first", () => {
  const lines = frameOf(120, 60);
  const at = lines.findIndex((line) => line.startsWith("workers"));
  assertEquals(lines.slice(at, at + 5), [
    "workers    3 workers, 1 silent",
    "           quiet                silent",
    "           slow                 12.3/s     100 in flight       97.0 % busy   90.0 MB",
    "           fast                  900/s     100 in flight       50.0 % busy   90.0 MB",
    "",
  ]);
  assert(lines.some((line) => line.startsWith("bottleneck worker slow: event loop 97 % busy")));
  assert(lines.at(-1)!.includes("main 42 %, workers 50–97 % busy"), lines.at(-1));
});

Deno.test("the live view says that no worker is there", () => {
  assert(frameOf(80, 24, []).includes("workers    no worker"));
});

Deno.test("the live view gives the workers' own lines up first if there are few", () => {
  const many = Array.from({ length: 200 }, (_, k) => workerFigures(`worker-${k}`, { rate: k }));
  for (let rows = 3; rows < 70; rows++) {
    for (const columns of [20, 45, 80, 200]) {
      const lines = frameOf(columns, rows, many);
      assert(lines.length < rows);
      for (const line of lines) assert(measureWidth(line) < columns, line);
      const own = lines.filter((line) => line.trim().startsWith("worker-")).length;
      assert(own <= 8, `${own}`);
      if (rows > 12) assert(lines.some((line) => line.includes("200 workers")), lines.join("\n"));
    }
  }
});
