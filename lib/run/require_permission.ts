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
  { proxy, unixSocket }: Pick<RunOptions, "proxy" | "unixSocket">,
  permits: ((url: string) => boolean) | undefined,
): void {
  if (permits === undefined || unixSocket !== undefined) return;
  const to = proxy === undefined ? url : `http://${formatAuthority(proxy)}/`;
  if (permits(to)) return;
  const host = parseHost(to);
  throw new UsageError(`Cannot request '${host}': no permission: ${explainMissingNet(host)}`);
}
