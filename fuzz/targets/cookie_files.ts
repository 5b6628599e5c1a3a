import { Jar } from "../../lib/cookies/jar.ts";
import { formatNetscape, LineError, parseNetscape } from "../../lib/cookies/netscape.ts";
import { attempt, type FuzzTarget, hold, holdEqual, toText } from "../target.ts";

export const target: FuzzTarget = {
  reads: "files of cookies in Netscape's format, read and written again",
  seeds: [
    '# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/a/\tFALSE\t0\tq\t"a b"\n',
    "#HttpOnly_.example.com\tTRUE\t/\tTRUE\t4102444799\tid\ta=b\r\n\n",
    "[::1]\tFALSE\t/\tFALSE\t0\tempty\n::1\tFALSE\t/\tFALSE\t0\tempty\t\n",
    "bücher.example\tTRUE\t/\tFALSE\t999999999999999\tx\ty\n",
  ],
  tokens: ["\t", "\n", "TRUE", "FALSE", "#HttpOnly_", ".", "/", "\0", "\x85", "example.com"],

  run(input) {
    const result = attempt(() => parseNetscape(toText(input)), LineError);
    if ("error" in result) return result.error;
    const cookies = result.value;
    const again = attempt(() => parseNetscape(formatNetscape(cookies)), LineError);
    hold("value" in again, "what was read cannot be read again");
    // A jar keeps no later time than a Date can hold.
    const clip = (list: typeof cookies) =>
      list.map((cookie) => ({ ...cookie, expiresMs: Math.min(cookie.expiresMs, 8.64e15) }));
    holdEqual(clip(again.value), clip(cookies), "what is read again differs");
    const jar = new Jar(cookies);
    const kept = jar.all();
    const reread = attempt(() => parseNetscape(formatNetscape(kept)), LineError);
    hold("value" in reread, "the jar writes a file that it cannot read");
    for (const { domain, path, secure } of kept) {
      const host = domain.includes(":") && !domain.startsWith("[") ? `[${domain}]` : domain;
      const url = `${secure ? "https" : "http"}://${host}/`;
      const field = jar.fieldFor(url);
      // deno-lint-ignore no-control-regex
      hold(!/[\x00-\x1f\x7f]/.test(field ?? ""), "a Cookie field has control characters");
      const isNormal = URL.parse(url)?.hostname === domain;
      if (path === "/" && isNormal) hold(field !== undefined, "a cookie of the file is never sent");
    }
    return JSON.stringify(kept.map(({ name, domain, path }) => [name, domain, path]));
  },
};
