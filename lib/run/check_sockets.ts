import { ENGINES } from "../engine/engines.ts";
import { UsageError } from "../errors.ts";
import type { RunOptions } from "../options/run_options.ts";
import { countFreeDescriptors } from "../process/descriptors.ts";

/** Sockets and files that a run needs in addition to its connections: name servers, signals. */
const SPARE_DESCRIPTORS = 16;
/** The connection to the receiver of metrics, and what it takes to make it. */
const DESCRIPTORS_OF_OTLP = 3;
/** The listener of the metrics server, and its connections. */
const DESCRIPTORS_OF_METRICS = 17;
/** 16 bodies on their way to the disk, each opened twice, and what is kept in reserve for them. */
const DESCRIPTORS_OF_BODIES = 36;
/** What a worker has beside its connections, with the timer of a rate. */
const DESCRIPTORS_OF_THREAD = 12;
/** Every system allows this many sockets; where one does not, the requests of one thread share them. */
const ALWAYS_AVAILABLE = 200;

/**
 * Refuses a run for which there are too few sockets, where each request may need one.
 *
 * @throws {UsageError} If there are.
 */
export function checkSockets(
  { concurrency, requests, metrics, otlp, saveBodies, engine, threads }: RunOptions,
): void {
  // Over HTTP/2, requests share connections: how many it takes, only the server's limit of streams
  // tells. If sockets run out, requests wait for them.
  if (!ENGINES[engine].lacks.includes("HTTP/2 only")) return;
  const wanted = Math.min(concurrency, requests);
  const count = Math.min(threads, wanted);
  // Threads do not share theirs: one could be left without any until its requests time out.
  if (wanted <= ALWAYS_AVAILABLE && count === 1) return;
  const spare = SPARE_DESCRIPTORS + (metrics === undefined ? 0 : DESCRIPTORS_OF_METRICS) +
    (otlp === undefined ? 0 : DESCRIPTORS_OF_OTLP) +
    (saveBodies === undefined ? 0 : DESCRIPTORS_OF_BODIES) +
    (count === 1 ? 0 : (count + 1) * DESCRIPTORS_OF_THREAD);
  const most = countFreeDescriptors(wanted + spare) - spare;
  if (most >= wanted) return;
  const remedy = count > 1 && most < count ? "--threads 1" : `--concurrency ${most}`;
  throw new UsageError(
    `Cannot have ${wanted} requests in flight, as this process may open only ` +
      `${Math.max(0, most)} sockets: use '${remedy}', or raise the limit by 'ulimit -n'`,
  );
}
