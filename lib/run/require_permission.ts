import { Detours } from "../engine/sockets/detours.ts";
import { UsageError } from "../errors.ts";
import { formatAuthority, parseHost } from "../http/url.ts";
import type { RunOptions } from "../options/run_options.ts";
import { explainMissingNet } from "../process/permission.ts";

/**
 * Checks that this process may connect where a request goes.
 *
 * @param permits from `createHostCheck`; undefined if every host is allowed
 * @throws {UsageError} If it may not.
 */
export function requirePermission(
  url: string,
  options: Pick<RunOptions, "proxy" | "unixSocket" | "resolve" | "connectTo">,
  permits: ((url: string) => boolean) | undefined,
): void {
  const { proxy, unixSocket } = options;
  if (permits === undefined || unixSocket !== undefined) return;
  const detours = Detours.of(options);
  const destinations = proxy === undefined
    ? detours?.listDestinations(url) ?? [url]
    : detours?.listHosts(proxy) ?? [`http://${formatAuthority(proxy)}/`];
  const denied = destinations.find((destination) => !permits(destination));
  if (denied === undefined) return;
  const host = parseHost(denied);
  throw new UsageError(`Cannot request '${host}': no permission: ${explainMissingNet(host)}`);
}
