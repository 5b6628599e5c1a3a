import { assert } from "@std/assert";
import { isLocalHostHeader } from "../../lib/metrics/local_host.ts";

Deno.test("isLocalHostHeader() rejects names that others can point to this machine", () => {
  for (
    const host of ["127.0.0.1:1", "[::1]:1", "localhost", "LOCALHOST:1", "a.localhost", "mine:1"]
  ) {
    assert(isLocalHostHeader(host, "mine"), host);
  }
  for (
    const host of [
      "evil.example",
      "evil.example:9464",
      "127.0.0.1.evil.example",
      "localhost.evil",
      "",
    ]
  ) {
    assert(!isLocalHostHeader(host, "mine"), host);
  }
});
