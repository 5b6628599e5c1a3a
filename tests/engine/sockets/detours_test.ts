import { assertEquals } from "@std/assert";
import { Detours } from "../../../lib/engine/sockets/detours.ts";
import type { ConnectToRule, ResolveRule } from "../../../lib/engine/options.ts";

const resolve = (
  hostname: string | undefined,
  port: number,
  ...addresses: string[]
): ResolveRule => ({ hostname, port, addresses });

const create = (resolve: ResolveRule[], connectTo: ConnectToRule[] = []): Detours =>
  Detours.of({ resolve, connectTo })!;

Deno.test("Detours.of() gives nothing without a rule", () => {
  assertEquals(Detours.of({}), undefined);
  assertEquals(Detours.of({ resolve: [], connectTo: [] }), undefined);
});

Deno.test("Detours.findAddresses() gives the addresses of host and port, the later rule's", () => {
  const detours = create([
    resolve("a.test", 80, "127.0.0.1", "::1"),
    resolve(undefined, 80, "127.0.0.2"),
    resolve("b.test", 443, "127.0.0.3"),
    resolve("b.test", 443, "127.0.0.4"),
  ]);
  const find = (hostname: string, port: number): string[] | undefined =>
    detours.findAddresses({ hostname, port })?.map(({ address, family }) => `${address} ${family}`);
  assertEquals(find("a.test", 80), ["127.0.0.1 4", "::1 6"]);
  assertEquals(find("c.test", 80), ["127.0.0.2 4"]);
  assertEquals(find("b.test", 443), ["127.0.0.4 4"]);
  assertEquals(find("a.test", 443), undefined);
  // The dialer sorts its own list.
  detours.findAddresses({ hostname: "a.test", port: 80 })!.reverse();
  assertEquals(find("a.test", 80), ["127.0.0.1 4", "::1 6"]);
});

Deno.test("Detours.divert() takes the first rule that holds, and keeps what it leaves open", () => {
  const detours = create([], [
    { from: { hostname: "a.test", port: 80 }, to: { hostname: "b.test", port: 8080 } },
    { from: { hostname: "a.test" }, to: { port: 8443 } },
    { from: { port: 81 }, to: { hostname: "::1" } },
  ]);
  const divert = (hostname: string, port: number): unknown => detours.divert({ hostname, port });
  assertEquals(divert("a.test", 80), { hostname: "b.test", port: 8080 });
  assertEquals(divert("a.test", 443), { hostname: "a.test", port: 8443 });
  assertEquals(divert("c.test", 81), { hostname: "::1", port: 81 });
  assertEquals(divert("c.test", 80), undefined);
});

Deno.test("Detours.listDestinations() names every host that a URL connects to", () => {
  const detours = create(
    [resolve("b.test", 8080, "127.0.0.1", "::1")],
    [{ from: { hostname: "a.test" }, to: { hostname: "b.test", port: 8080 } }],
  );
  assertEquals(detours.listDestinations("https://a.test/x"), [
    "http://127.0.0.1:8080/",
    "http://[::1]:8080/",
  ]);
  assertEquals(detours.listDestinations("https://c.test/x"), ["http://c.test:443/"]);
});
