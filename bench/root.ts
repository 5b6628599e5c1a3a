/** As the README starts it: a small young generation of V8's heap. */
export const V8_FLAGS = "--v8-flags=--max-semi-space-size=8";

/** What `deno run` is given for a client. */
export const FLAGS = [V8_FLAGS, "--allow-net", "--allow-read", "--allow-write"];

/** The path of a file of the project, by its name from the project's folder. */
export function pathOf(file: string): string {
  return new URL(`../${file}`, import.meta.url).pathname;
}
