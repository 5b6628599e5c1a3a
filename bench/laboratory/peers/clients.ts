import type { Client } from "../client.ts";
import { findCurlClient } from "./curl.ts";
import { OWN } from "./myriad.ts";

/** Those that are installed, ours first. */
export async function findLaboratoryClients(): Promise<readonly Client[]> {
  const peers = await Promise.all([findCurlClient()]);
  return [...OWN, ...peers.filter((peer) => peer !== undefined)];
}
