import type { Laboratory } from "../laboratory.ts";

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
