import type { Client } from "../client.ts";
import { findAiohttpClient } from "./aiohttp.ts";
import { findCurlClient } from "./curl.ts";
import { findH2loadClient } from "./h2load.ts";
import { findHeyClient } from "./hey.ts";
import { OWN } from "./myriad.ts";
import { findWrkClient } from "./wrk.ts";

/** Those that are installed, ours first. */
export async function findLaboratoryClients(): Promise<readonly Client[]> {
  const peers = await Promise.all([
    findWrkClient(),
    findHeyClient(),
    findH2loadClient(),
    findCurlClient(),
    findAiohttpClient(),
  ]);
  return [...OWN, ...peers.filter((peer) => peer !== undefined)];
}
