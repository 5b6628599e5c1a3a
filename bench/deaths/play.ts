import { type AnswerServer, Log } from "./answer_server.ts";
import { type Case, countSlots, fileFlags, writeInput } from "./cases.ts";
import { countAll, Faults } from "./count.ts";
import { type Ended, live, runWords, type WhileAlive } from "./life.ts";
import type { Record } from "./records.ts";

/** Where a case is played. */
export interface Stage {
  readonly server: AnswerServer;
  /** An empty folder for the input, and for the outputs. */
  readonly folder: string;
  /** Whether a process can be made to fail, or to die, at a call of the system. */
  readonly hasStrace: boolean;
  readonly abort: AbortSignal;
}

/** One life of a run's process. */
export interface Life {
  /** What it is called in a report. */
  readonly when: string;
  /** Words before the program's own: those of a program that runs it. */
  readonly within?: readonly string[];
  readonly whileAlive?: WhileAlive;
}

/** What a death cost. */
export interface Death {
  readonly how: string;
  /** How many requests the next life made again; undefined before it. */
  again?: number;
}

/** A run that is made to suffer, goes on to its end, and is counted. */
export class Play implements Disposable {
  readonly row: Case;
  readonly log: Log;
  readonly faults = new Faults();
  readonly deaths: Death[] = [];
  /** How runs ended whose disk was at fault, and what they said. */
  readonly ends: { readonly fault: string; readonly code: number; readonly said: string }[] = [];
  /** The folder of its outputs. */
  readonly folder: string;
  /** Requests that the run makes in all, without retries. */
  readonly requests: number;
  readonly #stage: Stage;
  readonly #key: string;
  readonly #url: string;
  readonly #args: readonly string[];

  static async open(row: Case, stage: Stage): Promise<Play> {
    const [input, output] = [`${stage.folder}/in`, `${stage.folder}/out`];
    await Deno.mkdir(input);
    await Deno.mkdir(output);
    const url = stage.server.url(`c${row.seed}`);
    const source = await writeInput(row, input, url);
    const shown = ["--json", "--progress", "none"];
    const args = [...source, ...row.flags, ...fileFlags(row.files, output), ...shown];
    return new Play(row, stage, url, args);
  }

  private constructor(row: Case, stage: Stage, url: string, args: readonly string[]) {
    this.row = row;
    this.log = new Log(row.seed, countSlots(row), row.paceMs);
    this.folder = `${stage.folder}/out`;
    this.requests = row.numbers.length * row.steps;
    this.#stage = stage;
    this.#key = `c${row.seed}`;
    this.#url = url;
    this.#args = args;
    stage.server.open(this.#key, this.log);
  }

  /** The command, as it is resumed. */
  get command(): string {
    return runWords([...this.#args, "--resume"], this.row.isFast).map(quote).join(" ");
  }

  /** How many requests were not made yet, at least 1. @param all how many there are */
  countLeft(all: number): number {
    return Math.max(1, all - this.log.seen);
  }

  /** Lets a process go on with the run, and notes whether it died. */
  async live(flag: "--resume" | "--retry-failed", life: Life): Promise<Ended> {
    const { isFast } = this.row;
    this.log.beginLife();
    const options = { isFast, abort: this.#stage.abort, within: life.within };
    const ended = await live([...this.#args, flag], options, life.whileAlive);
    const last = this.deaths.at(-1);
    if (last !== undefined) last.again ??= this.log.again;
    if (ended.hasDied) this.deaths.push({ how: life.when });
    return ended;
  }

  /** Lets the run come to its end, and counts everything. */
  async end(
    flag: "--resume" | "--retry-failed",
    before?: readonly Record[],
  ): Promise<Record[] | undefined> {
    const when = flag === "--resume" ? "in the end" : "in the end of the retry";
    const ended = await this.live(flag, { when });
    this.checkEnd(ended, when);
    if (this.#stage.abort.aborted) return undefined;
    return await countAll(this.row, {
      url: this.#url,
      folder: this.folder,
      log: this.log,
      // A run that had come to its end before has the same.
      summary: ended.stdout,
      before,
    }, this.faults);
  }

  /** What a run says is known. */
  checkEnd({ code, stderr, hasDied }: Ended, when: string): void {
    const { faults } = this;
    if (this.#stage.abort.aborted) return;
    if (hasDied) {
      const isKnown = stderr === "" || /^myriad: /.test(stderr);
      faults.unless(isKnown, "a run that died said something strange", () => `${when}: ${stderr}`);
      return;
    }
    const strange = stderr.split("\n").filter((line) => line !== "" && !KNOWN.test(line));
    faults.unless(
      (code === 0 || code === 1) && strange.length === 0,
      "a run did not end well",
      () => `${when}: exit code ${code}, ${stderr.slice(0, 300)}`,
    );
  }

  /** Notes how a run ended whose disk was at fault. */
  tellEnd(fault: string, { code, stderr }: Ended): void {
    this.ends.push({ fault, code, said: stderr.trim().replaceAll(`${this.folder}/`, "") });
  }

  /** A run that could not go on says so in one sentence, with its exit code. */
  checkRefusal({ code, stderr, hasDied }: Ended, when: string): void {
    if (this.#stage.abort.aborted) return;
    const said = stderr.split("\n").filter((line) => !KNOWN.test(line)).join("\n");
    const isSentence = /^myriad: Cannot [^\n]+\n$/.test(said) && !/(Cannot .*){2}/.test(said);
    this.faults.unless(
      !hasDied && isSentence && (code === 2 || code === 3),
      "what the user is told is not one sentence",
      () => `${when}: exit code ${code}, ${stderr.slice(0, 400)}`,
    );
  }

  [Symbol.dispose](): void {
    this.#stage.server.close(this.#key);
  }
}

/** What a run may say that comes to its end. */
const KNOWN = new RegExp(
  "^myriad: (nothing to (resume|retry)|made [\\d,]+ failed request" +
    "|[\\d.]+ % of the starts were late|the requests were made by fetch)",
);

function quote(word: string): string {
  return /^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
