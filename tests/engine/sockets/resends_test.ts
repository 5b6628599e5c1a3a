import { assertEquals } from "@std/assert";
import type { Resend } from "../../../lib/engine/sockets/connection.ts";
import { Resends } from "../../../lib/engine/sockets/resends.ts";

const GET = { isIdempotent: true, wasShared: true };
const POST = { isIdempotent: false, wasShared: true };
const OLD = { wasShared: false };

/** What follows each loss in turn: a letter for each connection, and the pause before it. */
function decide(
  losses: readonly Resend[],
  lost: { isIdempotent: boolean; wasShared: boolean },
): string {
  const resends = new Resends();
  return losses.map((resend) => {
    const next = resends.next(resend, lost);
    if (next === undefined) return "-";
    const where = next.isAlone ? "A" : next.isFreshOnly ? "F" : "S";
    return next.afterMs === 0 ? where : `${where}${next.afterMs}`;
  }).join(" ");
}

const times = (count: number, resend: Resend): Resend[] => new Array(count).fill(resend);

// A: alone; F: on a fresh connection, or on any that requests share; S: on any; -: not any more.
for (
  const [what, losses, lost, expected] of [
    ["is the request's own", times(1, "never"), GET, "-"],
    ["may have been processed", times(3, "idempotent"), GET, "F A -"],
    ["may have been processed, and is not idempotent", times(1, "idempotent"), POST, "-"],
    ["may have been processed over HTTP/1.1", times(2, "idempotent"), { ...GET, ...OLD }, "F -"],
    ["may be why the connection ended", times(2, "alone"), GET, "A -"],
    ["may be why, and is not idempotent", times(1, "alone"), POST, "-"],
    ["may be why only at the second loss", ["idempotent", "alone", "alone"], GET, "F A -"],
    ["was not sent", times(20, "unsent"), POST, times(20, "unsent").map(() => "S").join(" ")],
    ["was not processed", times(9, "always"), POST, "S S8 S16 S32 S64 S128 S256 S500 -"],
    ["was not processed, and may be why", times(2, "always-alone"), POST, "A -"],
    ["goes alone, and is not processed", ["always-alone", "always", "alone"], POST, "A A8 -"],
    ["was not processed, and then maybe", ["always", "idempotent"], POST, "S -"],
    ["is lost in every way", ["always", "idempotent", "always", "idempotent"], GET, "S F S8 A"],
  ] as const
) {
  Deno.test(`Resends.next() gives ${expected} when a request ${what}`, () => {
    assertEquals(decide(losses, lost), expected);
  });
}
