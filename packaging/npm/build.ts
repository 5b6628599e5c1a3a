/**
 * Makes the package for npm: `deno task npm` writes it to `build/npm`, for `npm pack` or
 * `npm publish`. It has the program as one file, and the library with its types; it brings Deno as a
 * dependency.
 *
 * @module
 */
import config from "../../deno.json" with { type: "json" };
import { writeTypes } from "./write_types.ts";
import { removeFolder, ROOT, writeTexts } from "../write_texts.ts";

/**
 * Writes the files of the package.
 *
 * @param folder an absolute path, which is made, and emptied if it is there
 * @throws {Error} If the program cannot be bundled.
 */
export async function buildPackage(folder: string): Promise<void> {
  await removeFolder(folder);
  await writeTexts(folder);
  // Deno reads all of a file before it starts: of half the length, it starts 20 ms earlier.
  await bundle("main.ts", "--minify", "--output", `${folder}/myriad.js`);
  // What a program does not use of the library, it does not load.
  await bundle("lib/mod.ts", "--code-splitting", "--outdir", `${folder}/library`);
  await hidePaths(`${folder}/library`);
  await Deno.writeTextFile(`${folder}/library/package.json`, '{ "type": "module" }\n');
  await writeTypes("lib/mod.ts", `${folder}/types`);
  for (const name of ["launcher.cjs", "README.md"]) {
    await Deno.copyFile(new URL(`packaging/npm/${name}`, ROOT), `${folder}/${name}`);
  }
  const description = `${JSON.stringify(describePackage(), null, 2)}\n`;
  await Deno.writeTextFile(`${folder}/package.json`, description);
}

/** Puts a module together with all that it imports. @throws {Error} If that is not possible. */
async function bundle(module: string, ...flags: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", ...flags, module],
    cwd: ROOT,
  }).output();
  if (!success) throw new Error(`deno bundle ${module}: ${new TextDecoder().decode(stderr)}`);
}

/** The path of a module of a package in the cache of this machine, in a comment or in quotes. */
const CACHED = /[^\s"]*\/npm\/[^/\s"]+\/(?=(?:@[^/\s"]+\/)?[^/\s"]+\/\d[^/\s"]*\/)/g;

/** Names modules by their packages in bundles, in place of paths of this machine. */
async function hidePaths(folder: string): Promise<void> {
  for await (const { name } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace(CACHED, "npm:"));
  }
}

function describePackage(): Record<string, unknown> {
  const repository = Deno.env.get("GITHUB_REPOSITORY");
  return {
    name: config.name,
    version: config.version,
    description: "Make a very large number of HTTP requests, in flat memory",
    keywords: ["http", "load-testing", "benchmark", "crawler", "cli"],
    license: config.license,
    // npm's provenance holds it against the repository that the workflow runs in.
    repository: repository && { type: "git", url: `git+https://github.com/${repository}.git` },
    exports: { ".": { types: "./types/lib/mod.d.mts", default: "./library/mod.js" } },
    bin: { myriad: "launcher.cjs" },
    man: ["./myriad.1"],
    files: [
      "launcher.cjs",
      "myriad.js",
      "library",
      "types",
      "myriad.1",
      "completions",
    ],
    engines: { node: ">=18" },
    dependencies: { deno: Deno.version.deno },
  };
}

if (import.meta.main) {
  const folder = new URL("build/npm", ROOT).pathname;
  await buildPackage(folder);
  console.log(`The package is in ${folder}: 'npm pack ${folder}' makes its archive.`);
}
