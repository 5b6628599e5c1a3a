import { parseHost } from "../http/host.ts";

/** Longest list of hosts that is kept; more of them are asked for again. */
const MAX_HOSTS = 10_000;

/**
 * Tells whether this process may talk to a URL's host, without ever asking the user: a question
 * in mid-run would hold up a thousand requests.
 *
 * @returns undefined where every host is allowed, so that nothing needs to be asked
 */
export function hostPermission(): ((url: string) => boolean) | undefined {
  if (isGranted({ name: "net" })) return undefined;
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

/** Whether this process has a permission, without asking the user for it. */
export function isGranted(permission: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(permission).state === "granted";
}
