/** Options for {@linkcode SelfProcess.start}. */
export interface SelfProcessOptions {
  /** Flags for V8; a compiled program ignores them, since it has its own. */
  readonly v8Flags?: string;
}

/**
 * Starts a program in the background, prints its process id, and ends with its status. Linux keeps
 * the peak memory of a parent over `exec`: the peak of this shell is far below that of the program.
 * The shell survives a Ctrl-C, which goes to all processes; {@linkcode SelfProcess.kill} ends both.
 */
const SHELL = 'trap "" INT TERM HUP; "$@" & echo $!; wait $!';

/** Another process of this same program. */
export class SelfProcess {
  /** The lines of its standard output. */
  readonly lines: ReadableStreamDefaultReader<string>;
  /** Its standard error, once it has ended. */
  readonly stderr: Promise<string>;
  readonly #shell: Deno.ChildProcess;
  #pid: number | undefined;
  #hasEnded = false;

  /**
   * Starts the program, from its source or compiled. Its one permission is the network of the
   * loopback address.
   *
   * @param args the command line
   */
  static async start(
    args: readonly string[],
    { v8Flags }: SelfProcessOptions = {},
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
      // Through a proxy, native fetch would measure the proxy.
      env: { NO_PROXY: "127.0.0.1", no_proxy: "127.0.0.1" },
    }).spawn();
    this.lines = this.#shell.stdout.pipeThrough(new TextDecoderStream())
      .pipeThrough(new LineStream()).getReader();
    this.stderr = new Response(this.#shell.stderr).text();
    this.#shell.status.then(() => this.#hasEnded = true);
  }

  /** The process id of the program, not of the shell. */
  get pid(): number {
    return this.#pid!;
  }

  /** Ends the process at once. */
  kill(): void {
    // Another process may have its id by now.
    if (this.#hasEnded) return;
    try {
      Deno.kill(this.pid, "SIGKILL");
    } catch {
      // It has ended already.
    }
  }

  /** Waits for the end. @returns whether the process succeeded */
  async hasSucceeded(): Promise<boolean> {
    return (await this.#shell.status).success;
  }

  /** Ends the process, and closes its streams. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.lines.cancel();
    await this.stderr;
    await this.#shell.status;
  }
}

/**
 * Reads the resident memory of a process by `ps`, in units of 1,024 bytes; undefined if the process
 * has ended, or there is no `ps`.
 */
export async function readResidentKb(pid: number): Promise<number | undefined> {
  try {
    const { stdout } = await new Deno.Command("ps", {
      args: ["-o", "rss=", "-p", `${pid}`],
      stderr: "null",
    }).output();
    const kb = Number.parseInt(new TextDecoder().decode(stdout));
    return Number.isNaN(kb) ? undefined : kb;
  } catch {
    return undefined;
  }
}

/** Splits text into lines, without their line feeds; the last line may lack one. */
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
