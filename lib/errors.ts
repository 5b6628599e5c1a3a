/**
 * Why the program ends without having done what it was asked for. Each error has its exit code.
 *
 * @module
 */

/** The exit code of everything that is not the user's mistake: the run could not continue. */
const EXIT_FAILED = 3;

/** The user's mistake, in one line: what is wrong, and after a colon how to fix it. */
export class UsageError extends Error {
  override name = "UsageError";
  readonly exitCode = 2;
}

/** An input could not be read to its end. */
export class InputError extends Error {
  override name = "InputError";
  readonly exitCode = EXIT_FAILED;
  /** Whether all the data in it was read, so that a last line without its end is a line. */
  readonly isDataWhole: boolean;

  constructor(message: string, isDataWhole = false) {
    super(message);
    this.isDataWhole = isDataWhole;
  }
}

/** An output could not be written: the disk is full, or the file system is gone. */
export class OutputError extends Error {
  override name = "OutputError";
  readonly exitCode = EXIT_FAILED;
}

/**
 * What is wrong with the bus of a cluster, or with the run on it:
 *
 * - `away`: no answer; it may be back soon, and nobody knows whether it was done
 * - `full`: the store of the run is full, until something in it is collected
 * - `gone`: the run is not on the bus, or not whole
 * - `denied`: the NATS user has no permission for it
 * - `failed`: anything else, such as a run that somebody else has stopped
 */
export type BusTrouble = "away" | "full" | "gone" | "denied" | "failed";

/** The bus of a cluster did not do what it was asked for, or the run on it cannot go on. */
export class BusError extends Error {
  override name = "BusError";
  readonly exitCode = EXIT_FAILED;
  readonly trouble: BusTrouble;

  constructor(message: string, trouble: BusTrouble, options?: ErrorOptions) {
    super(message, options);
    this.trouble = trouble;
  }
}

/** The reader of standard output has closed it: nothing is wrong, but continuing has no use. */
export class ClosedPipe extends Error {
  override name = "ClosedPipe";
  readonly exitCode = EXIT_FAILED;
}

/** A run that had no success for too long. */
export class NoProgressError extends Error {
  override name = "NoProgressError";
  readonly exitCode = EXIT_FAILED;
}

/** The exit codes of a program that a signal ends: 128 and the signal's number. */
export const EXIT_OF_SIGNAL = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** The user ended it by a signal, before anything was requested. */
export class InterruptedError extends Error {
  override name = "InterruptedError";
  readonly exitCode: number;

  constructor(signal: keyof typeof EXIT_OF_SIGNAL) {
    super("interrupted");
    this.exitCode = EXIT_OF_SIGNAL[signal];
  }
}

/** The exit code for what a program threw; an error of another kind is a failure, too. */
export function toExitCode(error: unknown): number {
  const exitCode = error instanceof Error && "exitCode" in error ? error.exitCode : EXIT_FAILED;
  return typeof exitCode === "number" ? exitCode : EXIT_FAILED;
}
