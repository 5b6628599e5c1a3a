import { assertEquals } from "@std/assert";
import net from "node:net";
import { findIpVersion } from "../../lib/http/ip_version.ts";

Deno.test("findIpVersion() agrees with node:net on hosts of URLs", () => {
  const hosts = [
    "127.0.0.1",
    "255.250.249.199",
    "0x7f.1",
    "[::1]",
    "[::ffff:1.2.3.4]",
    "[fe80::1]",
    "localhost",
    "1.2.3.4.example",
    "1.2.3.example",
    "a1.2.3.4.b",
    "xn--4gbrim",
  ];
  for (const host of hosts) {
    const hostname = new URL(`http://${host}/`).hostname.replace(/^\[|\]$/g, "");
    assertEquals<number>(findIpVersion(hostname), net.isIP(hostname), hostname);
  }
  for (const name of ["256.1.1.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", ""]) {
    assertEquals<number>(findIpVersion(name), net.isIP(name), name);
  }
});
