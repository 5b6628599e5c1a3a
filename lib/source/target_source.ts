import type { InputColumns, Items, MakeTarget } from "./item.ts";
import type { TargetOptions } from "./make_target.ts";
import type { RequestRange } from "./numbering.ts";

/** What the targets of a run are made from, and how its inputs are read. */
export interface SourceOptions extends RequestRange, TargetOptions {
  /** Whether the inputs start over each time they have ended. @default {false} */
  readonly loop?: boolean | undefined;
  /** Whether only LF and CRLF end a line of it. @default {false} */
  readonly onlyLf?: boolean | undefined;
  /** Whether a line of them that begins with `#` is a comment. @default {false} */
  readonly comments?: boolean | undefined;
}

/** Where the targets of a run come from: items, and what makes a target of each. */
export interface TargetSource {
  readonly items: Items;
  readonly make: MakeTarget;
  readonly columns: InputColumns;
  /** The random part of the run: what is drawn for a request depends on it. */
  readonly seed: string;
  /** Whether templates draw values that are others in each run. */
  readonly isDrawn: boolean;
  /** Whether all targets are known to be of one host. */
  readonly hasOneHost: boolean;
}
