import { assert, assertEquals, assertMatch } from "@std/assert";
import { folder } from "../../fixtures/folder.ts";
import { isInstalled } from "../../fixtures/installed.ts";
import { LoggingServer } from "../../fixtures/logging_servers.ts";
import { myriad } from "../../fixtures/program.ts";

// Real runs against real servers, of paths that each server writes down in its own way.

const ODD = [
  'a"b',
  "a%22b",
  "a\\b",
  "a%5Cb",
  "é",
  "%C3%A9",
  "a b",
  "a'b?c='d'&e=%20",
  "{}",
  "a%23b",
];
ODD.push(
  "a?b?c",
  "<>^`~|",
  "missing/a%25b",
  "missing/?q=%22",
  "a//b",
  "x".repeat(3_000),
  "a?b+c=%2B",
);

const SERVERS = [
  ["Caddy", "caddy", "caddy", LoggingServer.caddy, /^\{.*"uri":"\/.*"status":\d+/],
  ["HAProxy", "haproxy", "haproxy", LoggingServer.haproxy, /^127\.0\.0\.1:\d+ \[.*HTTP\/1\.1"$/],
  ["Apache", "apache2", "apache2-bin", LoggingServer.apache, /^127\.0\.0\.1 - \S+ \[/],
] as const;

for (const [name, program, debian, start, line] of SERVERS) {
  const options = { ignore: !isInstalled(program, debian) };
  Deno.test(`verify agrees with the access log of ${name}`, options, async () => {
    await using dir = await folder();
    await using server = await start(dir.path("."));
    const list = await dir.write(
      "urls.txt",
      [...ODD, ...Array.from({ length: 100 }, (_, k) => `n/${k}?x=1`)]
        .map((path) => `${server.url}${path}\n`).join(""),
    );
    const results = dir.path("out.ndjson");
    const users = name === "Apache" ? [":p", 'a"b:p', "a\\:p", "a b:p"] : [undefined];
    const outputs = users.map((_, k) => `${results}.${k}`);
    for (const [k, user] of users.entries()) {
      const args = user === undefined ? [] : ["-u", user];
      const { code, stderr } = await myriad(["-i", list, "-s", "-o", outputs[k], ...args]);
      assertEquals([code, stderr], [0, ""]);
    }
    await server.stop();
    const text = await Deno.readTextFile(server.log);
    assertMatch(text.split("\n")[0], line);
    if (name === "Apache") { for (const user of ['""', '\\"', "a b"]) assert(text.includes(user)); }
    for (const format of [[], ["--log-format", name === "Apache" ? "combined" : program]]) {
      const { code, stdout } = await myriad(
        ["verify", ...outputs, "--against", server.log, "--json", ...format],
      );
      const requests = users.length * (ODD.length + 100);
      assertEquals([code, JSON.parse(stdout).log], [0, { requests, unreadable: 0 }], stdout);
    }
    const fewer = await dir.write("fewer.log", text.trimEnd().split("\n").slice(0, -1).join("\n"));
    const { code } = await myriad(["verify", ...outputs, "--against", fewer]);
    assertEquals(code, 1);
  });
}
