import { assertEquals } from "@std/assert";
import net from "node:net";
import {
  type Address,
  NameLookups,
  type NameService,
} from "../../../lib/engine/sockets/name_lookup.ts";

/** A name service that knows some names. */
function knowing(names: Record<string, readonly string[]>): NameService {
  const lookUp = (hostname: string): Promise<Address[]> =>
    Promise.resolve(
      names[hostname].map((address) => ({ address, family: net.isIP(address) })),
    );
  return { lookUp, resolve: lookUp };
}

Deno.test("NameLookups.find() alternates the addresses of both families", async () => {
  const lookUps = new NameLookups(
    () => {},
    knowing({ "several.test": ["::1", "::2", "::3", "127.0.0.1", "127.0.0.2"] }),
  );
  const found = await lookUps.find("several.test");
  assertEquals(found.map(({ address }) => address), [
    ...["::1", "127.0.0.1", "::2", "127.0.0.2", "::3"],
  ]);
});

Deno.test("NameLookups.find() makes one lookup for simultaneous requests of a name", async () => {
  let asked = 0;
  const service = knowing({ "one.test": ["127.0.0.1"] });
  const lookUps = new NameLookups(() => {}, {
    ...service,
    lookUp: (hostname) => (asked++, service.lookUp(hostname)),
  });
  await Promise.all([lookUps.find("one.test"), lookUps.find("one.test")]);
  assertEquals(asked, 1);
  await lookUps.find("one.test");
  assertEquals(asked, 2);
});
