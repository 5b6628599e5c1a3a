import { assert, assertEquals } from "@std/assert";

const ROOT = new URL("..", import.meta.url).href;

/** Who may import whom, types apart: nothing else. A folder stands for its files. */
const MAY: Record<string, string[]> = {
  "main.ts": [
    "deno.json",
    "server.ts",
    "lib/closest.ts",
    "lib/flags.ts",
    "lib/options.ts",
    "lib/escape.ts",
    "lib/report/",
    "lib/run.ts",
    "lib/schedule/",
    "lib/secrets.ts",
    "lib/sink/",
    "lib/compare/",
    "lib/review/",
    "lib/verify/",
  ],
  "server.ts": ["lib/endings.ts", "lib/flags.ts", "lib/os_error.ts", "lib/secrets.ts"],
  "lib/endings.ts": ["lib/flags.ts"],
  "lib/flags.ts": ["lib/closest.ts"],
  "lib/run.ts": ["lib/"],
  "lib/mod.ts": ["lib/as_completed.ts"],
  "lib/as_completed.ts": ["lib/pool.ts"],
  "lib/options.ts": ["lib/flags.ts", "lib/options/"],
  "lib/options/": [
    "lib/permission.ts",
    "lib/options/",
    "lib/check/",
    "lib/closest.ts",
    "lib/content_type.ts",
    "lib/endings.ts",
    "lib/flags.ts",
    "lib/http.ts",
    "lib/os_error.ts",
    "lib/secrets.ts",
    "lib/sink/record.ts",
    "lib/source/text_template.ts",
    "lib/thresholds.ts",
    "lib/types.ts",
  ],
  "lib/thresholds.ts": ["lib/flags.ts", "lib/types.ts"],
  "lib/stats.ts": ["lib/details/", "lib/histogram.ts", "lib/latency.ts", "lib/types.ts"],
  "lib/details/": [
    "lib/details/",
    "lib/own_text.ts",
    "lib/host.ts",
    "lib/secrets.ts",
  ],
  "lib/answers.ts": ["lib/check/", "lib/cookies/", "lib/sink/"],
  "lib/check/": [
    "lib/check/",
    "lib/escape.ts",
    "lib/exact_json.ts",
    "lib/flags.ts",
    "lib/http.ts",
    "lib/own_text.ts",
    "lib/secrets.ts",
  ],
  "lib/run_page.ts": ["lib/report/", "lib/series/", "lib/sink/"],
  "lib/series/": ["lib/series/", "lib/histogram.ts", "lib/types.ts"],
  "lib/descriptors.ts": ["lib/permission.ts"],
  "lib/cookies/": [
    "lib/cookies/",
    "lib/permission.ts",
    "lib/flags.ts",
    "lib/os_error.ts",
    "lib/sink/blocks.ts",
  ],
  "lib/outputs.ts": ["lib/checkpoint/", "lib/sink/", "lib/stats.ts"],
  "lib/checkpoint/": [
    "lib/permission.ts",
    "lib/check/statuses.ts",
    "lib/histogram.ts",
    "lib/checkpoint/",
    "lib/flags.ts",
    "lib/secrets.ts",
    "lib/sink/blocks.ts",
    "lib/source/",
    "lib/stats.ts",
  ],
  "lib/source/": [
    "lib/permission.ts",
    "lib/source/",
    "lib/check/of_record.ts",
    "lib/content_type.ts",
    "lib/exact_json.ts",
    "lib/flags.ts",
    "lib/http.ts",
    "lib/os_error.ts",
    "lib/secrets.ts",
  ],
  "lib/host.ts": ["lib/own_text.ts"],
  "lib/permission.ts": ["lib/host.ts"],
  "lib/schedule/": ["lib/schedule/", "lib/host.ts", "lib/http.ts", "lib/own_text.ts"],
  "lib/engine/": [
    "lib/engine/",
    "lib/host.ts",
    "lib/http.ts",
    "lib/permission.ts",
    "lib/secrets.ts",
  ],
  "lib/sink/": [
    "lib/permission.ts",
    "lib/sink/",
    "lib/check/of_record.ts",
    "lib/escape.ts",
    "lib/flags.ts",
    "lib/os_error.ts",
    "lib/secrets.ts",
  ],
  "lib/report/": ["lib/report/", "lib/escape.ts", "lib/secrets.ts", "lib/thresholds.ts"],
  "lib/compare/": [
    "lib/permission.ts",
    "lib/compare/",
    "lib/as_completed.ts",
    "lib/engine/http1.ts",
    "lib/escape.ts",
    "lib/flags.ts",
    "lib/os_error.ts",
    "lib/peak_memory.ts",
    "lib/plot/",
    "lib/pool.ts",
    "lib/report/format.ts",
    "server.ts",
  ],
  "lib/plot/": ["lib/plot/", "lib/escape.ts"],
  "lib/metrics/": ["lib/metrics/", "lib/flags.ts", "lib/os_error.ts", "lib/types.ts"],
  "lib/latency.ts": [],
  "lib/review/": [
    "lib/review/",
    "lib/details/",
    "lib/endings.ts",
    "lib/escape.ts",
    "lib/flags.ts",
    "lib/histogram.ts",
    "lib/latency.ts",
    "lib/permission.ts",
    "lib/report/",
    "lib/scan/",
    "lib/secrets.ts",
    "lib/series/",
    "lib/sink/whole_file.ts",
    "lib/source/",
    "lib/types.ts",
  ],
  "lib/scan/": ["lib/scan/", "lib/source/"],
  "lib/verify/": [
    "lib/scan/",
    "lib/verify/",
    "lib/escape.ts",
    "lib/flags.ts",
    "lib/http.ts",
    "lib/report/format.ts",
    "lib/source/",
  ],
};

interface Module {
  specifier: string;
  dependencies?: { code?: { specifier?: string } }[];
}

async function modules(): Promise<Module[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", new URL("main.ts", ROOT).pathname],
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).modules;
}

const nameOf = (specifier: string): string => specifier.replace(ROOT, "");

Deno.test("each file imports only what its layer may", async () => {
  const local = (await modules()).filter(({ specifier }) => specifier.startsWith(ROOT));
  assert(local.length > 25, `${local.length} modules`);
  const wrong: string[] = [];
  for (const { specifier, dependencies = [] } of local) {
    const name = nameOf(specifier);
    const rule = Object.keys(MAY).find((key) => key === name) ??
      Object.keys(MAY).find((key) => key.endsWith("/") && name.startsWith(key));
    const may = rule === undefined ? [] : MAY[rule];
    for (const { code } of dependencies) {
      if (code?.specifier === undefined || !code.specifier.startsWith(ROOT)) continue;
      const other = nameOf(code.specifier);
      if (!may.some((key) => key.endsWith("/") ? other.startsWith(key) : other === key)) {
        wrong.push(`${name} imports ${other}`);
      }
    }
  }
  assertEquals(wrong, []);
});

Deno.test("the program fetches nothing but from npm", async () => {
  const others = (await modules()).map(({ specifier }) => specifier)
    .filter((specifier) => !specifier.startsWith(ROOT) && !/^(npm|node):/.test(specifier));
  assertEquals(others, []);
});

Deno.test("README.md names each flag that is built, and none that is not", async () => {
  const { RUN_FLAGS } = await import("../lib/options.ts");
  const { SERVE_FLAGS } = await import("../server.ts");
  const { COMPARE_FLAGS } = await import("../lib/compare/options.ts");
  const { REPORT_FLAGS } = await import("../lib/review/command.ts");
  const { VERIFY_FLAGS } = await import("../lib/verify/command.ts");
  const readme = await Deno.readTextFile(new URL("../README.md", import.meta.url));
  const tables = readme.split("\n").filter((line) => line.startsWith("| `"));
  for (
    const { name, notYet } of [
      ...RUN_FLAGS,
      ...SERVE_FLAGS,
      ...VERIFY_FLAGS,
      ...REPORT_FLAGS,
      ...COMPARE_FLAGS,
    ]
  ) {
    const isNamed = tables.some((line) => new RegExp(`--${name}\\b(?!-)`).test(line));
    assertEquals(isNamed, notYet !== true, name);
  }
});
