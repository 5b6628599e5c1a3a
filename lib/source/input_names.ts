import type { InputFormatName } from "./formats.ts";
import { showPath } from "./remote_path.ts";

/** The maximum number of inputs that a message names. */
const MAX_NAMED = 3;

/** An input, as messages name it. */
export interface NamedInput {
  readonly path: string;
  readonly format: InputFormatName;
}

/** The paths of inputs, for messages: `a.txt, b.txt, c.txt and 4 others`. */
export function listPaths(inputs: readonly Pick<NamedInput, "path">[]): string {
  const named = inputs.slice(0, MAX_NAMED).map(({ path }) => showPath(path)).join(", ");
  const others = inputs.length - MAX_NAMED;
  return others > 0 ? `${named} and ${others} other${others === 1 ? "" : "s"}` : named;
}

/** The arguments that name inputs, in one text: `--input a.txt, b.txt`. */
export function nameInputs(inputs: readonly Pick<NamedInput, "path">[]): string {
  return `--input ${listPaths(inputs)}`;
}
