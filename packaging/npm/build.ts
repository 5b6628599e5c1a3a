/**
 * Makes the package for npm: `deno task npm` writes it to `build/npm`, for `npm pack` or
 * `npm publish`. It has the program as one file, and brings Deno as a dependency.
 *
 * @module
 */
import config from "../../deno.json" with { type: "json" };
import { SHELLS } from "../../lib/commands/completions/help.ts";
import { completions } from "../../lib/commands/completions/command.ts";
import { man } from "../../lib/commands/man/command.ts";

const ROOT = new URL("../../", import.meta.url);

/**
 * Writes the files of the package.
 *
 * @param folder an absolute path, which is made, and emptied if it is there
 * @throws {Error} If the program cannot be bundled.
 */
export async function buildPackage(folder: string): Promise<void> {
  await Deno.remove(folder, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await Deno.mkdir(`${folder}/completions`, { recursive: true });
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--output", `${folder}/myriad.js`, "main.ts"],
    cwd: ROOT,
  }).output();
  if (!success) throw new Error(`deno bundle: ${new TextDecoder().decode(stderr)}`);
  const write = (name: string, text: string): Promise<void> =>
    Deno.writeTextFile(`${folder}/${name}`, text);
  const read = (name: string): Promise<string> => Deno.readTextFile(new URL(name, ROOT));
  await write("launcher.cjs", await read("packaging/npm/launcher.cjs"));
  await write("LICENSE", await read("LICENSE"));
  await write("README.md", await read("packaging/npm/README.md"));
  await write("myriad.1", man([], { version: config.version, date: new Date() }));
  for (const shell of SHELLS) await write(`completions/myriad.${shell}`, completions([shell]));
  await write("package.json", `${JSON.stringify(describePackage(), null, 2)}\n`);
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
    bin: { myriad: "launcher.cjs" },
    man: ["./myriad.1"],
    files: ["launcher.cjs", "myriad.js", "myriad.1", "completions"],
    engines: { node: ">=18" },
    dependencies: { deno: Deno.version.deno },
  };
}

if (import.meta.main) {
  const folder = new URL("build/npm", ROOT).pathname;
  await buildPackage(folder);
  console.log(`The package is in ${folder}: 'npm pack ${folder}' makes its archive.`);
}
