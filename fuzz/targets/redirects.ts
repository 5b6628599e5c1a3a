import { follow, type Hop, readLocation } from "../../lib/engine/redirect.ts";
import { isSecretHeader } from "../../lib/text/secrets.ts";
import { type FuzzTarget, hold, holdEqual, toText } from "../target.ts";

const HOP: Hop = {
  url: "https://start.example/dir/page?query",
  method: "POST",
  headers: [["Authorization", "Basic x"], ["X-Api-Key", "k"], ["Host", "h"], ["Content-Type", "t"]],
  body: new Uint8Array(3),
};
const STATUSES = [301, 302, 303, 307, 308];

export const target: FuzzTarget = {
  reads: "the Location of redirects, each character a byte, against URL",
  seeds: [
    "\0/absolute",
    "\x01relative?x#y",
    "\x02//other.example/",
    "\x03https://user:secret@start.example:443/a",
    "\x04http://start.example/",
    "\0/a, /a, https://b/",
    "\x01\\\\host\\p",
    "\x02/\xc3\xa4\xff",
    "\x03javascript:alert(1)",
  ].map((text) => Uint8Array.from(text, (character) => character.charCodeAt(0))),
  tokens: [", ", "//", "https://", "http:", "@", ":", "\\", "..", "%2e", "\t", "\xff", "#", "?"],

  run(input) {
    const status = STATUSES[(input[0] ?? 0) % STATUSES.length];
    const location = toText(input.subarray(1));
    const joined = readLocation(status, location);
    hold(joined.location !== null && location.startsWith(joined.location), "a Location is made up");
    const next = follow(HOP, { status, location, isAmbiguous: false }, 0, 5);
    hold(next !== undefined, "a redirect is not followed");
    if ("error" in next) return `${next.error}: ${next.detail}`;
    const url = new URL(next.url);
    holdEqual(url.href, next.url, "the next URL is not normalized");
    hold(url.protocol === "http:" || url.protocol === "https:", "the next URL has another scheme");
    holdEqual([url.username, url.password], ["", ""], "the next URL has credentials");
    const leaves = url.origin !== new URL(HOP.url).origin;
    const hasSecrets = next.headers.some(([name]) => isSecretHeader(name) || name === "Host");
    hold(leaves !== hasSecrets, "secrets go to another origin, or are lost");
    const keepsBody = status >= 307;
    holdEqual(
      [next.method, next.body !== undefined],
      keepsBody ? ["POST", true] : ["GET", false],
      "",
    );
    return JSON.stringify([next.url, next.headers, joined]);
  },
};
