/**
 * Makes the binaries of a release: `deno task release` writes an archive for each target, and their
 * checksums, to `build/release`. Deno fetches the base binary of each target from its own site.
 *
 * @module
 */
import config from "../deno.json" with { type: "json" };
import { removeFolder, ROOT, writeTexts } from "./write_texts.ts";

/** The targets of a release, as Deno names them. */
export const TARGETS: readonly string[] = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
  "x86_64-pc-windows-msvc",
];

/** The words of the command that compiles a binary: those of the task `compile`, for a target. */
export function listCompileWords(target: string, output: string): readonly string[] {
  const words = config.tasks.compile.command.split(" ");
  words[words.indexOf("--output") + 1] = output;
  const [deno, compile, ...rest] = words;
  return [deno, compile, "--target", target, ...rest];
}

/**
 * Makes the archives, one after the other: `myriad-VERSION-TARGET.tar.gz`, and `SHA256SUMS` as
 * `sha256sum --check` reads it.
 *
 * @param folder an absolute path, which is made, and emptied if it is there
 * @throws {Error} If a program that it starts fails.
 */
export async function buildRelease(folder: string, targets = TARGETS): Promise<void> {
  await removeFolder(folder);
  const archives: string[] = [];
  for (const target of targets) {
    const name = `myriad-${config.version}-${target}`;
    await makeFolder(`${folder}/${name}`, target);
    // The same files make the same archive.
    const same = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0"];
    await run(["tar", ...same, "-C", folder, "-czf", `${folder}/${name}.tar.gz`, name]);
    await removeFolder(`${folder}/${name}`);
    archives.push(`${name}.tar.gz`);
  }
  const lines = await Promise.all(
    archives.map(async (name) => `${await digest(`${folder}/${name}`)}  ${name}\n`),
  );
  await Deno.writeTextFile(`${folder}/SHA256SUMS`, lines.join(""));
}

/** What an archive holds: the binary, its manual, completions, and the license. */
async function makeFolder(folder: string, target: string): Promise<void> {
  await writeTexts(folder);
  const ending = target.includes("windows") ? ".exe" : "";
  await run(listCompileWords(target, `${folder}/myriad${ending}`));
}

async function run([program, ...args]: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(
    program === "deno" ? Deno.execPath() : program,
    { args, cwd: ROOT },
  ).output();
  if (!success) throw new Error(`${program} ${args[0]}: ${new TextDecoder().decode(stderr)}`);
}

/** The SHA-256 of a file, in hexadecimal. */
async function digest(path: string): Promise<string> {
  const bytes = await Deno.readFile(path);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

if (import.meta.main) await buildRelease(new URL("build/release", ROOT).pathname);
