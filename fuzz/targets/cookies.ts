import { Jar } from "../../lib/cookies/jar.ts";
import { formatNetscape, LineError, parseNetscape } from "../../lib/cookies/netscape.ts";
import { attempt, type FuzzTarget, hold, holdEqual, toText } from "../target.ts";

const URLS = [
  "https://www.example.com/a/b",
  "http://example.com/",
  "https://other.test:8443/a%0Ab",
];

export const target: FuzzTarget = {
  reads: "Set-Cookie fields of three hosts, one a line, and the file that keeps the jar",
  seeds: [
    "a=b",
    "a=b; Domain=example.com; Path=/a; Secure; HttpOnly; Max-Age=99999999\na=c",
    "a=b; Expires=Wed, 21 Oct 2099 07:28:00 GMT; Domain=.com\n__Host-x=y; Secure; Path=/",
    'q="a b"; path=/\tx\n=novalue\n;;;\nx; domain=www.example.com',
    "a=b; Max-Age=-1\na=b; max-age=1e9; expires=x; samesite=none",
  ],
  tokens: [
    "; ",
    "Domain=",
    "Path=",
    "Max-Age=",
    "Expires=",
    "Secure",
    "HttpOnly",
    "=",
    "\n",
    "example.com",
  ],

  run(input) {
    const jar = new Jar();
    const lines = toText(input).split("\n");
    for (const [k, line] of lines.entries()) jar.store(URLS[k % URLS.length], [line]);
    const cookies = jar.all();
    const file = formatNetscape(cookies);
    const read = attempt(() => parseNetscape(file), LineError);
    hold("value" in read, `the file of the jar is not valid: ${"error" in read ? read.error : ""}`);
    const bare = (list: typeof cookies) =>
      list.map(({ expiresMs, ...cookie }) => ({
        ...cookie,
        expires: expiresMs === Infinity ? 0 : Math.ceil(expiresMs / 1000),
      }));
    holdEqual(bare(read.value), bare(cookies), "the file of the jar holds other cookies");
    const again = new Jar(read.value);
    const fields = URLS.map((url) => jar.fieldFor(url));
    for (const field of fields) {
      // deno-lint-ignore no-control-regex
      hold(!/[\x00-\x1f\x7f]/.test(field ?? ""), "a Cookie field has control characters");
      hold((field?.length ?? 0) <= 8_190, "a Cookie field is too long");
    }
    const sort = (field: string | undefined) => field?.split("; ").sort();
    holdEqual(
      URLS.map((url) => sort(again.fieldFor(url))),
      fields.map(sort),
      "the file loses some",
    );
    for (const { domain } of cookies) {
      hold(
        URLS.some((url) => `.${new URL(url).hostname}`.endsWith(`.${domain}`)),
        "foreign domain",
      );
    }
    return JSON.stringify(fields);
  },
};
