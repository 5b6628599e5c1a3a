/** As the README starts it: V8 keeps its heap small. */
export const V8_FLAGS = "--v8-flags=--max-semi-space-size=8,--heap-growing-percent=10";

/** What `deno run` is given for a client. */
export const FLAGS = [V8_FLAGS, "--allow-net", "--allow-read", "--allow-write"];

/** The project's folder, without a slash at the end. */
export const ROOT = new URL("..", import.meta.url).pathname.replace(/\/$/, "");

/** The path of a file of the project, by its name from the project's folder. */
export function projectPath(file: string): string {
  return `${ROOT}/${file}`;
}

/**
 * How `myriad` is started.
 *
 * @param args of `myriad`
 * @param root the folder of the project that it is started from; by default this one
 */
export function myriadCommand(args: readonly string[], root = ROOT): string[] {
  return [Deno.execPath(), "run", "--quiet", ...FLAGS, `${root}/main.ts`, ...args];
}
