/** How this same program is started again. */
export interface OwnProgramOptions {
  /** Flags for V8, where they can be given: a compiled program has its own. */
  readonly v8Flags?: string;
}

/**
 * Starts a job in the background, prints its number, and ends as it does. A process takes the peak
 * of its memory over from the one that started it (Linux keeps it over `exec`), and of the two this
 * shell is by far the smaller. It outlives a Ctrl-C, which goes to all of them: whoever started it
 * ends its job.
 */
const SHELL = 'trap "" INT TERM HUP; "$@" & echo $!; wait $!';

/** A process of this same program. */
export class SelfProcess {
  /** What it prints, line by line. */
  readonly lines: ReadableStreamDefaultReader<string>;
  readonly #shell: Deno.ChildProcess;
  readonly #said: Promise<string>;
  #pid: number | undefined;
  #hasEnded = false;

  /**
   * Starts it, from its source or compiled, with no permission but to listen at the loopback's
   * address and to talk to it.
   *
   * @param args its command line
   */
  static async start(
    args: readonly string[],
    { v8Flags }: OwnProgramOptions = {},
  ): Promise<SelfProcess> {
    const run = Deno.build.standalone ? [] : [
      "run",
      "--quiet",
      "--no-prompt",
      ...(v8Flags === undefined ? [] : [`--v8-flags=${v8Flags}`]),
      "--allow-net=127.0.0.1",
      Deno.mainModule,
    ];
    const program = new SelfProcess([Deno.execPath(), ...run, ...args]);
    program.#pid = Number((await program.lines.read()).value);
    return program;
  }

  private constructor(command: readonly string[]) {
    this.#shell = new Deno.Command("sh", {
      args: ["-c", SHELL, "sh", ...command],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      // Native fetch would take the way through a proxy, which is not what is compared.
      env: { NO_PROXY: "127.0.0.1", no_proxy: "127.0.0.1" },
    }).spawn();
    this.lines = this.#shell.stdout.pipeThrough(new TextDecoderStream())
      .pipeThrough(new LineStream()).getReader();
    this.#said = new Response(this.#shell.stderr).text();
    this.#shell.status.then(() => this.#hasEnded = true);
  }

  /** Its own number, not the shell's. */
  get pid(): number {
    return this.#pid!;
  }

  /** What it said on standard error, once it has ended. */
  get stderr(): Promise<string> {
    return this.#said;
  }

  /** Ends it at once. */
  kill(): void {
    // Its number may be another's by then.
    if (this.#hasEnded) return;
    try {
      Deno.kill(this.pid, "SIGKILL");
    } catch {
      // It has ended already.
    }
  }

  /** Whether it succeeded, once it has ended. */
  async hasSucceeded(): Promise<boolean> {
    return (await this.#shell.status).success;
  }

  /** Ends it, and lets go of what it prints. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.lines.cancel();
    await this.#said;
    await this.#shell.status;
  }
}

/** Cuts text into lines, without their ends; the last may have none. */
class LineStream extends TransformStream<string, string> {
  constructor() {
    let rest = "";
    super({
      transform: (text, controller) => {
        const lines = (rest + text).split("\n");
        rest = lines.pop()!;
        for (const line of lines) controller.enqueue(line);
      },
      flush: (controller) => {
        if (rest !== "") controller.enqueue(rest);
      },
    });
  }
}
