import { Nginx } from "./nginx.ts";
import type { Peer } from "./peers/peer.ts";

/** A client, and how many requests take it 5 to 10 s; 0 where it is given the seconds. */
export interface Row {
  readonly peer: Peer;
  readonly requests: number;
}

/** Clients that stand side by side, by short names. */
export type LineUp = Record<string, Row>;

/** Says which clients are missing, and the versions of the others and of the server. */
export async function lineUp(
  wanted: Record<string, { peer: Peer | undefined; requests: number }>,
): Promise<LineUp> {
  const rows: LineUp = {};
  const missing: string[] = [];
  for (const [name, { peer, requests }] of Object.entries(wanted)) {
    if (peer === undefined) missing.push(name);
    else rows[name] = { peer, requests };
  }
  if (missing.length > 0) console.log(`\nNot installed, and skipped: ${missing.join(", ")}`);
  const versions = new Set([`nginx ${await Nginx.version() ?? "is not installed"}`]);
  for (const { peer } of Object.values(rows)) versions.add(`${peer.program} ${peer.version}`);
  console.log(`\n${[...versions].join(", ")}`);
  return rows;
}
