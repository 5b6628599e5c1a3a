import type { Laboratory } from "../laboratory.ts";

/**
 * The chain that drops packets on their way through the router.
 *
 * @param match which packets, in the words of nftables; all if it is empty
 */
export function dropAll(match = ""): string {
  return `chain drop_packets {
    type filter hook forward priority 0
    ${match} drop
  }`;
}

/** The chain that drops packets by chance. @param share how many of 1,000 */
export function dropSome(share: number, match = ""): string {
  return dropAll(`${match} numgen random mod 1000 < ${share}`);
}

/**
 * Adds rules to the router's firewall.
 *
 * @param chains the chains of a table of nftables, which has both address families
 * @returns what removes them
 */
export async function addRules(
  { router }: Laboratory,
  chains: string,
): Promise<AsyncDisposable> {
  await router.filter(`table inet fault {\n${chains}\n}\n`);
  return { [Symbol.asyncDispose]: () => router.filter("delete table inet fault\n") };
}
