import { assertEquals } from "@std/assert";
import type { ProxyOptions } from "../../../lib/engine/engine.ts";
import { openTunnel } from "../../../lib/engine/sockets/tunnel.ts";

Deno.test("openTunnel() sends RFC 1928's addresses and names, and reads any pieces", () => {
  const proxy: ProxyOptions = {
    protocol: "socks5h",
    hostname: "p",
    port: 1,
    credentials: { user: "u", password: "é" },
  };
  for (
    const [hostname, expected] of [
      ["1.2.3.4", [1, 1, 2, 3, 4]],
      ["::1", [4, ...new Array(15).fill(0), 1]],
      ["fe80::1:ffff", [4, 0xfe, 0x80, ...new Array(10).fill(0), 0, 1, 0xff, 0xff]],
      ["a.b", [3, 3, 97, 46, 98]],
    ] as [string, number[]][]
  ) {
    const tunnel = openTunnel(proxy, { hostname, port: 0x1234 });
    assertEquals([...tunnel.greeting], [5, 2, 0, 2]);
    const said: (number[] | "open" | undefined)[] = [];
    for (const byte of [5, 2, 1, 0, 5, 0, 0, 4, ...new Array(18).fill(7)]) {
      const answer = tunnel.feed(Uint8Array.of(byte));
      if (answer !== undefined) said.push(answer === "open" ? answer : [...answer]);
    }
    assertEquals(said, [
      [1, 1, 117, 2, 0xc3, 0xa9],
      [5, 1, 0, ...expected, 0x12, 0x34],
      "open",
    ]);
  }
});
