import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import type { ProxyOptions } from "../../lib/engine/engine.ts";
import { ENGINE_NAMES } from "../../lib/engine/engines.ts";
import { UsageError } from "../../lib/errors.ts";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import type { RunFlag } from "../../lib/options/rows/flag.ts";
import { RUN_FLAGS } from "../../lib/options/table.ts";
import { folder } from "../fixtures/folder.ts";
import { myriad } from "../fixtures/program.ts";
import { refusedPort } from "../fixtures/raw_server.ts";

const parse = async (argv: string[]): Promise<RunOptions> =>
  await parseRun([...argv, "http://localhost/"], "1") as RunOptions;

for (const argv of [["-x", "h"], ["--unix-socket", "/s"]]) {
  Deno.test(`parseRun() reads ${argv[0]} for every engine over sockets`, async () => {
    for (const engine of ["auto", "http1", "http2"]) {
      assertEquals((await parse(["--engine", engine, ...argv])).engine, engine);
    }
    const error = await assertRejects(() => parse(["--engine", "fetch", ...argv]), UsageError);
    assertStringIncludes(error.message, "with '--engine fetch'");
  });
}

Deno.test("parseRun() reads where connections go, and where they begin", async () => {
  const { resolve, connectTo, ipVersion, localEnd } = await parse([
    ...["--resolve", "Example.COM:443:127.0.0.1,[::1]", "--resolve", "*:80:::1"],
    ...["--connect-to", "example.com:443:[::1]:8443", "--connect-to", "::b:", "-4"],
    ...["--interface", "127.0.0.1"],
  ]);
  assertEquals(resolve, [
    { hostname: "example.com", port: 443, addresses: ["127.0.0.1", "::1"] },
    { hostname: undefined, port: 80, addresses: ["::1"] },
  ]);
  assertEquals(connectTo, [
    { from: { hostname: "example.com", port: 443 }, to: { hostname: "::1", port: 8443 } },
    { from: {}, to: { hostname: "b" } },
  ]);
  assertEquals([ipVersion, localEnd], [4, { address: "127.0.0.1" }]);
  assertEquals((await parse(["--interface", "[::1]", "-6"])).ipVersion, 6);
  assertEquals((await parse(["--interface", "eth0"])).localEnd, { device: "eth0" });
});

for (
  const [flag, value] of [
    ["--resolve", "a"],
    ["--resolve", "a:80"],
    ["--resolve", "a:0:127.0.0.1"],
    ["--resolve", "a:65536:127.0.0.1"],
    ["--resolve", "a b:80:127.0.0.1"],
    ["--resolve", "-a:80"],
    ["--resolve", "a:80:b"],
    ["--resolve", "a:80:127.0.0.1,"],
    ["--connect-to", "a:80:b"],
    ["--connect-to", "a:80:b:0"],
    ["--connect-to", "a:80:b/c:80"],
    ["--interface", "1.2.3"],
    ["--interface", "a/b"],
    ["--interface", "sixteen-letters-x"],
  ]
) {
  Deno.test(`parseRun() refuses '${flag} ${value}'`, async () => {
    const error = await assertRejects(() => parse([`${flag}=${value}`]), UsageError);
    assertMatch(error.message, /^Cannot read '--.*: use /);
    assertStringIncludes(error.message, `'${flag} ${value}'`);
  });
}

Deno.test("parseRun() refuses an address to begin at with the other version of IP", async () => {
  const error = await assertRejects(() => parse(["--interface", "::1", "-4"]), UsageError);
  assertStringIncludes(error.message, "'--interface ::1' with '--ipv4': it is not an IPv4 address");
});

for (
  const argv of [
    ["--transport", "portable"],
    ["--resolve", "a:80:::1"],
    ["--connect-to", "::b:"],
    ["--ipv4"],
    ["--http2"],
    ["--http1.1"],
    ["--connections", "2"],
    ["--streams", "2"],
    ["--connect-timeout", "1s"],
  ]
) {
  Deno.test(`the documents name exactly the engines that refuse ${argv[0]}`, async () => {
    const refused: string[] = [];
    for (const engine of ENGINE_NAMES) {
      await parse(["--engine", engine, ...argv]).catch((error) => {
        assertMatch(error.message, /that engine does not have it/);
        refused.push(engine);
      });
    }
    const row: RunFlag = RUN_FLAGS.find(({ name }) => `--${name}` === argv[0])!;
    assertEquals(row.lackedBy, refused);
  });
}

for (
  const [argv, engine] of [
    [["--http2"], "http2"],
    [["--http1.1"], "http1"],
    [["--engine", "http2", "--http2"], "http2"],
    [["--engine", "http1", "--http1.1", "-k"], "http1"],
    [["--connections", "2", "--streams", "10"], "auto"],
    [["--http2", "--connections", "2", "--streams", "10"], "http2"],
    [["--engine", "fetch", "--transport", "auto"], "fetch"],
    [["--transport", "portable"], "auto"],
  ] as const
) {
  Deno.test(`parseRun() takes the engine ${engine} with ${argv.join(" ")}`, async () => {
    assertEquals((await parse([...argv])).engine, engine);
  });
}

for (
  const [argv, words] of [
    [["--http2", "--http1.1"], "'--http2' and '--http1.1' contradict each other"],
    [["--http1.1", "--streams", "2"], "'--http1.1' and '--streams' contradict each other"],
    [["--engine", "http1", "--http2"], "does not have it: use '--engine http2'"],
    [["--engine", "http2", "--http1.1"], "does not have it: use '--engine http1'"],
    [["--engine", "http1", "--connections", "2"], "does not have it: use '--engine auto'"],
    [["--engine", "fetch", "--http2"], "does not have it: use '--engine http2'"],
    [["--engine", "fetch", "--transport", "portable"], "does not have it: use '--engine auto'"],
    [["--transport", "tcp"], "'--transport tcp': use one of auto, portable, native"],
    [["--connections", "0"], "--connections 0"],
    [["--streams", "0"], "--streams 0"],
  ] as const
) {
  Deno.test(`parseRun() rejects ${argv.join(" ")}`, async () => {
    const error = await assertRejects(() => parse([...argv]), UsageError);
    assertStringIncludes(error.message, words);
  });
}

Deno.test("parseRun() reads --transport, --connections and --streams", async () => {
  const argv = ["--transport", "portable", "--connections", "2", "--streams", "1k"];
  const { transport, connections, streams } = await parse(argv);
  assertEquals([transport, connections, streams], ["portable", 2, 1_000]);
  // Native fetch has sockets of its own.
  assertEquals((await parse(["--engine", "fetch"])).transport, "portable");
});

Deno.test("parseRun() reads --unix-socket, and rejects it with --proxy", async () => {
  assertEquals((await parse(["--unix-socket", "a/s"])).unixSocket, "a/s");
  assertEquals((await parse([])).unixSocket, undefined);
  assertEquals((await parse([])).proxy, undefined);
  const error = await assertRejects(() => parse(["--unix-socket", "s", "-x", "h"]), UsageError);
  assertStringIncludes(error.message, "contradict each other");
});

Deno.test("parseRun() reads a proxy's default port", async () => {
  for (const scheme of ["http", "https", "socks5", "socks5h"]) {
    assertEquals((await parse(["-x", `${scheme}://h:80`])).proxy!.port, 80);
    assertEquals((await parse(["-x", `${scheme}://h:0080`])).proxy!.port, 80);
    assertEquals((await parse(["-x", `${scheme}://[::1]:443/`])).proxy!.port, 443);
  }
});

for (
  const text of ["h?secret", "h#secret", "h\\\\secret", "h secret", "h\nsecret", "h/secret", ""]
) {
  Deno.test(`parseRun() rejects -x ${JSON.stringify(text)}`, async () => {
    const error = await assertRejects(() => parse(["-x", text]), UsageError);
    assert(!error.message.includes("secret"), error.message);
  });
}

Deno.test("parseRun() reads --proxy @FILE without repeating it", async () => {
  await using dir = await folder();
  const good = await dir.write("good", "socks5h://me:p%40ss@h:9\r\n");
  assertEquals((await parse(["-x", `@${good}`])).proxy, {
    protocol: "socks5h",
    hostname: "h",
    port: 9,
    credentials: { user: "me", password: "p@ss" },
  });
  for (const text of ["", "ftp://me:secret@h", "h\nhttp://me:secret@h\n", "\xff\0secret"]) {
    const bad = await dir.write("bad", text);
    const error = await assertRejects(() => parse(["-x", `@${bad}`]), UsageError);
    assert(!error.message.includes("secret"), error.message);
  }
  const missing = await assertRejects(() => parse(["-x", `@${dir.path("none")}`]), UsageError);
  assertStringIncludes(missing.message, "no such file");
});

for (const other of [["-i", "-"], ["-d", "@-"], ["-u", "@-"], ["-H", "@-"], ["-b", "@-"]]) {
  Deno.test(`parseRun() rejects -x @- with ${other.join(" ")}`, async () => {
    const error = await assertRejects(() => parse(["-x", "@-", ...other]), UsageError);
    assertStringIncludes(error.message, "both want stdin");
  });
}

Deno.test("-x @- reads a proxy from stdin, and shows no password when it is down", async () => {
  const input = `http://me:Pa55@127.0.0.1:${await refusedPort()}`;
  const args = ["-s", "-o", "-", "-x", "@-", "http://h.test/"];
  const { code, stdout, stderr } = await myriad(args, { input });
  assertEquals(code, 1);
  const { status, error, detail } = JSON.parse(stdout);
  assertEquals([status, error, detail], [null, "connect", "the proxy: connection refused"]);
  assert(!(stdout + stderr).includes("Pa55"), stdout + stderr);
});

/** What the command line makes of `-x`. */
async function proxyOf(url: string): Promise<ProxyOptions> {
  return (await parseRun(["-x", url, "http://h/"], "1") as RunOptions).proxy!;
}

for (
  const [text, expected] of [
    ["proxy", { protocol: "http", hostname: "proxy", port: 1080, credentials: undefined }],
    ["proxy:3128", { protocol: "http", hostname: "proxy", port: 3128, credentials: undefined }],
    ["HTTP://proxy:80/", { protocol: "http", hostname: "proxy", port: 80, credentials: undefined }],
    ["https://[::1]", { protocol: "https", hostname: "::1", port: 443, credentials: undefined }],
    ["socks5://a:b%3Ac@10.0.0.1:9", {
      protocol: "socks5",
      hostname: "10.0.0.1",
      port: 9,
      credentials: { user: "a", password: "b:c" },
    }],
    ["socks5h://a@p:1080", {
      protocol: "socks5h",
      hostname: "p",
      port: 1080,
      credentials: { user: "a", password: "" },
    }],
  ] as [string, ProxyOptions][]
) {
  Deno.test(`parseRun() reads -x ${text}`, async () => {
    assertEquals(await proxyOf(text), expected);
  });
}

for (
  const text of [
    ...["ftp://secret@h", "http://secret:%zz@h", "http://secret@h/path", "http://secret@"],
    ...["http://secret@h:99999", `http://secret${"s".repeat(300)}@h`, "http://secret@h:0"],
  ]
) {
  Deno.test(`parseRun() rejects -x ${text.slice(0, 30)} without repeating it`, async () => {
    const error = await proxyOf(text).then(() => undefined, (error) => error as Error);
    assertMatch(error!.message, /^Cannot use '--proxy': .*: use /);
    assert(!error!.message.includes("secret"));
  });
}

Deno.test("parseRun() reads each certificate of a file, and only them", async () => {
  await using dir = await folder();
  const [path, key] = [dir.path("x.pem"), "tests/fixtures/client.key"];
  const read = (name: string): string => Deno.readTextFileSync(`tests/fixtures/${name}.crt`);
  const [whole, own] = [read("authority"), read("client")];
  const wrap = (base64: string): string =>
    `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
  const between = `# A name\n${own}\nSubject: CN=localhost\n\n${whole}the end`;
  for (const text of [between, between.replaceAll("\n", "\r\n"), whole.trim()]) {
    await dir.write("x.pem", text);
    assertEquals((await parse(["--cacert", path])).tls?.ca, text);
  }
  await dir.write("x.pem", whole + own.replaceAll(" CERT", " TRUSTED CERT"));
  const error = await assertRejects(() => parse(["--cacert", path]), UsageError);
  const line = whole.split("\n").length;
  assertStringIncludes(
    error.message,
    `'--cacert ${path}': it has a TRUSTED CERTIFICATE on line ${line}`,
  );
  for (
    const [begin, rest] of [
      ["", wrap("AAAA")],
      ["", wrap("")],
      ["", wrap("?") + whole],
      [`${own}\nA name\n`, wrap("AAAA") + whole],
      [own, whole.slice(0, -40)],
      [own, whole.slice(0, -40) + "\n" + whole],
      [own, whole.slice(0, 28)],
    ]
  ) {
    await dir.write("x.pem", begin + rest);
    for (const argv of [["--cacert", path], ["--cert", path, "--key", key]]) {
      const error = await assertRejects(() => parse(argv), UsageError);
      const line = begin.split("\n").length;
      const problem = `its certificate on line ${line} is broken: use another file`;
      assertEquals(error.message, `Cannot use '${argv[0]} ${path}': ${problem}`);
    }
  }
});
