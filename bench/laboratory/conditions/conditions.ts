import type { Condition } from "../condition.ts";
import { SITE_KINDS } from "../servers/site_kinds.ts";
import { LOSSES } from "./loss.ts";
import { RESTARTS } from "./restart.ts";

/** What a condition is met with: one server for what the network does, all for what servers do. */
export interface Trial {
  readonly condition: Condition;
  /** The names of the servers. @default only nginx */
  readonly sites?: readonly string[];
}

const ALL_SITES = SITE_KINDS.map(({ name }) => name);

/** In the order in which they are tried. */
export const TRIALS: readonly Trial[] = [
  { condition: { name: "no fault" }, sites: ALL_SITES },
  ...RESTARTS.map((condition) => ({ condition, sites: ALL_SITES })),
  ...LOSSES.map((condition) => ({ condition })),
];
