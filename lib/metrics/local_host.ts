/** An address: unlike a name, a page in a browser cannot make it lead elsewhere. */
const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[\da-f:.]+\])$/;

/** Whether only this machine can reach a server at an address. */
export function isLoopback(address: string): boolean {
  return /^127\./.test(address) || address === "::1";
}

/**
 * Whether a request names this machine by an address, by `localhost`, or by the server's own name.
 * With DNS rebinding, a page in a browser can make its own name lead to the loopback address; its
 * requests have that name.
 *
 * @param host the value of the request's `Host` field
 * @param own the name that the server listens at
 */
export function isLocalHostHeader(host: string | undefined, own: string): boolean {
  if (host === undefined) return true;
  const name = host.toLowerCase().replace(/:\d*$/, "");
  return ADDRESS.test(name) || /^(?:.*\.)?localhost$/.test(name) || name === own.toLowerCase();
}
