/** A version of IP. */
export type IpVersion = 4 | 6;

const BYTE = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const IPV4 = new RegExp(`^${BYTE}(?:\\.${BYTE}){3}$`);

/**
 * The version of IP that a host of a URL is an address of; 0 for a name. As that of `node:net`, which
 * takes 5 ms to load.
 *
 * @param host without the brackets of an IPv6 address; no name of a URL has a colon
 */
export function findIpVersion(host: string): IpVersion | 0 {
  return host.includes(":") ? 6 : IPV4.test(host) ? 4 : 0;
}

/** The version that an address belongs to. @param address an IPv6 address without its brackets */
export function readIpVersion(address: string): IpVersion {
  return address.includes(":") ? 6 : 4;
}
