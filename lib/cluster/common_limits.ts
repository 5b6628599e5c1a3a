import type { LoadOptions } from "../options/run_options.ts";
import type { News } from "../schedule/news.ts";
import { REAL_ENVIRONMENT, type ScheduleOptions } from "../schedule/schedule.ts";
import { type HoldBus, Holds } from "./holds.ts";
import { ServerClock } from "./server_clock.ts";
import { type RateBus, TurnPacer } from "./turn_pacer.ts";

/** What the limits of a run need of the bus. */
export interface LimitsBus {
  readonly turns: RateBus & { readClock(worker: string): Promise<number | undefined> };
  readonly holds: HoldBus;
}

/** What the limits of a run act on. */
interface LimitedPipeline {
  learn(news: News): void;
  fail(reason: unknown): void;
}

/** The limits that the workers of a run have in common: its rate, and holds of hosts. */
export class CommonLimits {
  readonly #clock: ServerClock;
  readonly #pacer: TurnPacer | undefined;
  /** Undefined before there is a pipeline. */
  #holds: Holds | undefined;
  readonly #bus: LimitsBus;
  /** For {@linkcode ScheduleOptions}. */
  readonly openPacer: ScheduleOptions["openPacer"];
  /** For the same: all workers begin one ramp. */
  readonly rampStartMs: number | undefined;

  /**
   * @param worker the name of this worker
   * @throws {BusError} If the bus does not answer.
   */
  static async open(
    bus: LimitsBus,
    { worker, rate, rampUpMs, stages }:
      & Pick<LoadOptions, "rate" | "rampUpMs">
      & Partial<Pick<LoadOptions, "stages">>
      & {
        readonly worker: string;
      },
  ): Promise<CommonLimits> {
    const clock = new ServerClock(() => bus.turns.readClock(worker), REAL_ENVIRONMENT);
    try {
      const pacer = rate === undefined ? undefined : await TurnPacer.open(
        bus.turns,
        { rate, rampUpMs, stages: stages?.steps, clock },
        REAL_ENVIRONMENT,
      );
      const hasOwnRamp = rate === undefined && (rampUpMs ?? stages) !== undefined;
      const rampStartMs = hasOwnRamp ? await findStart(bus.turns, clock) : undefined;
      return new CommonLimits(bus, { clock, pacer, rampStartMs });
    } catch (error) {
      clock.close();
      throw error;
    }
  }

  private constructor(
    bus: LimitsBus,
    { clock, pacer, rampStartMs }: {
      readonly clock: ServerClock;
      readonly pacer: TurnPacer | undefined;
      readonly rampStartMs: number | undefined;
    },
  ) {
    this.#bus = bus;
    this.#clock = clock;
    this.#pacer = pacer;
    this.rampStartMs = rampStartMs;
    this.openPacer = pacer && ((wake) => {
      pacer.onChange = wake;
      return pacer;
    });
  }

  /** Acts on a pipeline from now on. Settles once it knows what others have told before. */
  async attach(pipeline: LimitedPipeline): Promise<void> {
    if (this.#pacer !== undefined) this.#pacer.onFailure = (error) => pipeline.fail(error);
    this.#holds = await Holds.open(this.#bus.holds, {
      clock: this.#clock,
      around: REAL_ENVIRONMENT,
      learn: (news) => pipeline.learn(news),
      fail: (error) => pipeline.fail(error),
    });
  }

  /** Takes what the pipeline has for others. */
  onNews(news: News): void {
    if (news.about === "hold") this.#holds?.share(news);
  }

  close(): void {
    this.#pacer?.close();
    this.#holds?.close();
    this.#clock.close();
  }
}

/** When the first worker began, on the own clock. */
async function findStart(turns: RateBus, clock: ServerClock): Promise<number> {
  await clock.ready();
  const now = REAL_ENVIRONMENT.now();
  const offsetMs = clock.offsetMs(now);
  return await turns.moveOrigin(now + offsetMs, undefined) - offsetMs;
}
