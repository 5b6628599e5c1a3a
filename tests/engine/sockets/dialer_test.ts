import { assertEquals } from "@std/assert";
import type { Address } from "../../../lib/engine/names/name_lookup.ts";
import { OriginPool } from "../../../lib/engine/sockets/origin_pool.ts";

function createPool(): OriginPool {
  const key = "http://one.test";
  const origin = { key, hostname: "one.test", port: 80, isSecure: false };
  return new OriginPool(key, origin, {
    protocols: [],
    isForwarded: false,
    shared: undefined,
    maxShared: 1,
  });
}

function toAddresses(...addresses: string[]): Address[] {
  return addresses.map((address) => ({ address, family: 4 }));
}

Deno.test("DialedOrigin.learn() puts addresses that were reached first, and forgets all others", () => {
  const pool = createPool();
  pool.learn({ addresses: toAddresses("127.0.0.1"), targets: [], untilMs: 1 });
  for (let i = 0; i < 1_000; i++) pool.reached.add(`127.1.0.${i}`);
  pool.reached.add("127.0.0.3").add("127.0.0.4");
  const addresses = toAddresses("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4");
  pool.learn({ addresses, targets: [], untilMs: 2 });
  assertEquals(
    pool.known?.addresses,
    toAddresses("127.0.0.3", "127.0.0.4", "127.0.0.1", "127.0.0.2"),
  );
  assertEquals([...pool.reached], ["127.0.0.3", "127.0.0.4"]);
});
