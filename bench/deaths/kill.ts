import type { Dice } from "../../tests/fixtures/dice.ts";
import type { Log } from "./answer_server.ts";
import { killGroup, STRACE } from "./life.ts";
import type { Life } from "./play.ts";

/** The signals that end a run in good order. */
const POLITE = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

/** The calls of the system at which a run is killed. */
const CALLS = [
  "fdatasync",
  "fsync",
  "rename",
  "ftruncate",
  "unlink",
  "write",
  "pwrite64",
  "openat",
  "flock",
];
/** A call of each kind is one of the first so many; opening is so often done for code. */
const MAX_NTH = 12;
const MAX_NTH_OPENING = 150;

/** When a run dies, and by what. */
export interface Kill {
  readonly when:
    | { readonly kind: "requests"; readonly share: number }
    | { readonly kind: "start"; readonly ms: number }
    | { readonly kind: "end"; readonly ms: number }
    | { readonly kind: "call"; readonly call: string; readonly nth: number };
  readonly signal: Deno.Signal;
  /** A second signal, and how many milliseconds later it comes. */
  readonly second?: { readonly signal: Deno.Signal; readonly ms: number };
}

/** Draws how a run dies. @param hasStrace whether it can die at a call of the system */
export function drawKill(dice: Dice, hasStrace: boolean): Kill {
  const kind = dice.of(["requests", "requests", "requests", "start", "end", "call"] as const);
  if (kind === "call" && hasStrace) {
    const call = dice.of(CALLS);
    const nth = 1 + dice.below(call === "openat" ? MAX_NTH_OPENING : MAX_NTH);
    return { when: { kind, call, nth }, signal: "SIGKILL" };
  }
  const when: Kill["when"] = kind === "start"
    ? { kind, ms: dice.below(1_000) }
    : kind === "end"
    ? { kind, ms: dice.below(300) }
    : { kind: "requests", share: dice.below(1_000) / 1_000 };
  if (dice.below(5) > 0) return { when, signal: "SIGKILL" };
  const signal = dice.of(POLITE);
  if (dice.below(2) === 0) return { when, signal };
  const second = { signal: dice.of(["SIGKILL", signal] as const), ms: dice.below(500) };
  return { when, signal, second };
}

/** A death in words. */
export function formatKill({ when, signal, second }: Kill): string {
  const moment = when.kind === "requests"
    ? `after ${Math.round(when.share * 100)} % of what is left`
    : when.kind === "start"
    ? `${when.ms} ms after its start`
    : when.kind === "end"
    ? `${when.ms} ms after the last request came`
    : `at ${when.call} number ${when.nth}`;
  return `${signal} ${moment}${second ? `, ${second.signal} ${second.ms} ms later` : ""}`;
}

/** The life of a process that is killed. @param left how many requests it has to make */
export function toLife(kill: Kill, log: Log, left: number): Life {
  const { when, signal, second } = kill;
  const before = log.total;
  if (when.kind === "call") {
    const inject = `inject=${when.call}:signal=${signal}:when=${when.nth}`;
    const within = [...STRACE, "-e", `trace=${when.call}`, "-e", inject];
    return { when: formatKill(kill), within };
  }
  const whileAlive = async (pid: number, ended: Promise<unknown>): Promise<boolean> => {
    const isOver = ended.then(() => true);
    const wait = (ms: number): Promise<boolean> => Promise.race([isOver, sleep(ms)]);
    const reached = (total: number): Promise<boolean> =>
      Promise.race([isOver, log.reaches(total).then(() => false)]);
    let over;
    if (when.kind === "start") over = await wait(when.ms);
    else {
      const share = when.kind === "end" ? 1 : when.share;
      over = await reached(before + Math.max(1, Math.floor(share * left)));
      if (!over && when.kind === "end") over = await wait(when.ms);
    }
    if (over) return false;
    killGroup(pid, signal);
    if (second !== undefined && !await wait(second.ms)) killGroup(pid, second.signal);
    return true;
  };
  return { when: formatKill(kill), whileAlive };
}

function sleep(ms: number): Promise<boolean> {
  return new Promise((resolve) => setTimeout(() => resolve(false), ms));
}
