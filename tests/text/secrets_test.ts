import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import {
  withoutSecrets,
  withoutSecretsWithin,
  withoutUserinfo,
  withoutUserinfos,
} from "../../lib/text/secrets.ts";
import { folder } from "../fixtures/folder.ts";
import { myriad } from "../fixtures/program.ts";

// What a user gives by mistake is repeated in an error line, and its password is not.

const MESSAGES: [string, string][] = [
  ["'http://u:SECRET@h/2' is another: give a file", "'http://h/2' is another: give a file"],
  ["'https://u@h' or 'http://:p@h?x@y'", "'https://h' or 'http://h?x@y'"],
  ["http://u:SECRET@h/ and http://v:SECRET@i/", "http://h/ and http://i/"],
  ["'--retries http://u:a@SECRET@h/': '-d @FILE'", "'--retries http://h/': '-d @FILE'"],
  ["'http://u:SEC RET'x@h/': no", "'http://h/': no"],
  // None of these is a URL, and it may be meant as one.
  ["'http://u:SEC/RET@h/': no", "'http://…@h/': no"],
  ["'HTTP://u:1p#SECRET?@h/x': no", "'HTTP://…@h/x': no"],
  ["'u:SECRET@h': no", "'…@h': no"],
  ["'http:u:SECRET@h/': no", "'http:…@h/': no"],
  ["'http:/u:SECRET@h/': no", "'http:/…@h/': no"],
];
for (const [message, expected] of MESSAGES) {
  Deno.test(`withoutUserinfos() gives ${expected} for ${message}`, () => {
    assertEquals(withoutUserinfos(message), expected);
  });
}

Deno.test("withoutUserinfos() keeps everything else unchanged", () => {
  for (
    const message of [
      "'http://h:80/a@b', 'http://[::1]:80/a@b' and 'http://h/@': give it by '-d @FILE'",
      "give [http|https|socks5|socks5h]://[USER:PASSWORD@]HOST[:PORT]",
      "'http://h' contradicts 'http://i:80': give 'Name: value' by @FILE",
      "metrics at http://h:9464: see @FILE",
      "http://h (@FILE) and 12:30 @ x",
      "Cannot read '--user @pass.txt': name a@b.example",
    ]
  ) assertEquals(withoutUserinfos(message), message);
});

// Otherwise this would not end.
Deno.test("nothing that finds secrets searches the same text again and again", () => {
  for (
    const part of [
      "://",
      ":",
      "//u",
      " a:b",
      "'",
      "@",
      "?",
      "?a",
      "&",
      "#",
      ";a=",
      "'?a='",
      " ",
      "/ ",
      "\x01",
      "http:",
      "\t/",
    ]
  ) {
    const text = `'http://${part.repeat(50_000)}@${part.repeat(50_000)}`;
    for (const hide of [withoutUserinfos, withoutSecrets, withoutSecretsWithin]) hide(text);
    for (const start of ["", "//", "http:", "/"]) {
      withoutUserinfo(`${start}${part.repeat(50_000)}/@${part.repeat(50_000)}`);
    }
  }
});

const URLS: [string, string][] = [
  ["http://u:SECRET@h/?token=SECRET&a=1", "http://h/?token=…&a=1"],
  ["http://h/?a=1;API_KEY=SECRET#x", "http://h/?a=1;API_KEY=…#x"],
  ["http://h/#access_token=SECRET&state=1", "http://h/#access_token=…&state=1"],
  ["http://h/??token=SECRET", "http://h/??token=…"],
  ["http://h/?X-Amz-Signature=SECRET&sig=SECRET", "http://h/?X-Amz-Signature=…&sig=…"],
  ["http://h/;jsessionid=SECRET?design=1&keyword=2", "http://h/;jsessionid=…&keyword=2"],
];
for (const [url, expected] of URLS) {
  Deno.test(`withoutSecrets() gives ${expected}`, () => {
    assertEquals(withoutSecrets(url), expected);
    const message = `Cannot request '${url}': no, use (http://h/?a=1)`;
    assertEquals(withoutSecretsWithin(message), message.replace(url, expected));
  });
}

for (
  const [location, expected] of [
    ["http:/u:SECRET@h/", "http:/h/"],
    ["http:///u:SECRET@h/", "http:///h/"],
    ["HTTPS:u:SECRET@h/", "HTTPS:h/"],
    ["//u:SECRET@h/", "//h/"],
    ["///u:SEC@RET@h/a@b", "///h/a@b"],
    ["/\t/u:SECRET@h/", "/\t/h/"],
    ["\\\\u:SECRET@h/", "\\\\h/"],
    // No browser finds user information in these.
    ["/@user/a", "/@user/a"],
    ["a@b", "a@b"],
    ["http://h/@u", "http://h/@u"],
    ["mailto:a@b", "mailto:a@b"],
    ["/a//b@c", "/a//b@c"],
  ]
) {
  Deno.test(`withoutUserinfo() gives ${JSON.stringify(expected)} for ${JSON.stringify(location)}`, () => {
    assertEquals(withoutUserinfo(location), expected);
    const parsed = URL.parse(withoutUserinfo(location), "https://base/");
    assertEquals([parsed?.username ?? "", parsed?.password ?? ""], ["", ""]);
  });
}

Deno.test("withoutSecretsWithin() ends a value where a message goes on", () => {
  assertEquals(
    withoutSecretsWithin("'http://h/?token=it's SECRET': 'http://h/?pwd=SECRET'"),
    "'http://h/?token=… SECRET': 'http://h/?pwd=…'",
  );
});

Deno.test("myriad shows no password of a URL in error messages for any flag", async () => {
  await using dir = await folder();
  const bad = "http://u:SECRET@h/";
  const url = "http://127.0.0.1:1/";
  const config = await dir.write("run.json", JSON.stringify({ url, retries: bad }));
  const lines = [
    [bad, `${bad}2`],
    ["run", bad, url, bad],
    [url, "u:SECRET@h"],
    ["--config", config],
    ...["retries", "threshold", "rate", "timeout", "max-body", "retry-on", "expect-status"]
      .map((name) => [`--${name}`, bad, url]),
    ...["method", "shard", "engine", "metrics", "input", "output", "cacert", "unix-socket"]
      .map((name) => [`--${name}=${bad}`, url]),
    ["-o", "x", "--fields", bad, url],
    ["-q", bad, url],
    [`--${bad}`, url],
    ["serve", bad],
    ["serve", "--delay", bad],
    ["serve", "--host", bad],
    ["compare", bad],
    ["compare", "--strategies", bad],
    ["verify", bad, "--against", bad],
    ["verify", "x", "--against", "y", "--log-format", bad],
    ["report", bad],
  ];
  const runs = lines.map((args) =>
    myriad(args, { permissions: ["--allow-all"], cwd: dir.path(".") })
  );
  for (const [k, { code, stdout, stderr }] of (await Promise.all(runs)).entries()) {
    const shown = `${lines[k].join(" ")}: ${code} ${stdout}${stderr}`;
    assert(code === 2 || code === 3 || code === 1, shown);
    assert(!`${stdout}${stderr}`.includes("SECRET"), shown);
  }
});

Deno.test("redactCommand() shows no password of a URL in any value", async () => {
  const args = [
    "http://h/",
    "-H",
    "Referer: http://u:SECRET@h/",
    "--user-agent",
    "http://u:SECRET@h/",
  ];
  const options = await parseRun([...args, "--report", "x.html"], "0");
  const { command } = (options as RunOptions).report!;
  assertStringIncludes(command, "Referer: http://h/");
  assert(!command.includes("SECRET"), command);
});
