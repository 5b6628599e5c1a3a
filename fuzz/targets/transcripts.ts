import { SecretFilter } from "../../lib/transcript/secret_filter.ts";
import { formatBody, formatHead, formatNote } from "../../lib/transcript/format.ts";
import { escapeForTerminal, escapeJson, escapeMarkup } from "../../lib/text/escape.ts";
import { withoutUserinfos } from "../../lib/text/secrets.ts";
import { decode, type FuzzTarget, hold, holdEqual, toText } from "../target.ts";

const SECRET = "hunter22";
/** What could act on a terminal, apart from a line's end and a TAB. */
// deno-lint-ignore no-control-regex
const ACTS = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/;

export const target: FuzzTarget = {
  reads: "what servers send as it is shown: -v, notices, JSON, markup; with secrets left out",
  seeds: [
    "HTTP/1.1 200 OK\nSet-Cookie: a=hunter22; Path=/\nLocation: http://user:hunter22@h/?token=x",
    '\x1b[2J\u202eabc\u2028\ufeff\r\n\t\0{"a":"hunter22"}',
    "Authorization: Basic eA==\nX: //a:b@c https:/x:y@z ://a:b",
    "cannot connect to 'http://a:p@ss/w:ord@h': refused",
  ],
  tokens: [
    "hunter22",
    "@",
    "://",
    ":",
    "//",
    "\x1b[",
    "\n",
    "'",
    "Set-Cookie: ",
    "=",
    "; ",
    "\u202e",
    "<",
    "&",
  ],
  maxBytes: 65_536,
  maxSteps: (bytes) => 100_000 + 500 * bytes,

  run(input) {
    const secrets = new SecretFilter([SECRET]);
    const text = toText(input);
    const head = formatHead("<", text.split("\n"), secrets);
    const body = { bytes: input.subarray(0, 4_096), totalBytes: input.length, coding: null };
    const shown = [head, formatBody("<", body, secrets), formatNote(text)];
    for (const one of shown) hold(!ACTS.test(one), "it acts on a terminal");
    for (const one of shown.slice(0, 2)) hold(!one.includes(SECRET), "a secret is shown");
    const unicode = decode(input);
    const json = JSON.stringify(unicode);
    holdEqual(JSON.parse(escapeJson(json)), unicode, "escaped JSON means something else");
    hold(!/[<>"'`]|&(?!#?\w+;)/.test(escapeMarkup(unicode)), "markup is not escaped");
    hold(escapeForTerminal(unicode, 100).length <= 100, "it is too long");
    const message = withoutUserinfos(unicode);
    hold(message.length <= unicode.length, "a message grows");
    return JSON.stringify([shown, message]);
  },
};
