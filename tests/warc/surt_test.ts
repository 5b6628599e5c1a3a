import { assertEquals } from "@std/assert";
import { toSurt } from "../../lib/warc/surt.ts";

/** URLs, and what `surt` of the Internet Archive makes of them, by which pywb looks them up. */
const KEYS: readonly (readonly [url: string, key: string])[] = [
  ["http://example.com", "com,example)/"],
  ["https://www.Example.com:443/A//b/./c/../D/?b=2&a=1&a=0#top", "com,example)/a/b/d?a=0&a=1&b=2"],
  ["http://www2.example.com:8080/?", "com,example:8080)/"],
  ["http://user:secret@h.example/a/", "example,h)/a"],
  ["http://a:::80/", "a)/"],
  ["http://a:81:/", "a:81)/"],
  ["http://h/%25%41/%2541/%%34%31/%zz%", "h)/%25a/a/a/%25zz%25"],
  ["http://h/é?q=ü", "h)/%c3%a9?q=%c3%bc"],
  ["http://h/a b?c d", "h)/a%20b?c%20d"],
  [
    "http://h/;jsessionid=0123456789abcdef0123456789abcdef",
    "h)/;jsessionid=0123456789abcdef0123456789abcdef",
  ],
  ["http://h/?a=1&PHPSESSID=0123456789abcdef0123456789abcdef&b=2", "h)/?a=1&b=2"],
  ["http://h/?sid=0123456789abcdef0123456789abcdef", "h)/"],
  ["http://h/?x=1&cfid=1&cftoken=2&y", "h)/?x=1&y"],
  ["http://h/?ASPSESSIONIDabcdefgh=abcdefghijklmnopqrstuvwx", "h)/"],
  ["http://h/(S(abcdefghijklmnopqrstuvwx))/p.aspx", "h)/p.aspx"],
  ["http://h/(abcdefghijklmnopqrstuvwx)/p.aspx?a", "h)/p.aspx?a"],
  ["http://127.0.0.1:8080/x", "1,0,0,127:8080)/x"],
  ["http://[::1]:8080/x", "::1:8080)/x"],
  ["http://www.com/", "com)/"],
  ["http://h/../a", "h)/../a"],
  ["http://h/?b&a=&a", "h)/?a&a=&b"],
  ["http://h?a=1", "h)/?a=1"],
  ["http://a..b.com./x", "com,b,a)/x"],
  ["http://h/a%2Fb%3fc%23d", "h)/a/b?c%23d"],
];

Deno.test("toSurt() makes the keys that pywb looks up", () => {
  for (const [url, key] of KEYS) assertEquals(toSurt(url), key);
});

Deno.test("toSurt() gives a key without spaces and line breaks, whatever the URL", () => {
  for (const url of ["urn:a b", "http://h/\u0000\u0001\u2028 \n\r\t x", "", "http://", "dns:é"]) {
    assertEquals(/^[!-~]*$/.test(toSurt(url)), true, JSON.stringify(toSurt(url)));
  }
});

Deno.test("toSurt() takes time in proportion to a hostile URL", () => {
  const many = 100_000;
  // By the square of their length, these would take minutes.
  for (
    const url of [
      `http://h/?${"cfid=".repeat(many)}`,
      `http://h/${"%25".repeat(many)}`,
      `http://h/%${"25".repeat(many)}`,
      `http://h/${"(abcdefghijklmnopqrstuvwx)/".repeat(many / 10)}`,
      `http://h/${"../".repeat(many)}`,
      `http://h/?${"b&a&".repeat(many)}`,
      `http://${":".repeat(many)}x/`,
      `http://${":1".repeat(many)}:/`,
    ]
  ) toSurt(url);
  assertEquals(toSurt(`http://h/%${"25".repeat(many)}41`), "h)/a");
});
