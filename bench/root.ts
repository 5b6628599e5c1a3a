/** As the README starts it: V8 keeps its heap small. */
export const V8_FLAGS = "--v8-flags=--max-semi-space-size=4,--heap-growing-percent=10";

/** All that a run needs with the runtime's own sockets, unless it reads or writes files. */
export const ALLOW_NET = ["--allow-net"];

/** What most runs are given. */
export const PERMISSIONS = [...ALLOW_NET, "--allow-read", "--allow-write"];

/** What `deno run` is given for a client. */
export const FLAGS = [V8_FLAGS, ...PERMISSIONS];

/** The project's folder, without a slash at the end. */
export const ROOT = new URL("..", import.meta.url).pathname.replace(/\/$/, "");

/** The path of a file of the project, by its name from the project's folder. */
export function projectPath(file: string): string {
  return `${ROOT}/${file}`;
}

/** How `myriad` is started. */
export interface StartOptions {
  /** The folder of the project that it is started from. @default this one */
  readonly root?: string;
  /** Flags of `deno run`. @default {PERMISSIONS} */
  readonly permissions?: readonly string[];
}

/**
 * The command that starts `myriad` from its source.
 *
 * @param args of `myriad`
 */
export function myriadCommand(
  args: readonly string[],
  { root = ROOT, permissions = PERMISSIONS }: StartOptions = {},
): string[] {
  return [Deno.execPath(), "run", "--quiet", V8_FLAGS, ...permissions, `${root}/main.ts`, ...args];
}
