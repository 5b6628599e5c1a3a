/** What a process printed and cost. */
export interface Measured {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
  /** From its start to its end. */
  readonly seconds: number;
  /** User and system time; undefined without GNU time. */
  readonly cpuSeconds: number | undefined;
  /**
   * The most memory at once, in units of 1,024 bytes, of the largest of its processes; undefined
   * without GNU time.
   */
  readonly peakKilobytes: number | undefined;
}

/** Somebody has ended the benches. */
export class Interrupted extends Error {}

/** Debian's package `time`; the shell's own `time` knows no memory. */
const GNU_TIME = "/usr/bin/time";
/** The longest that a client may take; the longest bench is meant to take 3 minutes. */
const LIMIT_SECONDS = 1200;

/**
 * Runs a client, and takes what it cost from the operating system, for all clients by the same way:
 * what a client says of itself may leave its start or its threads out.
 */
export class Meter {
  /** Whether GNU time is there; without it neither CPU nor memory can be measured. */
  readonly hasTime: boolean;
  readonly #file: string;
  readonly #abort: AbortController;

  /** @param file where GNU time may write */
  static async open(file: string): Promise<Meter> {
    const output = await runCommand([GNU_TIME, "--version"]);
    // Others, as that of BusyBox, know no --version.
    const hasTime = output !== undefined && /GNU/.test(output.stdout + output.stderr);
    return new Meter(file, hasTime, new AbortController());
  }

  private constructor(file: string, hasTime: boolean, abort: AbortController) {
    this.#file = file;
    this.hasTime = hasTime;
    this.#abort = abort;
  }

  /** A meter for what runs at the same time. Whoever stops one of them stops both. */
  beside(): Meter {
    return new Meter(`${this.#file}.${crypto.randomUUID()}`, this.hasTime, this.#abort);
  }

  /**
   * @param limitSeconds the longest that it may take
   * @throws {Error} If the command cannot be found or takes too long.
   * @throws {Interrupted} If it is stopped, or was before.
   */
  async run(command: readonly string[], limitSeconds = LIMIT_SECONDS): Promise<Measured> {
    // `timeout` ends the whole group: GNU time alone would leave its child behind. A client may take
    // its time over a SIGTERM, after GNU time has ended by it, and would be there in the next run.
    const limited = ["timeout", "--signal=KILL", `${limitSeconds}`];
    const timed = [GNU_TIME, "-f", "%U %S %M", "-o", this.#file];
    this.#throwIfStopped();
    const start = performance.now();
    const output = await runCommand(
      [...limited, ...(this.hasTime ? timed : []), ...command],
      this.#abort.signal,
    );
    this.#throwIfStopped();
    if (output === undefined) throw new Error("Cannot run 'timeout': install coreutils");
    const seconds = (performance.now() - start) / 1000;
    if (seconds >= limitSeconds) throw new Error(`${command[0]} took over ${limitSeconds} s`);
    if (!this.hasTime) {
      return { ...output, seconds, cpuSeconds: undefined, peakKilobytes: undefined };
    }
    // A line before the last tells of an exit code that isn't 0, as wrk's and myriad's may be.
    const last = (await Deno.readTextFile(this.#file)).trimEnd().split("\n").at(-1)!;
    const [user, system, peakKilobytes] = last.split(" ").map(Number);
    return { ...output, seconds, cpuSeconds: user + system, peakKilobytes };
  }

  #throwIfStopped(): void {
    if (this.isStopped) throw new Interrupted();
  }

  get isStopped(): boolean {
    return this.#abort.signal.aborted;
  }

  /** Aborted once all benches are to end. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /**
   * Ends the client that runs, for in a group of its own it doesn't hear of Ctrl-C, and all benches
   * by an {@linkcode Interrupted}.
   */
  stop(): void {
    this.#abort.abort();
  }

  /**
   * Stops at Ctrl-C and SIGTERM. The bench then ends what it has started; a second Ctrl-C does not wait
   * for that.
   */
  stopOnSignals(): void {
    let interrupts = 0;
    Deno.addSignalListener("SIGINT", () => ++interrupts > 1 ? Deno.exit(130) : this.stop());
    if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", () => this.stop());
  }
}

/** What a command printed, whatever its exit code; undefined if there is no such command. */
export async function runCommand(
  [command, ...args]: readonly string[],
  signal?: AbortSignal,
): Promise<{ stdout: string; stderr: string; code: number } | undefined> {
  try {
    const { stdout, stderr, code } = await new Deno.Command(command, {
      args,
      stdin: "null",
      signal,
    })
      .output();
    const decoder = new TextDecoder();
    return { stdout: decoder.decode(stdout), stderr: decoder.decode(stderr), code };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
