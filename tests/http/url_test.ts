import { assertEquals } from "@std/assert";
import { formatAuthority } from "../../lib/http/url.ts";

Deno.test("formatAuthority() puts an IPv6 address in brackets, and no other host", () => {
  assertEquals(formatAuthority({ hostname: "::1", port: 80 }), "[::1]:80");
  assertEquals(formatAuthority({ hostname: "127.0.0.1", port: 8080 }), "127.0.0.1:8080");
  assertEquals(formatAuthority({ hostname: "localhost", port: 1 }), "localhost:1");
});
