import { InterruptedError, UsageError } from "../errors.ts";
import { writeAll } from "../process/write_all.ts";

/** The maximum number of bytes of a password. */
const MAX_BYTES = 4_096;

const CTRL_C = 0x03;
const CTRL_D = 0x04;
const BACKSPACE = 0x08;
const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const CTRL_U = 0x15;
const ESCAPE = 0x1b;
const SPACE = 0x20;
const DELETE = 0x7f;

/** An escape sequence of a key (ECMA-48 §5.4), and its beginning. */
// deno-lint-ignore no-control-regex
const SEQUENCE = /^\x1b(?:\[[\x20-\x3f]*[\x40-\x7e]|O.)$/;
// deno-lint-ignore no-control-regex
const SEQUENCE_START = /^\x1b(?:\[[\x20-\x3f]{0,16}|O)$/;

/**
 * Asks for a password on the terminal of standard input, without showing what is typed. It takes
 * one line and leaves the rest of standard input to others. The terminal is as before afterwards.
 *
 * `promptSecret` of `@std/cli` does not serve: the question would go to standard output, where
 * records can go, and Ctrl-C would leave the terminal without echo. This is shown by the test "std's
 * promptSecret() is not for a program whose records go to stdout".
 *
 * @param signal gives up the question
 * @throws {InterruptedError} If Ctrl-C is pressed, or Ctrl-D before any character.
 * @throws {UsageError} If the password is longer than 4,096 bytes.
 * @throws The signal's reason, if it is aborted.
 */
export async function promptPassword(question: string, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  // The signal can come while the question is written, before anybody waits for this promise.
  aborted.promise.catch(() => {});
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  // Ctrl-C then is a byte, not a signal that ends the process before the echo is back.
  Deno.stdin.setRaw(true);
  try {
    await writeAll(Deno.stderr, new TextEncoder().encode(question));
    return await Promise.race([readLine(), aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    Deno.stdin.setRaw(false);
    await writeAll(Deno.stderr, Uint8Array.of(LF)).catch(() => {});
  }
}

async function readLine(): Promise<string> {
  const bytes = new Uint8Array(MAX_BYTES);
  let length = 0;
  // One at a time: what follows the line is not for this.
  const byte = new Uint8Array(1);
  let sequence = "";
  while (await Deno.stdin.read(byte) !== null) {
    const [code] = byte;
    // The keys of arrows and the like send ESC, `[` or `O`, parameters, and a final byte.
    if (sequence === "" && code === ESCAPE) {
      sequence = "\x1b";
      continue;
    }
    if (sequence !== "") {
      sequence += String.fromCharCode(code);
      if (SEQUENCE_START.test(sequence)) continue;
      const isWhole = SEQUENCE.test(sequence);
      sequence = "";
      if (isWhole) continue;
    }
    if (code === CTRL_C || (code === CTRL_D && length === 0)) throw new InterruptedError("SIGINT");
    if (code === CR || code === LF || code === CTRL_D) break;
    if (code === CTRL_U) length = 0;
    else if (code === BACKSPACE || code === DELETE) length = cutCharacter(bytes, length);
    else if (code >= SPACE || code === TAB) {
      if (length === MAX_BYTES) {
        throw new UsageError(`Cannot use the password: it has more than ${MAX_BYTES} bytes`);
      }
      bytes[length++] = code;
    }
  }
  return new TextDecoder().decode(bytes.subarray(0, length));
}

/** The length without the last character, which has one to four bytes in UTF-8. */
function cutCharacter(bytes: Uint8Array, length: number): number {
  let end = Math.max(0, length - 1);
  while (end > 0 && (bytes[end] & 0b1100_0000) === 0b1000_0000) end--;
  return end;
}
