/**
 * Workers without requests: paces that share one rate by a NATS server, all in this process. It
 * takes {@linkcode PacesOptions} as JSON, and prints {@linkcode Paces} as JSON.
 *
 * @module
 */
import { ServerClock } from "../../lib/cluster/server_clock.ts";
import { TurnPacer } from "../../lib/cluster/turn_pacer.ts";
import { REAL_ENVIRONMENT } from "../../lib/schedule/schedule.ts";
import { connect } from "./cluster_run.ts";

/** What paces do. */
export interface PacesOptions {
  /** Of the NATS server, or of a proxy before it. */
  readonly port: number;
  readonly paces: number;
  /** Starts a second of all together. */
  readonly rate: number;
  /** How many whole seconds are counted, after {@linkcode SETTLE_SECONDS}. */
  readonly seconds: number;
}

/** How many starts there were. */
export interface Paces {
  readonly perSecond: readonly number[];
  /** Of each pace, in all these seconds. */
  readonly perPace: readonly number[];
}

/** What is not counted: the paces begin one after the other. */
const SETTLE_SECONDS = 5;
/** How often the paces look whether something is due. */
const LOOK_MS = 1;
const LOST_AFTER_MS = 30_000;
const HOLD_BYTES = 1024 ** 2;

if (import.meta.main) console.log(JSON.stringify(await count(JSON.parse(Deno.args[0]))));

async function count({ port, paces, rate, seconds }: PacesOptions): Promise<Paces> {
  const submitter = await connect({ port });
  const name = `paces${crypto.randomUUID().slice(0, 8)}`;
  await submitter.createRun(name, {
    lostAfterMs: LOST_AFTER_MS,
    holdBytes: HOLD_BYTES,
    replicas: 1,
    key: undefined,
  });
  const buses = await Promise.all(Array.from({ length: paces }, () => connect({ port })));
  const workers = await Promise.all(buses.map(async (bus, k) => {
    const run = (await bus.openRun(name))!;
    const clock = new ServerClock(() => run.turns.readClock(`w${k}`), REAL_ENVIRONMENT);
    return { clock, pacer: await TurnPacer.open(run.turns, { rate, clock }, REAL_ENVIRONMENT) };
  }));
  const perSecond = new Array<number>(seconds).fill(0);
  const perPace = new Array<number>(paces).fill(0);
  const fromMs = performance.now() + SETTLE_SECONDS * 1_000;
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const now = performance.now();
      const second = Math.floor((now - fromMs) / 1_000);
      if (second >= seconds) {
        clearInterval(timer);
        return resolve();
      }
      for (const [k, { pacer }] of workers.entries()) {
        for (;;) {
          pacer.claim(now);
          if (pacer.dueMs > now) break;
          pacer.advance();
          if (second < 0) continue;
          perSecond[second]++;
          perPace[k]++;
        }
      }
    }, LOOK_MS);
  });
  for (const { pacer, clock } of workers) {
    pacer.close();
    clock.close();
  }
  await submitter.deleteRun(name);
  await Promise.all([submitter, ...buses].map((bus) => bus.close()));
  return { perSecond, perPace };
}
