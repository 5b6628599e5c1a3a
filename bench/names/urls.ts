import { writeLines } from "../write_lines.ts";

/** The addresses of IPv6; the namespace has all of them. */
export const IPV6_PREFIX = "fd00::";
const ZONE = "names.test";

/** What a list of URLs is made of. */
export interface UrlList {
  readonly count: number;
  /** How many hosts they are of, in turn. */
  readonly hosts: number;
  readonly scheme: "http" | "https";
  readonly port: number;
  /** Whether the URLs have an address of the host in place of its name. */
  readonly isByAddress?: boolean;
  /** The number of the first host. @default {0} */
  readonly firstHost?: number;
}

/** Writes a list of URLs; each has a path of its own. */
export function writeUrls(file: string, list: UrlList): Promise<void> {
  const { count, hosts, scheme, port, isByAddress, firstHost = 0 } = list;
  return writeLines(file, count, (i) => {
    const n = firstHost + i % hosts;
    const host = !isByAddress ? `h${n}.${ZONE}` : hasIpv4(n) ? ipv4(n) : `[${ipv6(n)}]`;
    return `${scheme}://${host}:${port}/${i}\n`;
  });
}

/** Writes the zone of so many hosts: a third has addresses of both families, of IPv4, of IPv6. */
export function writeZone(file: string, hosts: number, ttlSeconds: number): Promise<void> {
  const header = `$ORIGIN ${ZONE}.\n$TTL ${ttlSeconds}\n` +
    "@ SOA ns admin 1 3600 600 86400 1\n@ NS ns\nns A 127.0.0.1\n";
  return writeLines(file, hosts, (n) => {
    const a = hasIpv4(n) ? `h${n} A ${ipv4(n)}\n` : "";
    return hasIpv6(n) ? `${a}h${n} AAAA ${ipv6(n)}\n` : a;
  }, header);
}

/** The configuration of NSD for that zone: without a limit, as a name server of one's own has it. */
export function writeNsdConfiguration(directory: string, zoneFile: string): string {
  return `server:
  ip-address: 127.0.0.1
  username: ""
  chroot: ""
  database: ""
  xfrdfile: ""
  logfile: "${directory}/nsd.log"
  zonesdir: "${directory}"
  zonelistfile: "${directory}/zone.list"
  pidfile: "${directory}/nsd.pid"
  server-count: 1
  tcp-count: 100
  rrl-ratelimit: 0
remote-control:
  control-enable: yes
  control-interface: "${directory}/nsd.control"
zone:
  name: ${ZONE}
  zonefile: "${zoneFile}"
`;
}

function hasIpv4(n: number): boolean {
  return n % 3 !== 2;
}

function hasIpv6(n: number): boolean {
  return n % 3 !== 1;
}

function ipv4(n: number): string {
  return `127.${1 + (n >> 16)}.${n >> 8 & 255}.${n & 255}`;
}

function ipv6(n: number): string {
  return `${IPV6_PREFIX}${(n >> 16) + 1}:${(n & 0xffff).toString(16)}`;
}
