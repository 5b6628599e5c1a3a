import { Nginx } from "../nginx.ts";
import type { Servers } from "../servers.ts";
import { findAb } from "./ab.ts";
import { findAiohttp } from "./aiohttp.ts";
import { findAutocannon } from "./autocannon.ts";
import { findCurl } from "./curl.ts";
import { findH2load } from "./h2load.ts";
import { findHey } from "./hey.ts";
import { findK6 } from "./k6.ts";
import { myriad, NATIVE } from "./myriad.ts";
import { findOha } from "./oha.ts";
import type { Peer } from "./peer.ts";
import { findVegeta } from "./vegeta.ts";
import { findWrk } from "./wrk.ts";

/** A client, and how many requests take it 5 to 10 s; 0 where it is given the seconds. */
export interface Row {
  readonly peer: Peer;
  readonly requests: number;
}

/** Clients that stand side by side, by their names. */
export type LineUp = Readonly<Record<string, Row>>;

/**
 * All clients that are installed; says which are missing, and the versions of the others and of the
 * server. Who knows both counts and seconds is given seconds, as wrk is; but ab, which sets memory
 * aside for its count, and `myriad` and the programs of our own, where a count is what their users
 * have.
 */
export async function findClients(servers: Servers): Promise<LineUp> {
  const output = ["--overwrite", "-o", servers.file("results.ndjson")];
  const wanted: Record<string, readonly [requests: number, peer: Peer | undefined]> = {
    "myriad -s --transport native": [500_000, myriad(NATIVE.flags, NATIVE.permissions)],
    "myriad -s": [400_000, myriad()],
    "myriad -s -o results.ndjson": [400_000, myriad(output)],
    wrk: [0, await findWrk()],
    ab: [500_000, await findAb()],
    h2load: [0, await findH2load()],
    hey: [0, await findHey()],
    oha: [0, await findOha()],
    autocannon: [0, await findAutocannon(servers.file("autocannon"))],
    vegeta: [0, await findVegeta()],
    k6: [0, await findK6(servers.file("k6.js"))],
    curl: [100_000, await findCurl()],
    "aiohttp, synchronous": [24_000, await findAiohttp("synchronous")],
    "aiohttp, semaphore": [20_000, await findAiohttp("semaphore")],
    "aiohttp, as completed": [20_000, await findAiohttp("as_completed")],
    "aiohttp, worker queue": [20_000, await findAiohttp("worker_queue")],
    "aiohttp, bounded pool": [20_000, await findAiohttp("bounded_pool")],
  };
  const rows: Record<string, Row> = {};
  const missing: string[] = [];
  for (const [name, [requests, peer]] of Object.entries(wanted)) {
    if (peer === undefined) missing.push(name);
    else rows[peer.name] = { peer, requests };
  }
  if (missing.length > 0) console.log(`\nNot installed, and skipped: ${missing.join(", ")}`);
  const versions = new Set([`nginx ${await Nginx.version() ?? "is not installed"}`]);
  for (const { peer } of Object.values(rows)) versions.add(`${peer.program} ${peer.version}`);
  console.log(`\n${[...versions].join(", ")}`);
  return rows;
}
