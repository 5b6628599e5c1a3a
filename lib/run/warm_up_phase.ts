import { LongTimer } from "../schedule/long_timer.ts";

/** What a run took, so far. */
interface Usage {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** What a warm-up has to know of its run. */
export interface WarmUpRun {
  /** What the run took so far. */
  readUsage(): Usage;
  onNotice(text: string): void;
}

/** The time of a run in which nothing is counted: its seconds and processor time do not count either. */
export class WarmUpPhase {
  readonly #ms: number;
  readonly #run: WarmUpRun;
  /** What the run took until the end of the warm-up; undefined before that. */
  #before: Usage | undefined;
  readonly #timer: LongTimer;

  /** @param ms how long it is, from now, in milliseconds */
  constructor(ms: number, run: WarmUpRun) {
    this.#ms = ms;
    this.#run = run;
    this.#timer = new LongTimer(ms, () => this.#end());
  }

  #end(): void {
    this.#before = this.#run.readUsage();
    this.#run.onNotice("the warm-up is over: from now on, requests are counted");
  }

  /** What was taken since the warm-up; nothing before its end. */
  without({ seconds, cpuSeconds }: Usage): Usage {
    const before = this.#before;
    if (before === undefined) return { seconds: 0, cpuSeconds: 0 };
    return { seconds: seconds - before.seconds, cpuSeconds: cpuSeconds - before.cpuSeconds };
  }

  /** Ends it together with the run, of which nothing was counted if that is too soon. */
  close(): void {
    this.#timer.clear();
    if (this.#before !== undefined) return;
    const seconds = this.#ms / 1_000;
    this.#run.onNotice(`the run ended within its warm-up of ${seconds} s: no request is counted`);
  }
}
