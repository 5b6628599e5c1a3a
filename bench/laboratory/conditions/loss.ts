import type { Condition } from "../condition.ts";
import { addRules, dropSome } from "./rules.ts";

/** Packets that the router loses by chance, in both directions: shares of a thousand. */
const SHARES = [1, 10, 50];

/** Packets are lost, and TCP sends them again: no request may fail. */
export const LOSSES: readonly Condition[] = SHARES.map((share): Condition => ({
  name: `loss of ${share / 10} %`,
  timeoutSeconds: 60,
  apply: (laboratory) => addRules(laboratory, dropSome(share)),
}));
