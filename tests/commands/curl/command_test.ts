import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { curl } from "../../../lib/commands/curl/command.ts";
import { splitShellWords } from "../../../lib/commands/curl/shell_words.ts";
import { UsageError } from "../../../lib/errors.ts";
import { parseRun } from "../../../lib/options/parse.ts";
import type { RunOptions } from "../../../lib/options/run_options.ts";
import { Run } from "../../../lib/run/run.ts";
import { folder } from "../../fixtures/folder.ts";
import { isInstalled } from "../../fixtures/installed.ts";
import { myriad, run } from "../../fixtures/program.ts";
import { Http2RawServer } from "../../fixtures/http2_raw_server.ts";
import { type Answer, ok, RawServer } from "../../fixtures/raw_server.ts";
import { SERVER } from "../../fixtures/tls_server.ts";

/** The command line that a command of curl becomes. */
async function translate(...argv: readonly string[]): Promise<readonly string[]> {
  const outcome = await curl(argv);
  if ("argv" in outcome) return outcome.argv;
  throw new TypeError(outcome.text);
}

/** Fields that differ by intent. */
const OWN = /^(?:user-agent: (?:curl|myriad)\/|accept-encoding: identity$|proxy-connection:)/;

/** A request as far as both programs have to send the same. */
interface Normalized {
  readonly line: string;
  /** Sorted, without those that differ by intent. */
  readonly fields: readonly string[];
  /** The names of those with `X-`, which only the user sets, in their order. */
  readonly order: readonly string[];
  readonly body: string;
}

function normalize(request: string): Normalized {
  const end = request.indexOf("\r\n\r\n");
  const [line, ...fields] = request.slice(0, end).split("\r\n")
    // Versions of curl have boundaries of different lengths.
    .filter((field, _, all) => !/^content-length:/i.test(field) || !all.some(isMultipart))
    .map((field) => field.replace(BOUNDARY, "BOUNDARY"));
  return {
    // Both cases mean the same (RFC 3986 §2.1), and curl has both.
    line: line.replace(/%[\da-f]{2}/gi, (byte) => byte.toUpperCase()),
    fields: fields.map((field) =>
      field.replace(/^[^:]*:[ \t]*/, (name) => `${name.trim().toLowerCase()} `)
    )
      .map((field) => field.trimEnd())
      .filter((field) => !OWN.test(field)).sort(),
    order: fields.filter((field) => /^x-/i.test(field)).map((field) => field.split(":")[0]),
    body: request.slice(end + 4).replaceAll(BOUNDARY, "BOUNDARY"),
  };
}

/** Drawn by chance for each form. */
const BOUNDARY = /-{24}\w{16,22}/g;

function isMultipart(field: string): boolean {
  return /^content-type: multipart/i.test(field);
}

/** Commands of which both programs have to send the same, with `HOST` and `FILE` for what they are. */
const COMMANDS = [
  "curl -s 'HOST/path?a=1&b=2#c'",
  "curl -s HOST",
  "curl -sS -A 'me/1 {}' -e http://r/ -H 'X-Id: {id}' -H 'X-Empty;' -H 'X-Gone:' -H'Y:z' HOST/a",
  // As Chrome and Firefox have it for copying.
  String.raw`curl 'HOST/api?q=%5B1%5D' \
  -H 'accept: application/json' \
  -H 'accept-language: en-US,en;q=0.9' \
  -H 'content-type: application/json;charset=UTF-8' \
  -b 'a=1; theme={"dark":true}' \
  -H 'x-z: 1' -H 'x-a: 2' -H 'X-M: 3' \
  -H 'sec-ch-ua: "Chromium";v="130", "Not?A_Brand";v="99"' \
  --data-raw $'{"query":"query { a(id: 1) { b } }","note":"it\'s \u0021 \u00e9"}' \
  -s`,
  `curl -s 'HOST/' -X POST -H 'User-Agent: Mozilla/5.0 (X11; rv:132.0)' -H 'Connection: keep-alive' \\
  --data-raw 'a=%20&b={}'`,
  `curl -s 'HOST/' --compressed -H 'Accept-Encoding: gzip, deflate, br, zstd' -H 'TE: trailers'`,
  "curl -s -H 'X-A: é ü' -H 'Accept: a' -H 'accept: b' -H 'Expect:' HOST/",
  // Between cookies of several -b, curl writes no space, which RFC 6265 §4.2.1 has.
  "curl -s -b 'a=1; b={}; c=3' -H 'Accept: text/html' HOST/",
  "curl -s -u 'me:pa:ss' -r 0-99 HOST/",
  "curl -s --oauth2-bearer abc -H 'Host: other' HOST/",
  "curl -s -d a=1 -d 'b={2}' --data-raw @c --data-urlencode 'd=ä b&' HOST/form",
  `curl -s -d '{"a":{},"b":"é"}' HOST/json`,
  `curl -s -H 'Content-Type: application/json' --data-raw $'{"a":"\\u0021\\n"}' HOST/json`,
  `curl -s --json '{"a":1}' HOST/json`,
  "curl -s -XPUT --data-binary @FILE HOST/put",
  "curl -s --data-urlencode b@FILE --data-raw @c --data-binary @FILE -d a=1 --data-raw d HOST/files",
  "curl -s -G --data-urlencode b@FILE 'HOST/files?a'",
  "curl -s -T FILE HOST/up -H 'Content-Type: text/plain' -H Expect:",
  "curl -s -G -d a=1 --data-urlencode 'q=x y' 'HOST/search?p=2'",
  "curl -s --url-query 'q=x y' --url HOST/search",
  "curl -s -I HOST/head",
  "curl -s -X DELETE HOST/item",
  "curl -s -X PURGE 'HOST/a[b]?q={{1}}' -g",
  "curl -s 'HOST/[3-5]'",
  "curl -s -L HOST/moved",
  "curl -s HOST/moved",
  "curl -s -L -d a=1 HOST/moved",
  `curl -s -F a=1 -F 'b={2};type=text/x' -F c=@FILE -F 'd=<FILE;type=a/b' \\
  -F 'e=@"FILE";filename="x y\\"z.PNG"' --form-string 'f=@g;h"' -F 'g="i;type=j"' -F '"k"=' HOST/form`,
  "curl -s -x HOST -U 'a:b c' http://other.test/x",
];

/** The same over TLS, where both agree with the server on HTTP/2. */
const COMMANDS_OF_HTTP2 = [
  "curl -sk -H 'X-B: 2' -H 'X-A: {1}' -u a:b -b 'c=d' 'https://HOST/a?b=c'",
  "curl -sk https://HOST/ -d a=1 -H 'Host: other.test' -H 'Connection: keep-alive'",
  "curl -sk https://HOST/ -I",
  "curl -sk --http2 https://HOST/ -X PUT -d '{\"a\":{}}'",
];

const answer: Answer = ({ send, request }) => {
  if (request.includes(" /moved ")) {
    return send("HTTP/1.1 302 X\r\nLocation: /end\r\nContent-Length: 0\r\n\r\n");
  }
  send(request.startsWith("HEAD") ? "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" : ok());
};

for (
  const [version, commands, serve] of [
    ["HTTP/1.1", COMMANDS, () => RawServer.start(answer)],
    [
      "HTTP/2",
      COMMANDS_OF_HTTP2,
      () => Http2RawServer.start(answer, "127.0.0.1", 0, { ...SERVER, ALPNProtocols: ["h2"] }),
    ],
  ] as const
) {
  Deno.test({
    name: `curl and myriad curl send the same requests by ${version}`,
    ignore: !isInstalled("curl"),
    async fn() {
      await using dir = await folder();
      const file = await dir.write("body.txt", "one\r\ntwo\n{}");
      await using server = await serve();
      const fill = (text: string): string =>
        text.replaceAll("HOST", `127.0.0.1:${server.port}`).replaceAll("FILE", file);
      // One shell for all: the requests of each command end with one for /next.
      const next = `curl -sk ${server.url("/next")}`;
      const script = commands.map((command) => `${command}\n${next}\n`).join("");
      const { code, stderr } = await run(["bash", "-c", fill(script)]);
      assertEquals([code, stderr], [0, ""]);
      const byCurl = server.requests.splice(0).map(normalize);
      for (const command of commands) {
        const argv = [...await translate(fill(command)), "--concurrency", "1"];
        const opened = await Run.open(await parseRun(argv, "1") as RunOptions);
        await opened.finish("1");
        const end = byCurl.findIndex(({ line }) => line.startsWith("GET /next "));
        const requests = byCurl.splice(0, end + 1).slice(0, -1);
        assert(requests.length > 0, command);
        assertEquals(server.requests.splice(0).map(normalize), requests, command);
      }
    },
  });
}

Deno.test("curl() reads a pasted command, a command in words, and one behind a prompt", async () => {
  const expected = ["--header", "A: b", "--redirects", "0", "-n", "5", "http://h/x"];
  const all = await Promise.all([
    translate("curl -H 'A: b' h/x", "-n", "5"),
    translate("-H", "A: b", "h/x", "--", "-n", "5"),
    translate("curl", "-H", "A: b", "h/x", "--", "-n", "5"),
    translate("$ /usr/bin/curl \\\n  -HA:b h/x\n", "-n", "5"),
  ]);
  for (const argv of all) assertEquals(argv, expected);
});

Deno.test("curl() prints what it is told to print, before or behind the command", async () => {
  const text = "myriad --redirects 0 -n 5 http://h/\n";
  for (
    const argv of [
      ["--print", "curl h/", "-n", "5"],
      ["curl h/", "-n", "5", "--print"],
      ["--print", "h/", "--", "-n", "5"],
    ]
  ) assertEquals(await curl(argv), { text, notes: [] });
});

Deno.test("curl() becomes flags of the same meaning", async () => {
  const cases: Record<string, string> = {
    "-L --max-redirs 3": "--redirects 3",
    "-L --max-redirs -1": "--redirects 1000",
    "-m 2.5 --connect-timeout 1": "--timeout 2500ms --connect-timeout 1s --redirects 0",
    "--retry 3 --retry-delay 2 -f": "--retries 3 --retry-delay 2s --fail --redirects 0",
    "--rate 2/s -Z --parallel-max 7": "--rate 2/s --concurrency 7 --redirects 0",
    "-k --cacert a -E b --key c": "--insecure --cacert a --cert b --key c --redirects 0",
    "-b jar -c jar": "--cookie-jar=jar --redirects 0",
    "-A a -A b": "--user-agent b --redirects 0",
    "--http2-prior-knowledge": "--http2 --redirects 0",
    "--socks5-hostname p:1 -U a:b@c": "--redirects 0 --proxy socks5h://a:b%40c@p:1",
    "-d -x": "--data=-x --redirects 0",
    "--data-raw @x": "--data-raw @x --redirects 0",
  };
  for (const [flags, expected] of Object.entries(cases)) {
    const argv = await translate(...flags.split(" "), "http://h/");
    assertEquals(new Set(argv), new Set([...expected.split(" "), "http://h/"]), flags);
  }
});

for (
  const [command, message] of [
    ["curl --digest --ntlm -u a:b h", "Cannot do what curl does by '--digest', '--ntlm'"],
    ["curl h i", "by more than one URL"],
    ["curl 'h/{a,b}'", "by a set or a range in the URL"],
    ["curl -b @a=1 h", "by '-b' with a value that begins with @"],
    ["curl --json @x --json y h", "by '--json' with a file and more data"],
    ["curl -H Accept: h", "by '-H Accept:'"],
    ["curl -s ", "has no URL: add one, or - to read"],
    ["curl ''", "has no URL: add one, or - to read"],
    ["curl --dataa x h", "unknown option '--dataa': did you mean '--data'?"],
    ["curl h -d", "'-d' has no value"],
    ["wget h", "it does not begin with 'curl'"],
    ["fetch('http://h/', {})", "it does not begin with 'curl'"],
    ['curl ^"h^" ^\n -H x', "it is for cmd of Windows"],
  ]
) {
  Deno.test(`curl() refuses ${JSON.stringify(command)}`, async () => {
    const error = await assertRejects(() => curl([command]), UsageError);
    assertStringIncludes(error.message, message);
  });
}

Deno.test("curl() tells of flags of a run before the command", async () => {
  const error = await assertRejects(() => curl(["-n", "5", "$ curl http://h/"]), UsageError);
  assertStringIncludes(error.message, "put them behind it");
});

Deno.test("curl() prints nothing that acts on a terminal, and what bash takes as the same words", async () => {
  const words = ["http://h/\x1b]0;x\x07\u202e", "-H", "X-A: it's\x1b[2J\\", "-d", "a\nb'\x07"];
  const outcome = await curl(["--print", ...words]);
  const printed = "text" in outcome ? outcome.text : "";
  // deno-lint-ignore no-control-regex
  assertEquals(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/.test(printed), false, printed);
  const { stdout } = await run(["bash", "-c", `printf '%s\\0' ${printed}`]);
  assertEquals(stdout, splitShellWords(printed).map((word) => `${word}\0`).join(""));
  for (const word of [words[0], words[2], words[4]]) assertStringIncludes(stdout, `${word}\0`);
});

Deno.test("myriad curl prints a command line for a shell, which makes the same run", async () => {
  await using server = await RawServer.start(({ send }) => send(ok()));
  const pasted = `curl -s -d "it's {} \\$5" -b 'a=1' ${server.url("/x?y={z}")} -g\n`;
  const printed = await myriad(["curl", "--print"], { input: pasted });
  assertEquals([printed.code, printed.stderr], [
    0,
    "myriad: left out, as it is about curl itself and what it does with a response: -s\n",
  ]);
  assertEquals(server.requests, []);
  const ran = await myriad(["curl", pasted, "-n", "2", "-s"]);
  assertEquals(ran.code, 0);
  assertEquals(server.requests.length, 2);
  const [, ...words] = splitShellWords(printed.stdout);
  const opened = await Run.open(await parseRun(words, "0.1.0") as RunOptions);
  await opened.finish("1");
  assertEquals(server.requests[2], server.requests[0]);
});
