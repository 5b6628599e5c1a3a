import { assert, assertEquals, assertRejects } from "@std/assert";
import { gzipSync } from "node:zlib";
import { IisLog } from "../../../lib/commands/verify/iis_log.ts";
import { findLogFormat, LOG_FORMATS } from "../../../lib/commands/verify/log_formats.ts";
import { ServerLog } from "../../../lib/commands/verify/log_reader.ts";
import { RequestPath } from "../../../lib/commands/verify/request_path.ts";
import { UsageError } from "../../../lib/errors.ts";
import { integerAt } from "../../../lib/scan/scanner.ts";
import { folder } from "../../fixtures/folder.ts";
import { generator } from "../../fixtures/random_json.ts";

// What servers write down of a request, and which path it has. The first line of each format is the
// example of its documentation.

const encoder = new TextEncoder();

type Request = readonly [path: string, status: number];

const FIELDS =
  "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status time-taken";

/** Path and status of a line, by a format; undefined if it is of no request. */
function read(format: string, line: string | Uint8Array, before?: string): Request | undefined {
  const scanner = findLogFormat(format)!.open();
  const bytes = typeof line === "string" ? encoder.encode(line) : line;
  if (scanner instanceof IisLog) {
    const fields = encoder.encode(before ?? FIELDS);
    assertEquals(scanner.readDirective(fields, 0, fields.length), undefined);
  }
  // Not at the start of its block, and other lines behind it.
  const block = new Uint8Array([
    ...encoder.encode('x"\n'),
    ...bytes,
    ...encoder.encode('\n" 200'),
  ]);
  const path = new RequestPath();
  if (!scanner.scan(block, 3, 3 + bytes.length) || !path.readPath(scanner, 0)) return undefined;
  const status = integerAt(scanner, 1);
  if (format === "iis") path.fold();
  return [new TextDecoder().decode(path.bytes.subarray(path.from, path.to)), status];
}

const caddy = (uri: string, more: Record<string, unknown> = {}): string =>
  JSON.stringify({
    ...{ level: "info", ts: 1646861401.5241024, logger: "http.log.access", msg: "handled request" },
    request: { remote_ip: "127.0.0.1", proto: "HTTP/2.0", method: "GET", host: "localhost", uri },
    ...{ bytes_read: 0, user_id: "", duration: 0.000929675, size: 10900, status: 200 },
    resp_headers: { Server: ["Caddy"], "Content-Type": ["text/html; charset=utf-8"] },
    ...more,
  });

const haproxy = (request: string, { status = "200", captured = "{1wt.eu} {}" } = {}): string =>
  "10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 10/0/30/69/109 " +
  `${status} 2750 - - ---- 1/1/1/1/0 0/0 ${captured} "${request}"`;

const envoy = (request: string, status = "204"): string =>
  `[2016-04-15T20:17:00.310Z] "${request}" ${status} - 154 0 226 100 "10.0.35.28" ` +
  '"nsq2http" "cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2" "locations" "tcp://10.0.2.1:80"';

const alb = (request: string, { type = "http", status = "200", agent = "curl/7.46.0" } = {}) =>
  `${type} 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 ` +
  `10.0.0.1:80 0.000 0.001 0.000 ${status} 200 34 366 "${request}" "${agent}" - - ` +
  'arn:aws:elasticloadbalancing:us-east-2:1:targetgroup/t/7 "Root=1-5" "-" "-" 0 ' +
  '2018-07-02T22:22:48.364000Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-"';

const iis = (stem: string, query = "-", { status = "200", agent = "Mozilla/5.0+(x)" } = {}) =>
  `2026-11-23 05:06:32 10.0.2.10 GET ${stem} ${query} 80 - 10.0.1.50 ${agent} ${status} 12`;

const apache = (user: string): string =>
  `127.0.0.1 - ${user} [23/Nov/2026:05:06:32 +0000] "GET /a HTTP/1.1" 200 13 "-" "agent"`;

const CASES: [format: string, what: string, line: string, expected: Request | undefined][] = [
  ["combined", "no user", apache("-"), ["/a", 200]],
  ["combined", "an empty user", apache('""'), ["/a", 200]],
  ["combined", "an empty user of the common format", '- - "" [x] "GET /a HTTP/1.0" 200 -', [
    "/a",
    200,
  ]],
  ["combined", "a user with a quote", apache(String.raw`a\"b`), ["/a", 200]],
  ["combined", "a user of two quotes", apache(String.raw`\"\"`), ["/a", 200]],
  ["combined", "a user that ends in a backslash", apache(String.raw`a\\`), ["/a", 200]],
  [
    "combined",
    "a user that looks like a request",
    apache(String.raw`x [1] \"GET /b HTTP/1.1\" 404 1`),
    ["/a", 200],
  ],
  ["combined", "a user with nginx's quote", apache(String.raw`a\x22b`), ["/a", 200]],
  ["combined", "a tab in the path", String.raw`- "GET /a\tb HTTP/1.1" 200 1`, ["/a%09b", 200]],
  ["combined", "a fragment", '- "GET /a#b HTTP/1.1" 200 1', ["/a%23b", 200]],
  ["combined", "a backslash in the path", String.raw`- "GET /a\\b HTTP/1.1" 200 1`, [
    "/a%5Cb",
    200,
  ]],
  ["combined", "bytes that are no text", String.raw`- "GET /\xff HTTP/1.1" 200 1`, ["/%FF", 200]],
  ["combined", "a user without an end", '- - a\\"b [x] "GET /a HTTP/1.1', undefined],

  ["caddy", "its documentation's entry", caddy("/"), ["/", 200]],
  ["caddy", "a quote and a backslash", caddy('/a"b\\c?d="'), ["/a%22b%5Cc?d=%22", 200]],
  ["caddy", "a query, encoded", caddy("/a%22b?c=%20&d='"), ["/a%22b?c=%20&d=%27", 200]],
  ["caddy", "the absolute form", caddy("http://h:1/a?b"), ["/a?b", 200]],
  ["caddy", "an answer that no handler wrote", caddy("/a", { status: 0 }), ["/a", 200]],
  ["caddy", "a named logger", caddy("/a", { logger: "http.log.access.log0" }), ["/a", 200]],
  ["caddy", "the log of errors", caddy("/a", { logger: "http.log.error" }), undefined],
  ["caddy", "another entry", '{"level":"info","logger":"tls","msg":"x"}', undefined],
  ["caddy", "a status as a text", caddy("/a", { status: "200" }), undefined],
  ["caddy", "no object", "[null]", undefined],
  ["caddy", "null", "null", undefined],

  ["haproxy", "its documentation's entry", haproxy("GET /index.html HTTP/1.1"), [
    "/index.html",
    200,
  ]],
  [
    "haproxy",
    "what syslog puts before it",
    `<134>Feb  6 12:14:14 localhost haproxy[14389]: ${haproxy("GET /a?b HTTP/1.1")}`,
    ["/a?b", 200],
  ],
  [
    "haproxy",
    "the quotes of a daemon that escapes them",
    haproxy(String.raw`GET /a HTTP/1.1`).replaceAll('"', '\\"'),
    ["/a", 200],
  ],
  ["haproxy", "an escaped quote and hash", haproxy("GET /a#22b#23c HTTP/1.1"), ["/a%22b%23c", 200]],
  ["haproxy", "a backslash", haproxy(String.raw`GET /a\b HTTP/1.1`), ["/a%5Cb", 200]],
  ["haproxy", "the absolute form of HTTP/2", haproxy("GET https://h/a?b HTTP/2.0"), ["/a?b", 200]],
  [
    "haproxy",
    "captured headers that look like a request",
    haproxy("GET /a HTTP/1.1", { captured: "{GET /b HTTP/1.1 404 #22 x} {200 }" }),
    ["/a", 200],
  ],
  ["haproxy", "option httpslog", `${haproxy("GET /a HTTP/1.1")} 0/0/0/0/0 h/TLSv1.3/AES`, [
    "/a",
    200,
  ]],
  ["haproxy", "a client that got no answer", haproxy("GET /a HTTP/1.1", { status: "-1" }), [
    "/a",
    0,
  ]],
  ["haproxy", "timers of option logasap", haproxy("GET /a HTTP/1.1").replace("/109", "/+109"), [
    "/a",
    200,
  ]],
  ["haproxy", "no request", haproxy("<BADREQ>", { status: "400" }), undefined],
  ["haproxy", "a path that was cut off", haproxy("GET /aaaaaaaaaaaa"), undefined],
  ["haproxy", "a status of two digits", haproxy("GET /a HTTP/1.1", { status: "20" }), undefined],
  [
    "haproxy",
    "a line of the TCP format",
    "10.0.1.2:33313 [06/Feb/2009:12:12:51.443] fnt bck/srv1 0/0/5007 212 -- 0/0/0/0/3 0/0",
    undefined,
  ],

  ["envoy", "its documentation's entry", envoy("POST /api/v1/locations HTTP/2"), [
    "/api/v1/locations",
    204,
  ]],
  ["envoy", "a quote and a backslash", envoy('GET /a"b\\c HTTP/1.1'), ["/a%22b%5Cc", 204]],
  ["envoy", "what looks like the end", envoy('GET /a"%20404?b="_200_" HTTP/1.1'), [
    "/a%22%20404?b=%22_200_%22",
    204,
  ]],
  ["envoy", "nobody answered", envoy("GET /a HTTP/1.1", "0"), ["/a", 0]],
  ["envoy", "no request", envoy("- - HTTP/1.1", "400"), undefined],
  ["envoy", "no version", envoy("GET /a -", "400"), undefined],
  ["envoy", "a status of two digits", envoy("GET /a HTTP/1.1", "20"), undefined],

  ["alb", "its documentation's entry", alb("GET http://www.example.com:80/ HTTP/1.1"), ["/", 200]],
  [
    "alb",
    "an escaped quote",
    alb(String.raw`GET https://h:443/q?bar=\x22 HTTP/2.0`, { type: "h2" }),
    ["/q?bar=%22", 200],
  ],
  ["alb", "the status of the load balancer", alb("GET http://h:80/a HTTP/1.1", { status: "502" }), [
    "/a",
    502,
  ]],
  ["alb", "an address of IPv6", alb("GET http://[::1]:80/a?b HTTP/1.1"), ["/a?b", 200]],
  ["alb", "no status", alb("GET http://h:80/a HTTP/1.1", { status: "-" }), ["/a", 0]],
  [
    "alb",
    "an agent that looks like a request",
    alb("GET http://h:80/a HTTP/1.1", { agent: String.raw`\x22 GET http://h:80/b HTTP/1.1` }),
    ["/a", 200],
  ],
  ["alb", "a malformed request", alb("- http://h:80- -", { status: "400" }), undefined],
  ["alb", "another type", alb("GET http://h:80/a HTTP/1.1", { type: "tcp" }), undefined],

  ["iis", "an entry", iis("/webapp2"), ["/webapp2", 200]],
  ["iis", "a query", iis("/a", "b=c&d=%20"), ["/a?b=c&d=+", 200]],
  ["iis", "a space", iis("/a+b"), ["/a+b", 200]],
  ["iis", "UTF-8", iis("/café"), ["/café", 200]],
  ["iis", "what is no path any more, decoded", iis('/a#b?c"d'), ['/a#b?c"d', 200]],
  ["iis", "another status", iis("/a", "-", { status: "404" }), ["/a", 404]],
  ["iis", "an agent with quotes", iis("/a", "-", { agent: '"Mozilla"' }), ["/a", 200]],
  ["iis", "a column too many", `${iis("/a")} 1`, undefined],
  ["iis", "a column too few", iis("/a").replace(" 12", ""), undefined],
  ["iis", "a status of two digits", iis("/a", "-", { status: "20" }), undefined],
  ["iis", "no path", iis("*"), undefined],
];

for (const [format, what, line, expected] of CASES) {
  Deno.test(`--log-format ${format} reads ${what}`, () => {
    assertEquals(read(format, line), expected);
    if (expected === undefined) return;
    // A line that was cut off, wherever that was, is of the same request or of none.
    const bytes = encoder.encode(line);
    for (let length = 0; length < bytes.length; length++) {
      const cut = read(format, bytes.subarray(0, length));
      if (cut !== undefined) assertEquals(cut, expected, line.slice(0, length));
    }
  });
}

/** How each server writes down a path that went over the wire. */
const WRITERS: Record<string, (path: string) => string> = {
  combined: (path) => `- - - [x] "GET ${nginx(path)} HTTP/1.1" 200 1`,
  caddy: (path) => caddy(path),
  haproxy: (path) => haproxy(`GET ${path.replace(/["#]/g, (it) => `#${hex(it)}`)} HTTP/1.1`),
  envoy: (path) => envoy(`GET ${path} HTTP/1.1`, "200"),
  alb: (path) => alb(`GET http://h:80${nginx(path)} HTTP/1.1`),
  ndjson: (path) => JSON.stringify({ path, status: "200" }),
};

const hex = (character: string): string =>
  character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0");
const nginx = (path: string): string => path.replace(/["\\]/g, (it) => `\\x${hex(it)}`);

const PIECES = [
  "/",
  "a",
  "..",
  "%2e",
  "?",
  "%",
  "%20",
  "'",
  '"',
  "|",
  "%C3%A9",
  "&",
  "=",
  "\\",
];
PIECES.push("[", "^", "`", "{", "}", "<", "#", "%5C", "%22", "%23", "1", ";", '" 404 ', "+", "%2B");

Deno.test("each log format gives back the path that was sent", () => {
  const random = generator(31);
  const path = new RequestPath();
  const json = findLogFormat("ndjson")!.open();
  for (let round = 0; round < 4_000; round++) {
    const wire = `/${
      Array.from({ length: random(9) }, () => PIECES[random(PIECES.length)]).join("")
    }`.replaceAll(" ", "%20");
    const block = encoder.encode(JSON.stringify({ path: wire }));
    assert(json.scan(block, 0, block.length) && path.readPath(json, 0));
    const expected = new TextDecoder().decode(path.bytes.subarray(path.from, path.to));
    for (const [format, write] of Object.entries(WRITERS)) {
      const line = write(wire);
      const found = format === "ndjson" ? ndjson(line) : read(format, line);
      assertEquals(found, [expected, 200], `${format}: ${line}`);
    }
  }
});

/** As {@linkcode read}, where the status is a text. */
function ndjson(line: string): Request {
  const path = new RequestPath();
  const scanner = findLogFormat("ndjson")!.open();
  const block = encoder.encode(line);
  assert(scanner.scan(block, 0, block.length) && path.readPath(scanner, 0));
  return [
    new TextDecoder().decode(path.bytes.subarray(path.from, path.to)),
    Number(scanner.text(1)),
  ];
}

Deno.test("--log-format iis gives equal paths for what IIS decodes alike", () => {
  const random = generator(37);
  const path = new RequestPath();
  const json = findLogFormat("ndjson")!.open();
  for (let round = 0; round < 4_000; round++) {
    const wire = `/${
      Array.from({ length: random(9) }, () => PIECES[random(PIECES.length)]).join("")
    }`.replaceAll(/[ #\\]/g, "%20");
    const url = new URL(`http://h${wire}`);
    let stem;
    try {
      stem = decodeURIComponent(url.pathname).replaceAll(" ", "+");
    } catch {
      continue;
    }
    const block = encoder.encode(JSON.stringify({ path: wire }));
    assert(json.scan(block, 0, block.length) && path.readPath(json, 0));
    path.fold();
    const expected = new TextDecoder().decode(path.bytes.subarray(path.from, path.to));
    assertEquals(read("iis", iis(stem, url.search.slice(1) || "-")), [expected, 200], wire);
  }
});

const examples = (name: string): string[] =>
  CASES.filter(([format, , , expected]) => format === name && expected !== undefined)
    .map(([, , line]) => line);

/** The paths of a log, and how many of its lines are of no request. */
async function pathsOf(file: string, format?: string): Promise<[string[], number]> {
  const paths: string[] = [];
  const log = await ServerLog.open(
    file,
    file,
    format === undefined ? format : findLogFormat(format),
  );
  const unreadable = await log.read((path, status) => paths.push(`${path} ${status}`));
  return [paths, unreadable];
}

for (const { name } of LOG_FORMATS.filter(({ name }) => name !== "ndjson")) {
  Deno.test(`ServerLog detects ${name} logs, with blocks split anywhere`, async () => {
    await using dir = await folder();
    const lines = examples(name);
    const header = name === "iis" ? ["#Software: Microsoft IIS", "#Version: 1.0", FIELDS] : [];
    const many = Array.from({ length: 1_500 }, (_, k) => lines[k % lines.length]);
    const text = [...header, ...many].join("\n");
    assert(text.length > 64 * 1024);
    const plain = await dir.write("a.log", `${text}\n`);
    const [paths, unreadable] = await pathsOf(plain);
    assertEquals([paths.length, unreadable], [1_500, 0]);
    assertEquals(paths.slice(0, lines.length), paths.slice(lines.length, 2 * lines.length));
    const rotated = [
      await dir.write("a.log.1.gz", gzipSync(text)),
      await dir.write("b.log", text.replaceAll("\n", "\r\n")),
    ];
    for (const file of rotated) assertEquals(await pathsOf(file), [paths, 0]);
    assertEquals(await pathsOf(plain, name), [paths, 0]);
    for (const other of LOG_FORMATS) {
      // Envoy's lines are combined ones, but for its escapes.
      if (other.name === name || (name === "envoy" && other.name === "combined")) continue;
      await assertRejects(() => pathsOf(plain, other.name), UsageError, "is a request");
    }
  });
}

Deno.test("IisLog reads columns that change within a log, with or without a query", async () => {
  await using dir = await folder();
  const file = await dir.write(
    "a.log",
    [
      "#Version: 1.0",
      "#Fields: cs-uri-stem sc-status",
      "/a 200",
      "#Date: 2026-11-23 05:06:32",
      "#Fields: sc-status time cs-uri-query cs-uri-stem ",
      "404 05:06:32 b=1 /a",
      "/a 200",
    ].join("\n"),
  );
  assertEquals(await pathsOf(file), [["/a 200", "/a?b=1 404"], 1]);
  const lacking = await dir.write("b.log", "#Fields: date cs-uri-stem\nx /a\n");
  await assertRejects(() => pathsOf(lacking), UsageError, "#Fields have no sc-status");
});

Deno.test("ServerLog keeps the format of its first readable line", async () => {
  await using dir = await folder();
  const [first, second] = [examples("combined")[0], examples("haproxy")[0]];
  const file = await dir.write("a.log", `noise\n${first}\n${second}\n${examples("alb")[0]}\n`);
  assertEquals(await pathsOf(file), [["/a 200"], 3]);
});
