/**
 * The flags of `myriad run`, as the contract has them. A new flag is a row in `rows/`, a member of
 * `RunOptions` if it has an `option`, and the code that uses it.
 *
 * @module
 */
import type { FlagValues } from "../cli/flag_values.ts";
import { findLacking } from "../engine/engines.ts";
import { CLUSTER_ROWS } from "./rows/cluster.ts";
import { CONNECTION_ROWS } from "./rows/connection.ts";
import { EXPECT_ROWS } from "./rows/expect.ts";
import type { RunFlag } from "./rows/flag.ts";
import { LOAD_ROWS } from "./rows/load.ts";
import { OUTPUT_ROWS } from "./rows/output.ts";
import { REQUEST_ROWS } from "./rows/request.ts";
import { RETRY_ROWS } from "./rows/retry.ts";
import { SOURCE_ROWS } from "./rows/source.ts";

/** The heading of the flags that only the submitter of a run takes. */
export const CLUSTER_SECTION = "Several machines";

/** The rows, by their heading in the help. */
const SECTIONS = {
  "Source: which requests": SOURCE_ROWS,
  "Load: how fast": LOAD_ROWS,
  "Request": REQUEST_ROWS,
  "Connection": CONNECTION_ROWS,
  [CLUSTER_SECTION]: CLUSTER_ROWS,
  "Retry": RETRY_ROWS,
  "Expectations": EXPECT_ROWS,
  "Output": OUTPUT_ROWS,
} as const satisfies Record<string, readonly RunFlag[]>;

/** A row of the table. */
export type RunRow = (typeof SECTIONS)[keyof typeof SECTIONS][number];

/** The rows of the table, in the order of the help. */
export const RUN_FLAGS: readonly RunRow[] = Object.entries(SECTIONS)
  .flatMap(([section, rows]) =>
    rows.map((row) => {
      const { needs }: RunFlag = row;
      return {
        ...row,
        section,
        lackedBy: typeof needs === "string" ? findLacking(needs) : undefined,
      };
    })
  );

/** What the command line of a run gives, each value typed by its row. */
export type RunValues = FlagValues<RunRow>;
