/**
 * Everything that reads what others wrote. A new row is a file in `targets/` and a line here.
 *
 * @module
 */
import type { FuzzTarget } from "./target.ts";
import { target as http1 } from "./targets/http1.ts";

/** By the names of their files; the order is that of the list. */
export const TARGETS: Readonly<Record<string, FuzzTarget>> = {
  http1,
};
