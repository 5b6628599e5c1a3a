import type { Measured } from "../../meter.ts";
import { findHey } from "../../peers/hey.ts";
import type { Client, Order, Report } from "../client.ts";
import { toBody } from "../mix.ts";

/** hey. It repeats one URL, so it makes the GETs first and then the POSTs. Undefined without it. */
export async function findHeyClient(): Promise<Client | undefined> {
  const found = await findHey();
  if (found === undefined) return undefined;
  return {
    name: "hey",
    version: found.version,
    protocols: ["http", "https", "h2"],
    hasRetries: false,
    hasPauses: false,
    async prepare(order) {
      await Deno.writeTextFile(toBodyFile(order), toBody("/post/"));
    },
    command(order) {
      const { list, concurrency, protocol, isMixed, timeoutSeconds } = order;
      const flags = `-c ${concurrency} -t ${timeoutSeconds} ${protocol === "h2" ? "-h2" : ""}`;
      const halves = isMixed
        ? [`-n ${toHalf(order)} ${flags}`, `-n ${toHalf(order)} -m POST -D "$2" ${flags}`]
        : [`-n ${2 * toHalf(order)} ${flags}`];
      // The first line of the list is an upload, the next ones are a GET and a POST.
      const lines = isMixed ? [2, 3] : [1];
      const script = halves.map((half, k) => `hey ${half} "$(sed -n ${lines[k]}p "$1")"`);
      return ["sh", "-c", script.join("; "), "sh", list, toBodyFile(order)];
    },
    read: (order, output) => Promise.resolve(read(order, output)),
  };
}

function toBodyFile({ folder }: Order): string {
  return `${folder}/body`;
}

/** It makes as many on each connection. */
function toHalf({ requests, concurrency }: Order): number {
  return Math.max(1, Math.floor(requests / 2 / concurrency)) * concurrency;
}

function read(order: Order, { stdout }: Measured): Report {
  const sum = (pattern: RegExp): number =>
    [...stdout.matchAll(pattern)].reduce((all, [, count]) => all + Number(count), 0);
  // A count and a text, unlike the counts of statuses: `[3] Get "http://…": dial tcp …`.
  const [statuses, errors] = [/^\s+\[\d+\]\s+(\d+) responses/gm, /^\s+\[(\d+)\]\s+[A-Za-z]/gm];
  const ok = sum(/^\s+\[200\]\s+(\d+) responses/gm);
  return { asked: 2 * toHalf(order), ok, failed: sum(statuses) - ok + sum(errors) };
}
