import { adoptSlices } from "./adopt_slices.ts";
import type { RunBus } from "./bus/run_bus.ts";
import type { QueuedSlice } from "./bus/slice_queue.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Publisher } from "./publisher.ts";
import type { SliceResults } from "./slice_results.ts";

/** What takes over slices. */
export interface TakeOverParts {
  readonly run: RunBus;
  readonly lifecycle: Lifecycle;
  readonly publisher: Publisher;
  readonly results: SliceResults;
}

/**
 * Takes over what an earlier submitter has left on the bus: commits are collected, slices whose
 * numbers are all open stay in the queue, and the rest goes.
 *
 * @param queued the slices that were in the queue before its commits were read
 * @param isOpen whether the run has a request of that number that is not done
 * @returns how many slices stay in the queue
 */
export async function takeOver(
  { run, lifecycle, publisher, results }: TakeOverParts,
  queued: readonly QueuedSlice[],
  options: { readonly step: number; readonly isOpen: (i: number) => boolean },
): Promise<number> {
  const earlier = await results.endEarlier();
  const others = queued.filter(({ slice }) => !earlier.has(slice.id));
  const { adopted, rejected, runs } = adoptSlices(others, options);
  for (const one of rejected) await lifecycle.persist(() => run.queue.remove(one));
  const slices = adopted.map(({ slice }) => slice);
  publisher.adopt(slices, runs);
  for (const { id } of slices) {
    // It may have come before.
    const commit = await lifecycle.persist(() => run.commits.read(id));
    if (typeof commit === "object") results.add(commit);
  }
  // What was collected meanwhile goes once a journal has it.
  const known = new Set([...earlier, ...slices.map(({ id }) => id)]);
  for (const name of await lifecycle.persist(() => run.store.list())) {
    const [kind, id] = name.split(".");
    if (kind === "spec" || known.has(id)) continue;
    await lifecycle.persist(() => run.store.dropName(name));
  }
  return slices.length;
}
