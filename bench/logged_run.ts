import type { Context } from "./bench.ts";
import { CONNECTION_FORMAT, type LogEvenness, readConnectionLog } from "./connection_log.ts";
import { Nginx } from "./nginx.ts";
import type { Load, Peer } from "./peers/peer.ts";
import { runPeer, type Sample } from "./run.ts";

/** A run, as the client and as the server saw it. */
export type LoggedRun = Sample & LogEvenness;

/**
 * Runs a client once against an nginx of its own, whose log of connections ends with the run.
 *
 * @param isTls whether nginx speaks TLS
 * @throws {Error} If nginx doesn't start, or the run fails.
 */
export async function runLogged(
  { servers: { directory }, meter }: Context,
  peer: Peer,
  load: Omit<Load, "url">,
  isTls = false,
): Promise<LoggedRun> {
  const accessLog = `${directory}/connections.log`;
  const options = { directory, accessLog, accessLogFormat: CONNECTION_FORMAT, isTls };
  await using nginx = await Nginx.start(options);
  if (nginx === undefined) throw new Error("nginx does not start");
  try {
    const sample = await runPeer(meter, peer, { ...load, url: nginx.url });
    await nginx.stop();
    return { ...sample, ...await readConnectionLog(accessLog) };
  } finally {
    await Deno.remove(accessLog);
  }
}
