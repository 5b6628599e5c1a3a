import { assert, assertEquals, assertMatch } from "@std/assert";
import { formatMetrics } from "../../lib/metrics/exposition.ts";
import { FlowTally } from "../../lib/stats/flow_tally.ts";
import { Histogram } from "../../lib/stats/histogram.ts";
import { Stats } from "../../lib/stats/stats.ts";
import { Exposition } from "../fixtures/exposition.ts";
import { folder } from "../fixtures/folder.ts";
import { isOnPath } from "../fixtures/installed.ts";
import { moment } from "../fixtures/moment.ts";
import { run } from "../fixtures/program.ts";
import { workerFigures } from "../fixtures/workers.ts";

interface Panel {
  id: number;
  type: string;
  title: string;
  gridPos: { x: number; y: number; w: number; h: number };
  datasource?: { type: string; uid: string };
  targets?: { expr: string; refId: string; datasource: { type: string; uid: string } }[];
  fieldConfig?: { defaults: { unit: string }; overrides: unknown[] };
  options?: unknown;
}

interface Dashboard {
  id: null;
  uid: string;
  title: string;
  schemaVersion: number;
  panels: Panel[];
  templating: { list: { name: string; type: string; query: string | { query: string } }[] };
  time: { from: string; to: string };
}

const DASHBOARD: Dashboard = JSON.parse(
  await Deno.readTextFile(new URL("../../docs/grafana.json", import.meta.url)),
);
const EXPRESSIONS = DASHBOARD.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

/** Everything that the exporter can say. */
function everything(): Exposition {
  const figures = new Stats().snapshot(moment({ targetRate: 10, total: 10 }));
  const snapshot = {
    ...figures,
    histogram: new Histogram(),
    ownLateHistogram: new Histogram(),
    phases: { ttfb: new Histogram() },
    statuses: { 200: 1 },
    retries: { 503: 1 },
    thresholds: [{ threshold: "p99<1s", value: 1, bound: 2, unit: "s", holds: true } as const],
    aborted: undefined,
    workers: [workerFigures("w")],
    flow: new FlowTally().figures(),
  };
  return new Exposition(formatMetrics(snapshot, { version: "1", startMs: 0 }));
}

/** Of each name that may stand in an expression, its labels; `instance` is Prometheus' own. */
function names(): Map<string, Set<string>> {
  const labels = new Map<string, Set<string>>();
  for (const { samples } of everything().families.values()) {
    for (const sample of samples) {
      const known = labels.get(sample.name) ?? new Set(["instance"]);
      Object.keys(sample.labels).forEach((label) => known.add(label));
      labels.set(sample.name, known);
    }
  }
  return labels;
}

Deno.test("docs/grafana.json uses only metrics that --metrics exposes", () => {
  const known = names();
  for (const expr of EXPRESSIONS) {
    const used = expr.matchAll(/([a-zA-Z_]\w*)\{([^}]*)\}/g).toArray();
    assert(used.length > 0, expr);
    for (const [, name, selector] of used) {
      assert(known.has(name), `${name} in ${expr}`);
      for (const [, label] of selector.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)) {
        assert(known.get(name)!.has(label), `${label} of ${name}`);
      }
    }
    // Without a selector a name would be one of any run.
    const bare = expr.replace(/\{[^}]*\}/g, "{}").match(/myriad_\w+(?!\w)(?!\{)/g);
    assertEquals(bare, null, expr);
    for (const [, list] of expr.matchAll(/\bby \(([^)]*)\)/g)) {
      for (const label of list.split(/, */)) {
        assert(used.some(([, name]) => known.get(name)!.has(label)), `${label} in ${expr}`);
      }
    }
  }
  for (const { query } of DASHBOARD.templating.list) {
    const name = /label_values\((\w+),/.exec(typeof query === "string" ? query : query.query)?.[1];
    if (name !== undefined) assert(known.has(name), name);
  }
});

Deno.test("docs/grafana.json shows every metric that --metrics exposes", () => {
  const all = EXPRESSIONS.join("\n");
  const missing = [...everything().families.keys()].filter((name) => !all.includes(name));
  assertEquals(missing, []);
});

Deno.test("docs/grafana.json is a dashboard whose panels do not overlap", () => {
  assertEquals(DASHBOARD.id, null);
  assertMatch(DASHBOARD.uid, /^[\w-]{8,40}$/);
  assert(DASHBOARD.schemaVersion >= 36 && DASHBOARD.title !== "" && DASHBOARD.time.from !== "");
  const ids = DASHBOARD.panels.map(({ id }) => id);
  assertEquals(new Set(ids).size, ids.length);
  const cells = new Set<string>();
  for (
    const { type, title, gridPos: { x, y, w, h }, targets, fieldConfig, ...panel } of DASHBOARD
      .panels
  ) {
    assertMatch(type, /^(row|stat|timeseries|heatmap|table)$/);
    assert(title !== "" && x >= 0 && x + w <= 24, title);
    for (let row = y; row < y + h; row++) {
      for (let column = x; column < x + w; column++) {
        assert(!cells.has(`${row} ${column}`), `${title} lies over another`);
        cells.add(`${row} ${column}`);
      }
    }
    if (type === "row") continue;
    assertEquals(panel.datasource, { type: "prometheus", uid: "${datasource}" });
    assert(fieldConfig!.defaults.unit !== "" && panel.options !== undefined, title);
    assertEquals(new Set(targets!.map(({ refId }) => refId)).size, targets!.length);
  }
});

const WITHOUT_PROMTOOL = { ignore: !isOnPath("promtool") };

Deno.test("promtool accepts the expressions of docs/grafana.json", WITHOUT_PROMTOOL, async () => {
  const rules = EXPRESSIONS.map((expr, k) => ({
    record: `expression:${k}`,
    expr: expr.replaceAll("$__rate_interval", "1m").replaceAll("$instance", ".*"),
  }));
  await using dir = await folder();
  // JSON is YAML as well.
  const groups = [{ name: "dashboard", rules }];
  const file = await dir.write("rules.yml", JSON.stringify({ groups }));
  const { code, stderr } = await run(["promtool", "check", "rules", file]);
  assertEquals([code, stderr], [0, ""]);
});

Deno.test("docs/monitoring.md lists exactly the exposed metrics", async () => {
  const text = await Deno.readTextFile(new URL("../../docs/monitoring.md", import.meta.url));
  const listed = [...text.matchAll(/^\| `(myriad_\w+)` /gm)].map(([, name]) => name);
  assertEquals(listed.sort(), [...everything().families.keys()].sort());
});
