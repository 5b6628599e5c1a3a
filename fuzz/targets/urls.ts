import { formatHost, parseHost } from "../../lib/http/url.ts";
import { toSurt } from "../../lib/warc/surt.ts";
import { checkedTarget, invalidRecord } from "../../lib/source/target.ts";
import { withoutUserinfo } from "../../lib/text/secrets.ts";
import { decode, type FuzzTarget, hold, holdEqual } from "../target.ts";

const DEFAULTS = { method: "GET", headers: [], body: undefined };
/** The maximum number of characters of what is shown of a text that is not a URL. */
const MAX_SHOWN = 200;

export const target: FuzzTarget = {
  reads: "URLs of inputs: targets, hosts, keys of a CDX index, against URL",
  seeds: [
    "http://user:pass@Example.com:80/A//b/../c?b=2&a=1#top",
    "https://[::1]:8443/%7euser/a%2fb?x=%20",
    "http://127.1/",
    "HTTP://0x7f.1:0080\\path",
    "http://xn--bcher-kva.example./?jsessionid=0123456789abcdef0123456789abcdef&x",
    "http://bücher.example:443/(s(0123456789abcdef01234567))/a.aspx",
    "http:///user:secret@host/",
    '  {"url":"http://a:b@c/","token":"x"}',
    "//user:p@ss@host:99999/",
  ],
  tokens: [
    " ",
    "http://",
    "https://",
    "@",
    ":",
    "//",
    "/..",
    "%2e",
    "%25",
    "?",
    "#",
    "[",
    "]",
    "\\",
    "\t",
  ],
  maxBytes: 65_536,
  maxSteps: (bytes) => 100_000 + 300 * bytes,

  run(input) {
    const text = decode(input);
    const { url: shown } = invalidRecord(0, text, "not a URL", DEFAULTS);
    hold(shown.length <= MAX_SHOWN, "too much is shown of what is not a URL");
    const made = checkedTarget(0, text, DEFAULTS);
    if (made.invalid !== undefined) {
      hold(made.url.length <= MAX_SHOWN, "too much is shown of what is not a URL");
      return `${made.invalid} ${made.url}`;
    }
    const url = new URL(text.trim());
    holdEqual(new URL(made.url).host, url.host, "its host changes");
    const bare = new URL(made.url);
    holdEqual([bare.username, bare.password], ["", ""], "user information stays");
    holdEqual(withoutUserinfo(made.url), made.url, "user information stays");
    const hasCredentials = url.username !== "" || url.password !== "";
    holdEqual(made.headers.length, hasCredentials ? 1 : 0, "credentials are lost, or made up");
    const host = parseHost(made.url);
    const port = url.port || (url.protocol === "https:" ? "443" : "80");
    holdEqual(host, `${url.hostname.replace(/(?<=[^.])\.$/, "")}:${port}`, "parseHost() differs");
    const key = toSurt(made.url);
    hold(/^[!-~]*$/.test(key), "a key has what is not printable ASCII, or a space");
    return [made.url, host, formatHost(made.url), key].join(" ");
  },
};
