/** An address, which no page of a browser can have taken over. */
const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[\da-f:.]+\])$/;

/** Whether a server at an address is for this machine only. */
export function isLoopback(address: string): boolean {
  return /^127\./.test(address) || address === "::1";
}

/**
 * Whether a request means a server of this machine by a name that only this machine can have given
 * it. A page in a browser can let its own name lead to the loopback (DNS rebinding), but not send
 * another.
 *
 * @param host the value of its `Host` field
 * @param own the name that the server listens at
 */
export function isLocalHostHeader(host: string | undefined, own: string): boolean {
  if (host === undefined) return true;
  const name = host.toLowerCase().replace(/:\d*$/, "");
  return ADDRESS.test(name) || /^(?:.*\.)?localhost$/.test(name) || name === own.toLowerCase();
}
