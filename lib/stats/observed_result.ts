import type { Result } from "../result.ts";
import type { Target } from "../target.ts";

/** What the details look at of a result, which a record of one has, too. */
export type ObservedResult<T extends keyof Target> =
  & Pick<Result, "ms" | "status" | "error" | "at" | "origin">
  & { readonly target: Pick<Target, T> };
