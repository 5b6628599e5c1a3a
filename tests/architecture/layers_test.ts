import { assert, assertEquals } from "@std/assert";
import { readModules } from "../fixtures/module_graph.ts";
import { MAIN } from "../fixtures/program.ts";

/** What other programs import. */
const LIBRARY = new URL("../../lib/mod.ts", import.meta.url).href;

const ROOT = new URL("../..", import.meta.url).href;

/** Who may import whom, types too. A folder stands for its files, but for those of a longer row. */
const MAY: Record<string, string[]> = {
  "lib/advice/": [
    "lib/advice/",
    "lib/engine/",
    "lib/options/",
    "lib/stats/",
    "lib/text/",
  ],
  "lib/as_completed.ts": ["lib/pool.ts", "lib/stream.ts"],
  "lib/byte_buffer.ts": [],
  "lib/check/": [
    "lib/byte_buffer.ts",
    "lib/check/",
    "lib/cli/",
    "lib/engine/",
    "lib/http/",
    "lib/result.ts",
    "lib/target.ts",
    "lib/text/",
  ],
  "lib/checkpoint/": [
    "lib/check/",
    "lib/checkpoint/",
    "lib/checkpoint/log/",
    "lib/errors.ts",
    "lib/options/",
    "lib/output/",
    "lib/process/",
    "lib/scan/",
    "lib/source/",
    "lib/stats/",
    "lib/stream.ts",
    "lib/target.ts",
    "lib/text/",
  ],
  "lib/checkpoint/log/": [
    "lib/checkpoint/",
    "lib/checkpoint/log/",
    "lib/errors.ts",
    "lib/output/",
    "lib/process/",
    "lib/result.ts",
    "lib/source/",
    "lib/stats/",
    "lib/text/",
  ],
  "lib/cli/": ["lib/cli/", "lib/errors.ts", "lib/process/", "lib/text/"],
  "lib/cluster/": [
    "deno.json",
    "lib/byte_buffer.ts",
    "lib/checkpoint/",
    "lib/cluster/",
    "lib/cluster/bus/",
    "lib/engine/",
    "lib/errors.ts",
    "lib/http/",
    "lib/options/",
    "lib/output/",
    "lib/process/",
    "lib/result.ts",
    "lib/run/",
    "lib/schedule/",
    "lib/source/",
    "lib/stats/",
    "lib/stream.ts",
    "lib/target.ts",
    "lib/text/",
    "lib/threads/",
  ],
  "lib/cluster/bus/": [
    "lib/cluster/bus/",
    "lib/cluster/codec.ts",
    "lib/cluster/damaged_error.ts",
    "lib/cluster/messages.ts",
    "lib/cluster/spec.ts",
    "lib/engine/",
    "lib/engine/transport/",
    "lib/errors.ts",
    "lib/options/",
    "lib/process/",
  ],
  "lib/client/": [
    "deno.json",
    "lib/as_completed.ts",
    "lib/byte_buffer.ts",
    "lib/check/",
    "lib/cli/",
    "lib/client/",
    "lib/cookies/",
    "lib/engine/",
    "lib/errors.ts",
    "lib/http/",
    "lib/options/",
    "lib/process/",
    "lib/result.ts",
    "lib/run/",
    "lib/schedule/",
    "lib/source/",
    "lib/stats/",
    "lib/stream.ts",
    "lib/target.ts",
  ],
  "lib/codec/": ["lib/codec/"],
  "lib/commands/commands.ts": [],
  "lib/commands/compare/": [
    "lib/as_completed.ts",
    "lib/cli/",
    "lib/commands/compare/",
    "lib/commands/serve/",
    "lib/engine/",
    "lib/errors.ts",
    "lib/output/",
    "lib/plot/",
    "lib/pool.ts",
    "lib/process/",
    "lib/source/",
    "lib/text/",
  ],
  "lib/commands/completions/": [
    "lib/cli/",
    "lib/commands/completions/",
    "lib/commands/help_pages.ts",
    "lib/errors.ts",
  ],
  "lib/commands/curl/": [
    "lib/cli/",
    "lib/commands/curl/",
    "lib/errors.ts",
    "lib/http/",
    "lib/options/",
    "lib/source/",
    "lib/text/",
  ],
  "lib/commands/help_pages.ts": [
    "lib/cli/",
    "lib/commands/commands.ts",
    "lib/commands/compare/",
    "lib/commands/completions/help.ts",
    "lib/commands/curl/help.ts",
    "lib/commands/man/help.ts",
    "lib/commands/report/",
    "lib/commands/run/",
    "lib/commands/runs/",
    "lib/commands/serve/",
    "lib/commands/verify/",
    "lib/commands/work/",
  ],
  "lib/commands/man/": [
    "lib/cli/",
    "lib/commands/help_pages.ts",
    "lib/commands/man/",
    "lib/errors.ts",
  ],
  "lib/commands/report/": [
    "lib/byte_buffer.ts",
    "lib/cli/",
    "lib/commands/report/",
    "lib/errors.ts",
    "lib/output/",
    "lib/process/",
    "lib/report/",
    "lib/result.ts",
    "lib/scan/",
    "lib/series/",
    "lib/source/",
    "lib/stats/",
    "lib/text/",
    "lib/warc/",
  ],
  "lib/commands/run/": ["lib/cli/", "lib/commands/commands.ts", "lib/options/"],
  "lib/commands/runs/": [
    "lib/cli/",
    "lib/cluster/",
    "lib/cluster/bus/",
    "lib/commands/runs/",
    "lib/errors.ts",
    "lib/options/",
    "lib/text/",
  ],
  "lib/commands/serve/": [
    "lib/cli/",
    "lib/commands/serve/",
    "lib/errors.ts",
    "lib/http/",
    "lib/output/",
    "lib/process/",
  ],
  "lib/commands/verify/": [
    "lib/cli/",
    "lib/commands/verify/",
    "lib/errors.ts",
    "lib/http/",
    "lib/output/",
    "lib/scan/",
    "lib/source/",
    "lib/text/",
  ],
  "lib/commands/work/": [
    "lib/cli/",
    "lib/cluster/",
    "lib/cluster/bus/",
    "lib/commands/work/",
    "lib/errors.ts",
    "lib/options/",
    "lib/text/",
  ],
  "lib/cookies/": ["lib/cookies/", "lib/engine/", "lib/errors.ts", "lib/process/", "lib/text/"],
  "lib/engine/": [
    "lib/codec/",
    "lib/engine/",
    "lib/engine/fetch/",
    "lib/engine/names/",
    "lib/engine/sockets/",
    "lib/engine/transport/",
    "lib/errors.ts",
    "lib/http/",
    "lib/result.ts",
    "lib/target.ts",
    "lib/text/",
  ],
  "lib/engine/fetch/": [
    "lib/engine/",
    "lib/engine/fetch/",
    "lib/engine/http1/",
    "lib/http/",
    "lib/result.ts",
    "lib/target.ts",
  ],
  "lib/engine/http1/": [
    "lib/byte_buffer.ts",
    "lib/engine/",
    "lib/engine/http1/",
    "lib/engine/sockets/",
    "lib/engine/transport/",
    "lib/http/",
    "lib/result.ts",
    "lib/target.ts",
  ],
  "lib/engine/http2/": [
    "lib/byte_buffer.ts",
    "lib/engine/",
    "lib/engine/http2/",
    "lib/engine/sockets/",
    "lib/engine/transport/",
    "lib/http/",
    "lib/result.ts",
    "lib/target.ts",
    "lib/text/",
  ],
  "lib/engine/names/": ["lib/engine/names/", "lib/http/", "lib/process/"],
  "lib/engine/sockets/": [
    "lib/byte_buffer.ts",
    "lib/engine/",
    "lib/engine/http1/",
    "lib/engine/http2/",
    "lib/engine/names/",
    "lib/engine/sockets/",
    "lib/engine/transport/",
    "lib/http/",
    "lib/result.ts",
    "lib/target.ts",
  ],
  "lib/engine/transport/": [
    "lib/byte_buffer.ts",
    "lib/engine/",
    "lib/engine/transport/",
    "lib/engine/transport/native/",
    "lib/errors.ts",
    "lib/http/",
    "lib/text/",
  ],
  "lib/engine/transport/native/": [
    "lib/engine/",
    "lib/engine/transport/",
    "lib/engine/transport/native/",
    "lib/http/",
  ],
  "lib/errors.ts": [],
  "lib/flow/": [
    "lib/client/",
    "lib/cookies/",
    "lib/engine/",
    "lib/errors.ts",
    "lib/flow/",
    "lib/options/",
    "lib/process/",
    "lib/result.ts",
    "lib/run/",
    "lib/schedule/",
    "lib/source/",
    "lib/stats/",
    "lib/stream.ts",
    "lib/target.ts",
    "lib/text/",
    "lib/transcript/",
  ],
  "lib/form/": [
    "lib/byte_buffer.ts",
    "lib/form/",
    "lib/http/",
    "lib/process/",
    "lib/source/",
    "lib/target.ts",
  ],
  "lib/http/": ["lib/target.ts", "lib/text/"],
  "lib/metrics/": [
    "lib/errors.ts",
    "lib/http/",
    "lib/metrics/",
    "lib/options/",
    "lib/process/",
    "lib/stats/",
  ],
  "lib/options/": [
    "lib/check/",
    "lib/cli/",
    "lib/codec/",
    "lib/engine/",
    "lib/errors.ts",
    "lib/form/",
    "lib/http/",
    "lib/options/",
    "lib/output/",
    "lib/process/",
    "lib/result.ts",
    "lib/source/",
    "lib/stats/",
    "lib/target.ts",
    "lib/text/",
    "lib/unpack/",
    "lib/warc/",
  ],
  "lib/output/": [
    "lib/byte_buffer.ts",
    "lib/check/",
    "lib/cli/",
    "lib/engine/",
    "lib/errors.ts",
    "lib/output/",
    "lib/process/",
    "lib/result.ts",
    "lib/scan/",
    "lib/source/",
    "lib/stream.ts",
    "lib/target.ts",
    "lib/text/",
    "lib/unpack/",
    "lib/warc/",
  ],
  "lib/plot/": ["lib/plot/", "lib/text/"],
  "lib/pool.ts": ["lib/stream.ts"],
  "lib/process/": ["lib/http/", "lib/process/", "lib/text/"],
  "lib/progress/": [
    "lib/plot/",
    "lib/progress/",
    "lib/series/",
    "lib/stats/",
    "lib/stream.ts",
    "lib/text/",
  ],
  "lib/report/": ["lib/plot/", "lib/report/", "lib/series/", "lib/stats/", "lib/text/"],
  "lib/result.ts": ["lib/target.ts"],
  "lib/run/": [
    "lib/advice/",
    "lib/check/",
    "lib/checkpoint/",
    "lib/checkpoint/log/",
    "lib/cluster/",
    "lib/cookies/",
    "lib/engine/",
    "lib/engine/fetch/",
    "lib/engine/http1/",
    "lib/engine/sockets/",
    "lib/errors.ts",
    "lib/flow/",
    "lib/form/",
    "lib/http/",
    "lib/metrics/",
    "lib/options/",
    "lib/output/",
    "lib/pool.ts",
    "lib/process/",
    "lib/report/",
    "lib/result.ts",
    "lib/run/",
    "lib/schedule/",
    "lib/series/",
    "lib/source/",
    "lib/stats/",
    "lib/stream.ts",
    "lib/target.ts",
    "lib/text/",
    "lib/threads/",
    "lib/transcript/",
  ],
  "lib/scan/": ["lib/byte_buffer.ts", "lib/scan/", "lib/source/", "lib/stream.ts"],
  "lib/schedule/": [
    "lib/engine/",
    "lib/errors.ts",
    "lib/http/",
    "lib/mix_bits.ts",
    "lib/options/",
    "lib/result.ts",
    "lib/schedule/",
    "lib/stream.ts",
    "lib/target.ts",
    "lib/text/",
  ],
  "lib/series/": ["lib/result.ts", "lib/series/", "lib/stats/"],
  "lib/source/": [
    "lib/byte_buffer.ts",
    "lib/check/",
    "lib/errors.ts",
    "lib/form/",
    "lib/http/",
    "lib/mix_bits.ts",
    "lib/options/",
    "lib/process/",
    "lib/source/",
    "lib/stream.ts",
    "lib/target.ts",
    "lib/text/",
    "lib/unpack/",
    "lib/warc/",
  ],
  "lib/stats/": [
    "lib/errors.ts",
    "lib/http/",
    "lib/result.ts",
    "lib/stats/",
    "lib/target.ts",
    "lib/text/",
  ],
  "lib/stream.ts": [],
  "lib/target.ts": [],
  "lib/text/": ["lib/text/"],
  "main.ts": [
    "deno.json",
    "lib/cli/",
    "lib/commands/commands.ts",
    "lib/commands/compare/",
    "lib/commands/completions/",
    "lib/commands/curl/",
    "lib/commands/man/",
    "lib/commands/report/",
    "lib/commands/run/",
    "lib/commands/runs/",
    "lib/commands/serve/",
    "lib/commands/verify/",
    "lib/errors.ts",
    "lib/options/",
    "lib/process/",
    "lib/progress/",
    "lib/report/",
    "lib/run/",
    "lib/stats/",
    "lib/text/",
    "lib/threads/",
    "lib/cluster/",
    "lib/commands/work/",
  ],
  "lib/threads/": [
    "lib/check/",
    "lib/checkpoint/log/",
    "lib/cookies/",
    "lib/engine/",
    "lib/errors.ts",
    "lib/form/",
    "lib/http/",
    "lib/options/",
    "lib/output/",
    "lib/process/",
    "lib/result.ts",
    "lib/run/",
    "lib/schedule/",
    "lib/source/",
    "lib/stats/",
    "lib/stream.ts",
    "lib/target.ts",
    "lib/text/",
    "lib/threads/",
    "lib/transcript/",
  ],
  "lib/transcript/": [
    "lib/engine/",
    "lib/http/",
    "lib/result.ts",
    "lib/target.ts",
    "lib/text/",
    "lib/transcript/",
  ],
  "lib/unpack/": ["lib/byte_buffer.ts", "lib/unpack/"],
  "lib/warc/": ["lib/byte_buffer.ts", "lib/codec/", "lib/errors.ts", "lib/warc/"],
  "lib/mix_bits.ts": [],
  "lib/mod.ts": [
    "lib/as_completed.ts",
    "lib/client/",
    "lib/engine/",
    "lib/flow/",
    "lib/result.ts",
    "lib/stats/",
    "lib/stream.ts",
  ],
};

const nameOf = (specifier: string): string => specifier.replace(ROOT, "");

/** What each file of the program imports, types and packages too; files by name. */
async function importsAll(): Promise<Map<string, string[]>> {
  const graph = new Map<string, string[]>();
  const modules = [...await readModules(MAIN), ...await readModules(LIBRARY)];
  for (const { specifier, dependencies = [] } of modules) {
    if (!specifier.startsWith(ROOT)) continue;
    const others = dependencies.flatMap(({ code, type }) => [code?.specifier, type?.specifier])
      .filter((other) => other !== undefined).map(nameOf);
    graph.set(nameOf(specifier), [...new Set(others)]);
  }
  return graph;
}

/** The files that each file of the program imports, by name, types too. */
async function imports(): Promise<Map<string, string[]>> {
  const graph = await importsAll();
  return new Map([...graph].map(([name, others]) => [name, others.filter((o) => graph.has(o))]));
}

Deno.test("each file imports only what its room may", async () => {
  const graph = await imports();
  assert(graph.size > 25, `${graph.size} modules`);
  const isIn = (name: string) => (key: string): boolean =>
    key.endsWith("/") ? name.startsWith(key) : name === key;
  const roomOf = (name: string): string | undefined =>
    Object.keys(MAY).filter(isIn(name)).sort((a, b) => b.length - a.length)[0];
  const wrong: string[] = [];
  for (const [name, others] of graph) {
    const may = MAY[roomOf(name) ?? ""] ?? [];
    for (const other of others) {
      if (!may.includes(other) && !may.includes(roomOf(other) ?? "")) {
        wrong.push(`${name} imports ${other}`);
      }
    }
  }
  assertEquals(wrong, []);
});

Deno.test("no file imports itself through others, types included", async () => {
  const graph = await imports();
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    if (path.includes(name)) {
      circles.push([...path.slice(path.indexOf(name)), name].join(" -> "));
    } else if (!done.has(name)) {
      for (const other of graph.get(name) ?? []) visit(other, [...path, name]);
      done.add(name);
    }
  };
  for (const name of graph.keys()) visit(name, []);
  assertEquals(circles, []);
});

Deno.test("a run without --cluster loads nothing of the cluster", async () => {
  const modules = new Map((await readModules(MAIN)).map((one) => [nameOf(one.specifier), one]));
  const loaded = new Set<string>();
  const load = (name: string): void => {
    if (loaded.has(name)) return;
    loaded.add(name);
    for (const { isDynamic, code } of modules.get(name)?.dependencies ?? []) {
      if (code?.specifier === undefined) continue;
      const other = nameOf(code.specifier);
      const isOnUse = isDynamic === true && /^lib\/(?:cluster|commands)\//.test(other);
      if (!isOnUse) load(other);
    }
  };
  load("main.ts");
  assert(loaded.size > 25, `${loaded.size} modules`);
  assertEquals([...loaded].filter((name) => /^lib\/cluster\/|@nats-io/.test(name)), []);
});

Deno.test("the program fetches code from npm only", async () => {
  const others = (await readModules(MAIN)).map(({ specifier }) => specifier)
    .filter((specifier) => !specifier.startsWith(ROOT) && !/^(npm|node):/.test(specifier));
  assertEquals(others, []);
});

Deno.test("only lib/cluster/bus/ speaks NATS", async () => {
  const speakers = [...await importsAll()]
    .filter(([, others]) => others.some((other) => other.includes("@nats-io/")))
    .map(([name]) => name);
  assert(speakers.length > 0);
  assertEquals(speakers.filter((name) => !name.startsWith("lib/cluster/bus/")), []);
});
