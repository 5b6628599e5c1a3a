import { parseHost } from "../http/url.ts";
import { formatAllow } from "../text/format_allow.ts";

/** The cache of hosts is emptied at this size. */
const MAX_HOSTS = 10_000;

/**
 * Makes a function that tells whether this process may connect to a URL's host. It never prompts
 * the user: a prompt in mid-run would hold up a thousand requests.
 *
 * @returns undefined where every host is allowed, so that no check is needed; Node has no permissions
 */
export function createHostCheck(): ((url: string) => boolean) | undefined {
  if (typeof Deno === "undefined") return undefined;
  // With `--deny-net` it is granted, except for some hosts.
  const { state, partial } = Deno.permissions.querySync({ name: "net" });
  if (state === "granted" && !partial) return undefined;
  const known = new Map<string, boolean>();
  return (url) => {
    const host = parseHost(url);
    let allowed = known.get(host);
    if (allowed === undefined) {
      if (known.size === MAX_HOSTS) known.clear();
      allowed = isGranted({ name: "net", host });
      known.set(host, allowed);
    }
    return allowed;
  };
}

/** Whether this process has a permission; never prompts the user. */
export function isGranted(permission: Deno.PermissionDescriptor): boolean {
  return readState(permission) === "granted";
}

/**
 * The state of a permission. Deno throws for a host such as `a;b`, which is valid in a URL and which no
 * permission can name: a redirect or an input can lead to it.
 */
function readState(permission: Deno.PermissionDescriptor): Deno.PermissionState {
  try {
    return Deno.permissions.querySync(permission).state;
  } catch (error) {
    if (error instanceof URIError) return "prompt";
    throw error;
  }
}

/** Says in words how this process could get the permission for a host. */
export function explainMissingNet(host: string): string {
  const isDenied = readState({ name: "net", host }) === "denied";
  return isDenied ? "run without its --deny-net" : `run with ${formatAllow("net", host)}`;
}
