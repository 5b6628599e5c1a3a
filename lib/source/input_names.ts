import { showPath } from "./remote_path.ts";

/** The maximum number of inputs that a message names. */
const MAX_NAMED = 3;

/** The paths of inputs, for messages: `a.txt, b.txt, c.txt and 4 others`. */
export function listPaths(inputs: readonly { readonly path: string }[]): string {
  const named = inputs.slice(0, MAX_NAMED).map(({ path }) => showPath(path)).join(", ");
  const others = inputs.length - MAX_NAMED;
  return others > 0 ? `${named} and ${others} other${others === 1 ? "" : "s"}` : named;
}

/** The arguments that name inputs, in one text: `--input a.txt, b.txt`. */
export function nameInputs(inputs: readonly { readonly path: string }[]): string {
  return `--input ${listPaths(inputs)}`;
}
