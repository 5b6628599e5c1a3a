import type { BusOptions } from "../options/run_options.ts";
import { countThreads } from "../threads/shares.ts";
import { findWorkerCode } from "../threads/start_worker.ts";
import type { FoundRun } from "./find_run.ts";
import { RunWorker, type Work } from "./run_worker.ts";
import { WorkThreads } from "./work_threads.ts";

/** What takes part in a run: one worker in this thread, or several in threads of this process. */
export interface Participant {
  /** Works until the run is over, or {@linkcode leave}. Call it once. */
  run(): Promise<Work>;
  /** Starts no more requests. @returns how many are in flight */
  leave(): number;
}

/** What a process takes part with. */
export interface ParticipantOptions {
  readonly bus: BusOptions;
  /** Its name among the workers: 8 letters and digits. */
  readonly name: string;
  readonly key: Uint8Array | undefined;
  /** The version of this program. */
  readonly version: string;
  /** Called with what the user should know. */
  readonly say: (text: string) => void;
}

/**
 * Makes what takes part in a run, by the threads that the run asks for.
 *
 * @throws {UsageError} If threads cannot be started.
 */
export async function openParticipant(
  { bus, spec, options }: FoundRun,
  { bus: busOptions, name, key, version, say }: ParticipantOptions,
): Promise<Participant> {
  const { hasOneHost } = spec;
  const count = countThreads(options, { hasOneHost });
  if (count === 1) {
    bus.onNotice = say;
    return new RunWorker(bus, { name, spec, options, say });
  }
  return new WorkThreads(await findWorkerCode("../cluster/work_thread.ts"), {
    setup: { bus: busOptions, run: bus.run, key, version, name },
    count,
    say,
  });
}
