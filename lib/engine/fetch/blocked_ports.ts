/**
 * The ports that native fetch refuses to connect to: the bad ports of the Fetch standard, §2.9, in
 * Deno 2.9.
 */
// deno-fmt-ignore
const BLOCKED_PORTS: ReadonlySet<string> = new Set([
  1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103,
  104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513,
  514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720,
  1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
].map(String));

const PORT = /^[^/]*\/\/[^/?#]*:0*(\d+)(?:[/?#]|$)/;

/** Whether native fetch refuses to connect to the port of an absolute URL. */
export function hasBlockedPort(url: string): boolean {
  const port = PORT.exec(url)?.[1];
  return port !== undefined && BLOCKED_PORTS.has(port);
}
