/**
 * Every condition of the laboratory.
 *
 * @module
 */
import type { Condition } from "../condition.ts";
import { SITE_KINDS } from "../servers/site_kinds.ts";
import { BLACK_HOLES } from "./black_hole.ts";
import { DELAYS } from "./delay.ts";
import { LINKS } from "./link.ts";
import { LOSSES } from "./loss.ts";
import { NAMES } from "./names.ts";
import { NATS } from "./nat.ts";
import { QUEUES } from "./queues.ts";
import { RESTARTS } from "./restart.ts";
import { SILENCES } from "./silence.ts";

/** A condition, and the names of the servers that are to be met with it. */
export interface Trial {
  readonly condition: Condition;
  readonly sites: readonly string[];
}

const ALL_SITES = SITE_KINDS.map(({ name }) => name);
/** One server is enough for what the network does. */
const ONE_SITE = ["nginx"];

const toTrials = (conditions: readonly Condition[], sites: readonly string[]): Trial[] =>
  conditions.map((condition) => ({ condition, sites }));

/** In the order in which they are tried. */
export const TRIALS: readonly Trial[] = [
  ...toTrials([{ name: "no fault" }, ...RESTARTS], ALL_SITES),
  ...[LOSSES, DELAYS, LINKS, BLACK_HOLES, NATS, SILENCES, QUEUES, NAMES]
    .flatMap((conditions) => toTrials(conditions, ONE_SITE)),
];
