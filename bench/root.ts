/** As the README starts it: V8 keeps its heap small. */
export const V8_FLAGS = "--v8-flags=--max-semi-space-size=8,--heap-growing-percent=10";

/** What `deno run` is given for a client. */
export const FLAGS = [V8_FLAGS, "--allow-net", "--allow-read", "--allow-write"];

/** The path of a file of the project, by its name from the project's folder. */
export function pathOf(file: string): string {
  return new URL(`../${file}`, import.meta.url).pathname;
}
