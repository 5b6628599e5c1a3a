import type { SoakSample } from "./run.ts";

/** What a part of a soak came to. */
export interface Part {
  readonly residentMb: number;
  readonly descriptors: number;
  /** Requests done a second. */
  readonly perSecond: number;
  readonly cpuMicros: number;
  readonly inFlight: number;
  /** The mean of the delays that the server drew. */
  readonly drawnMs: number;
  /** The mean time from a request's arrival at the server to its response. */
  readonly heldMs: number;
  /** What the client's latency is above that, as a mean. */
  readonly addedMs: number;
  /** How late starts were by the client's own doing, as a mean; undefined without a rate. */
  readonly ownLateMs: number | undefined;
  readonly serverCpuMicros: number;
  /** The client's CPU a request by the server's: other work on the machine slows down both alike. */
  readonly cpuByServer: number;
  /** The load of the machine, on which other programs may run. */
  readonly load: number;
}

/**
 * Sums up the samples of a part of the time.
 *
 * @param from where it begins, in seconds
 * @param to where it ends
 * @returns undefined if it has fewer than two samples
 */
export function toPart(
  all: readonly SoakSample[],
  { from, to }: { from: number; to: number },
): Part | undefined {
  const samples = all.filter(({ seconds }) => seconds >= from && seconds <= to);
  const [first, last] = [samples[0], samples.at(-1)!];
  if (samples.length < 2) return undefined;
  const mean = (of: (sample: SoakSample) => number): number =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const done = last.done - first.done;
  const served = last.count - first.count;
  const heldMs = (last.heldMs - first.heldMs) / served;
  const cpuMicros = (last.cpuSeconds - first.cpuSeconds) * 1e6 / done;
  const serverCpuMicros = (last.serverCpuSeconds - first.serverCpuSeconds) * 1e6 / served;
  return {
    residentMb: mean(({ residentKb }) => residentKb) / 1024,
    descriptors: mean(({ descriptors }) => descriptors),
    perSecond: done / (last.seconds - first.seconds),
    cpuMicros,
    inFlight: mean(({ inFlight }) => inFlight),
    drawnMs: (last.drawnMs - first.drawnMs) / served,
    heldMs,
    addedMs: (last.latencySeconds - first.latencySeconds) * 1000 / done - heldMs,
    ownLateMs: last.ownLateSeconds === undefined
      ? undefined
      : (last.ownLateSeconds - first.ownLateSeconds!) * 1000 / done,
    serverCpuMicros,
    cpuByServer: cpuMicros / serverCpuMicros,
    load: mean(({ load }) => load),
  };
}
