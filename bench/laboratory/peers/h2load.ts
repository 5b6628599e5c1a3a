import type { Measured } from "../../meter.ts";
import { findH2load } from "../../peers/h2load.ts";
import type { Client, Order, Report } from "../client.ts";
import { toBody } from "../mix.ts";

/** The requests at once on a connection of HTTP/2. */
const STREAMS = 10;

/** h2load. It repeats one URL, so it makes the GETs first and then the POSTs. Undefined without it. */
export async function findH2loadClient(): Promise<Client | undefined> {
  const found = await findH2load();
  if (found === undefined) return undefined;
  return {
    name: "h2load",
    version: found.version,
    protocols: ["http", "https", "h2"],
    hasRetries: false,
    hasPauses: false,
    async prepare(order) {
      await Deno.writeTextFile(toBodyFile(order), toBody("/post/"));
    },
    command(order) {
      const { list, concurrency, protocol, isMixed, timeoutSeconds, requests } = order;
      const way = protocol === "h2"
        ? `-c ${Math.ceil(concurrency / STREAMS)} -m ${STREAMS}`
        : `--h1 -c ${concurrency}`;
      const flags = `${way} -N ${timeoutSeconds}`;
      const half = Math.floor(requests / 2);
      const runs = isMixed
        ? [`-n ${half} ${flags}`, `-n ${requests - half} -d "$2" ${flags}`]
        : [`-n ${requests} ${flags}`];
      // The first line of the list is an upload, the next ones are a GET and a POST.
      const lines = isMixed ? [2, 3] : [1];
      const script = runs.map((run, k) => `h2load ${run} "$(sed -n ${lines[k]}p "$1")"`);
      return ["sh", "-c", script.join("; "), "sh", list, toBodyFile(order)];
    },
    read: (_, output) => Promise.resolve(read(output)),
  };
}

function toBodyFile({ folder }: Order): string {
  return `${folder}/body`;
}

function read({ stdout }: Measured): Report {
  const sum = (pattern: RegExp): number =>
    [...stdout.matchAll(pattern)].reduce((all, [, count]) => all + Number(count), 0);
  const ok = sum(/^status codes: (\d+) 2xx,/gm);
  const succeeded = sum(/^requests: .* (\d+) succeeded,/gm);
  // Errors and timeouts among them.
  return { ok, failed: sum(/^requests: .* (\d+) failed,/gm) + succeeded - ok };
}
