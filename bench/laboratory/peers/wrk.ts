import type { Measured } from "../../meter.ts";
import { findWrk } from "../../peers/wrk.ts";
import { requiredNumberIn } from "../../peers/peer.ts";
import type { Client, Order, Report } from "../client.ts";
import { toBody } from "../mix.ts";

/** It runs for so long, whenever its script ends its requests; enough for the slowest server. */
const MIN_SECONDS = 4;
const REQUESTS_PER_SECOND = 500;

/** wrk, whose script takes the list. Undefined if it isn't installed. */
export async function findWrkClient(): Promise<Client | undefined> {
  const found = await findWrk();
  if (found === undefined) return undefined;
  return {
    name: "wrk",
    version: found.version,
    protocols: ["http", "https"],
    hasRetries: false,
    hasPauses: false,
    async prepare(order) {
      await Deno.writeTextFile(toScript(order), script(order));
    },
    command: (order) => [
      ...["sh", "-c", 'exec "$@" "$(head -n 1 "$0")"', order.list],
      ...["wrk", "-t1", `-c${order.concurrency}`, `-d${toSeconds(order)}s`],
      ...["--timeout", `${order.timeoutSeconds}s`, "-s", toScript(order)],
    ],
    read: (order, output) => Promise.resolve(read(order, output)),
  };
}

function toSeconds({ requests }: Order): number {
  return Math.max(MIN_SECONDS, Math.ceil(requests / REQUESTS_PER_SECOND));
}

function toScript({ folder }: Order): string {
  return `${folder}/list.lua`;
}

/** wrk takes a first request in vain, to look whether there is a script. */
function script({ list, requests }: Order): string {
  return `
    local paths = {}
    for line in io.lines(${JSON.stringify(list)}) do
      paths[#paths + 1] = line:gsub("^https?://[^/]*", "")
    end
    local post, upload = ${JSON.stringify(toBody("/post/"))}, string.rep("x", ${
    toBody("/post/upload/").length
  })
    issued = -1
    function request()
      issued = issued + 1
      if issued >= ${requests} then wrk.thread:stop() end
      local path = paths[issued] or "/surplus"
      if path:find("/upload/", 1, true) then return wrk.format("POST", path, nil, upload) end
      if path:find("/post/", 1, true) then return wrk.format("POST", path, nil, post) end
      return wrk.format("GET", path)
    end
    local threads = {}
    function setup(thread) threads[#threads + 1] = thread end
    function done()
      print("issued " .. threads[1]:get("issued"))
    end`;
}

/** It counts sockets that failed and not requests, and leaves those in flight at its end. */
function read({ requests, concurrency }: Order, { stdout }: Measured): Report {
  const others = Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0);
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(stdout)
    ?.slice(1).map(Number) ?? [];
  return {
    asked: Math.min(requests, requiredNumberIn(stdout, /^issued (\d+)/m)),
    ok: requiredNumberIn(stdout, /(\d+) requests in /) - others,
    failed: errors.reduce((sum, count) => sum + count, others),
    unfinished: concurrency,
    isNumbered: true,
  };
}
