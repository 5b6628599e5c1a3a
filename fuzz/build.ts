/**
 * Makes a module of a target in which each branch tells its number: bundled by Deno, instrumented by
 * the plugin of Jazzer.js, a fuzzer for Node. Its engine, libFuzzer, is not used: it comes as a
 * native addon, which needs a glibc of 2024, and it runs in Node, whose `URL`, `TextDecoder` and
 * `node:zlib` are not those that a run has.
 *
 * @module
 */
import { createRequire } from "node:module";
import { ROOT } from "../tests/fixtures/markdown.ts";
import { installNpmPackage } from "../tests/fixtures/npm_package.ts";
import { run } from "../tests/fixtures/program.ts";

/** Git leaves it out; findings are here too. */
export const FOLDER = `${ROOT}build/fuzz/`;

const INSTRUMENTOR = "@jazzer.js/instrumentor";
const VERSION = "4.0.0";

interface Babel {
  transformAsync(code: string, options: unknown): Promise<{ readonly code: string }>;
}

interface Plugin {
  codeCoverage(ids: { nextEdgeId(): number }): () => unknown;
}

/**
 * Builds a target.
 *
 * @returns the URL of a module that exports `target`
 * @throws {Error} If Deno cannot bundle it, or npm cannot install what instruments it.
 */
export async function buildTarget(name: string): Promise<string> {
  await Deno.mkdir(FOLDER, { recursive: true });
  const path = `${FOLDER}${name}.js`;
  const source = `${ROOT}fuzz/targets/${name}.ts`;
  const { code, stderr } = await run([
    Deno.execPath(),
    ...["bundle", "--quiet", "--no-check", "--output", path, source],
  ]);
  if (code !== 0) throw new Error(`Cannot bundle '${source}': ${stderr}`);
  const require = createRequire(`${await installNpmPackage(INSTRUMENTOR, VERSION)}/`);
  const { codeCoverage } = require(`${INSTRUMENTOR}/dist/plugins/codeCoverage.js`) as Plugin;
  const babel = require("@babel/core") as Babel;
  let branches = 0;
  const instrumented = await babel.transformAsync(await Deno.readTextFile(path), {
    configFile: false,
    babelrc: false,
    sourceType: "module",
    compact: false,
    plugins: [codeCoverage({ nextEdgeId: () => branches++ })],
  });
  await Deno.writeTextFile(path, instrumented.code);
  return new URL(`file://${path}`).href;
}
