import { assertEquals } from "@std/assert";
import { formatAuthority, formatHost, parseHost, readEndpoint } from "../../lib/http/url.ts";

for (
  const [url, host, shown] of [
    ["http://host/path", "host:80", "host"],
    ["http://Host/path", "host:80", "host"],
    ["http://host:80", "host:80", "host"],
    ["http://host:0080/", "host:80", "host"],
    ["https://host:443/?a", "host:443", "host"],
    ["https://host:80/", "host:80", "host:80"],
    ["http://host:443/", "host:443", "host:443"],
    ["http://host:8080/", "host:8080", "host:8080"],
    ["http://host:/", "host:80", "host"],
    ["HTTP://user:p%40ss@host/@x", "host:80", "host"],
    ["http://host?x=http://other/", "host:80", "host"],
    ["http://host#@other", "host:80", "host"],
    ["http://a@b@host\\@other", "host:80", "host"],
    ["http://127.0.0.1:8080/", "127.0.0.1:8080", "127.0.0.1:8080"],
    ["http://127.1:8080/", "127.0.0.1:8080", "127.0.0.1:8080"],
    ["http://0x7f.1:8080/", "127.0.0.1:8080", "127.0.0.1:8080"],
    ["http://0x7f000001:08080/", "127.0.0.1:8080", "127.0.0.1:8080"],
    ["http://2130706433:8080/", "127.0.0.1:8080", "127.0.0.1:8080"],
    ["http://127.0.0.01:8080/", "127.0.0.1:8080", "127.0.0.1:8080"],
    ["http://[::1]:8080/", "[::1]:8080", "[::1]:8080"],
    ["http://[0:0::0001]:8080/", "[::1]:8080", "[::1]:8080"],
    ["http://local%68ost/", "localhost:80", "localhost"],
    ["https://b\u00fccher.example/", "xn--bcher-kva.example:443", "xn--bcher-kva.example"],
    ["https://xn--bcher-kva.example/", "xn--bcher-kva.example:443", "xn--bcher-kva.example"],
    ["https://under_score.example/", "under_score.example:443", "under_score.example"],
    ["http://localhost./", "localhost:80", "localhost"],
    ["http://Example.com.:8080/", "example.com:8080", "example.com:8080"],
    ["https://example.com.?a", "example.com:443", "example.com"],
    ["http://127.0.0.1./", "127.0.0.1:80", "127.0.0.1"],
    ["http://example../", "example..:80", "example.."],
    ["http://./", ".:80", "."],
    ["http:////host/path", "host:80", "host"],
    ["http:////other/path", "other:80", "other"],
    [" http://host/path", "host:80", "host"],
    ["no URL", "no URL", "no URL"],
  ]
) {
  Deno.test(`parseHost() gives ${host} for ${url}`, () => {
    assertEquals([parseHost(url), formatHost(url)], [host, shown]);
  });
}

Deno.test("parseHost() gives the same host as URL for any spelling", () => {
  const names = ["a", "a-b.c9", "1.a", "9a", "1.2.3.4", "1.2.3", "a.b1", "x_y.z", "255.256.1.a"];
  for (const scheme of ["http", "https"]) {
    for (const name of names) {
      for (const port of ["", ":1", ":80", ":443", ":65535", ":007"]) {
        for (const rest of ["", "/", "/p?q#f", "?q", "#f"]) {
          const url = `${scheme}://${name}${port}${rest}`;
          const parsed = new URL(url);
          const own = scheme === "https" ? "443" : "80";
          assertEquals(parseHost(url), `${parsed.hostname}:${parsed.port || own}`, url);
        }
      }
    }
  }
});

Deno.test("formatAuthority() puts an IPv6 address in brackets, and no other host", () => {
  assertEquals(formatAuthority({ hostname: "::1", port: 80 }), "[::1]:80");
  assertEquals(formatAuthority({ hostname: "127.0.0.1", port: 8080 }), "127.0.0.1:8080");
  assertEquals(formatAuthority({ hostname: "localhost", port: 1 }), "localhost:1");
});

Deno.test("readEndpoint() gives the port of the scheme, and an IPv6 address without brackets", () => {
  assertEquals(readEndpoint(new URL("https://h/")), { hostname: "h", port: 443 });
  assertEquals(readEndpoint(new URL("http://[::1]/")), { hostname: "::1", port: 80 });
  assertEquals(readEndpoint(new URL("https://h:80/")), { hostname: "h", port: 80 });
  assertEquals(readEndpoint(new URL("http://h:0/")), { hostname: "h", port: 0 });
});
