/** A version of IP. */
export type IpVersion = 4 | 6;

/** The version that an address belongs to. @param address an IPv6 address without its brackets */
export function readIpVersion(address: string): IpVersion {
  return address.includes(":") ? 6 : 4;
}
