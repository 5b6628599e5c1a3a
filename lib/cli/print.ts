/**
 * What a command prints, whole and safe for a terminal, and how a program ends.
 *
 * @module
 */
import { OutputError, toExitCode } from "../errors.ts";
import { describeWriteError } from "../process/os_error.ts";
import { writeAll } from "../process/write_all.ts";
import { escapeForTerminal } from "../text/escape.ts";
import { withoutSecretsWithin } from "../text/secrets.ts";

/** Standard output or standard error. */
export type Stream = typeof Deno.stdout | typeof Deno.stderr;

const encoder = new TextEncoder();

/**
 * Prints a text whole. It is not an error if the reader has gone, or if standard error cannot be
 * written: nobody could be told.
 *
 * @throws {OutputError} If standard output cannot be written, for example because the disk is full.
 */
export async function print(text: string, stream: Stream = Deno.stdout): Promise<void> {
  try {
    await writeAll(stream, encoder.encode(text));
  } catch (error) {
    if (stream === Deno.stderr || error instanceof Deno.errors.BrokenPipe) return;
    throw new OutputError(`Cannot write to standard output: ${describeWriteError(error)}`);
  }
}

/** Prints on standard error before anything else happens. */
export function printAtOnce(text: string): void {
  if (text === "") return;
  try {
    Deno.stderr.writeSync(encoder.encode(text));
  } catch {
    // The terminal may be gone.
  }
}

/**
 * A message as a line for standard error. The message can repeat what a server sent, and URLs with
 * a password or a token: it is escaped, and they are taken out.
 */
export function formatMessage(text: string): string {
  return `myriad: ${escapeForTerminal(withoutSecretsWithin(text))}`;
}

/** Prints what went wrong as one line on standard error, never a stack trace. */
export async function complain(error: unknown): Promise<void> {
  const message = error instanceof Error ? error.message : String(error);
  await print(`${formatMessage(message.replaceAll("\n", " "))}\n`, Deno.stderr);
}

/** Runs a program, says in one line why it failed if it did, and ends the process. */
export async function runProgram(program: () => Promise<number>): Promise<never> {
  // Deno aborts if the first error stack is read when no file descriptor is left: read one now.
  void new Error().stack;
  let code;
  try {
    code = await program();
  } catch (error) {
    await complain(error);
    code = toExitCode(error);
  }
  // A pending read of standard input would keep the process alive.
  Deno.exit(code);
}
