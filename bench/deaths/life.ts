import { myriadCommand, PERMISSIONS, projectPath } from "../root.ts";
import { sendSignal } from "../send_signal.ts";

/** What became of a process. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether it ended by what was done to it, and not by itself. */
  readonly hasDied: boolean;
}

/** How the program is started. */
export interface StartOptions {
  readonly isFast: boolean;
  /** Ends everything. */
  readonly abort: AbortSignal;
  /** Words before the program's own: those of a program that runs it. */
  readonly within?: readonly string[] | undefined;
}

/**
 * What is done to a process while it lives.
 *
 * @param pid its process, and its group of processes
 * @param ended fulfils once it is over
 * @returns whether it was killed
 */
export type WhileAlive = (pid: number, ended: Promise<unknown>) => Promise<boolean>;

/** Loaded before the program: a second of its clock goes by in 40 ms. */
const FAST = `--preload=${projectPath("tests/fixtures/fast_clock.ts")}`;
/** The longest that a run may take; the longest is meant to take 10 s. */
const MAX_MS = 180_000;

/** The words of the command of a run, as they are started and as they are printed. */
export function runWords(args: readonly string[], isFast: boolean): string[] {
  const permissions = [...PERMISSIONS, "--no-prompt", "--allow-ffi", ...isFast ? [FAST] : []];
  return myriadCommand(args, { permissions });
}

/** Runs the program to its end. */
export async function live(
  args: readonly string[],
  { isFast, abort, within = [] }: StartOptions,
  whileAlive: WhileAlive = () => Promise.resolve(false),
): Promise<Ended> {
  const [program, ...words] = [...within, ...runWords(args, isFast)];
  const child = new Deno.Command(program, {
    args: words,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
    // What runs it may leave it behind: all of its group is killed.
    detached: true,
  }).spawn();
  const kill = (): void => killGroup(child.pid, "SIGKILL");
  const limit = setTimeout(kill, MAX_MS);
  abort.addEventListener("abort", kill, { once: true });
  if (abort.aborted) kill();
  try {
    const output = child.output();
    const wasKilled = whileAlive(child.pid, output);
    // It may have stopped the process, which then would never end.
    wasKilled.catch(kill);
    const { code, stdout, stderr, signal } = await output;
    const decoder = new TextDecoder();
    return {
      code,
      stdout: decoder.decode(stdout),
      stderr: decoder.decode(stderr),
      hasDied: await wasKilled || signal !== null,
    };
  } finally {
    clearTimeout(limit);
    abort.removeEventListener("abort", kill);
    kill();
  }
}

/** Stops the program at some calls only, so that the others cost nothing. */
export const STRACE = ["strace", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null"];

/** Sends a signal to a process and all that it has started. */
export function killGroup(pid: number, signal: Deno.Signal): void {
  sendSignal(-pid, signal);
}
