import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import type { SourceOptions } from "../../lib/source/target_source.ts";
import type { HeaderList, Target } from "../../lib/target.ts";
import { folder } from "../fixtures/folder.ts";
import { all, open, outcomes, targetsOf } from "../fixtures/sources.ts";

const basic = (credentials: string): string =>
  `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(credentials)))}`;

Deno.test("openSource() fills the template with trimmed lines, and skips blank ones", async () => {
  const text = "\ufeff a \r\n\n \t\r\nb c\r\n\u3000\n?d&e";
  const targets = await targetsOf("lines", text, { template: "http://h/?q={}" });
  assertEquals(targets.map(({ i, url }) => [i, url]), [
    [0, "http://h/?q=a"],
    [1, "http://h/?q=b%20c"],
    [2, "http://h/?q=%3Fd%26e"],
  ]);
});

Deno.test("openSource() reads lines as URLs without a template, or with {}", async () => {
  const text = " http://h/1 \nHTTPS://H:8443/2?a b\nhttp://[::1]:80/\n";
  const urls = ["http://h/1", "HTTPS://H:8443/2?a b", "http://[::1]:80/"];
  for (const template of [undefined, "{}", "{+}"]) {
    assertEquals(outcomes(await targetsOf("lines", text, { template })), urls);
  }
  assertEquals(outcomes(await targetsOf("lines", "a\nb c\n", { template: "http://{}.x/" })), [
    "http://a.x/",
    "line 2: not a URL",
  ]);
});

const LINES = Array.from({ length: 12 }, (_, i) => `\n${i}\n`).join("");

for (
  const [what, options, numbers] of [
    ["all", {}, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
    ["a count", { count: 3 }, [0, 1, 2]],
    ["a start", { start: 9 }, [9, 10, 11]],
    ["a start and a count", { start: 3, count: 2 }, [3, 4]],
    ["a shard", { shard: { index: 1, count: 5 } }, [1, 6, 11]],
    ["all three", { start: 2, count: 8, shard: { index: 1, count: 4 } }, [5, 9]],
    ["a start behind the end", { start: 100 }, []],
    ["a count behind the end", { count: 100, start: 11 }, [11]],
    ["no count", { count: 0 }, []],
  ] as [string, Partial<SourceOptions>, number[]][]
) {
  Deno.test(`openSource() selects lines by ${what}`, async () => {
    const targets = await targetsOf("lines", LINES, { template: "http://h/{}", ...options });
    assertEquals(targets.map(({ i }) => i), numbers);
    assertEquals(outcomes(targets), numbers.map((i) => `http://h/${i}`));
    const records = LINES.replaceAll(/\d+/g, '{"a":$&}');
    const same = await targetsOf("jsonl", records, { template: "http://h/{a}", ...options });
    assertEquals(same, targets);
  });
}

Deno.test("openSource() reads no more of a file than needed", async () => {
  await using dir = await folder();
  const size = 4 * 1024 * 1024;
  const path = await dir.write("urls", "http://127.0.0.1/\n".repeat(size / 18));
  const source = await open({ input: { path, format: "lines" } });
  assertEquals([source.progress(), source.total], [0, undefined]);
  await source.next();
  assert(source.progress()! <= 0.03, "one block");
  for (let n = 1; n < 10_000; n++) await source.next();
  assert(source.progress()! <= 0.1, `${source.progress()} for 10,000 lines, 180 kB`);
  await source.return();
  await source.return();
  assertEquals(await source.next(), { value: undefined, done: true });
});

Deno.test("openSource() closes the file at the end, at the count, and on an error", async () => {
  await using dir = await folder();
  const path = await dir.write("urls", "a\n".repeat(100));
  // The sanitizer would find what is open.
  const template = "http://h/{}";
  const counted = await open({ template, count: 2, input: { path, format: "lines" } });
  while (!(await counted.next()).done);
  const whole = await open({ template, input: { path, format: "lines" } });
  while (!(await whole.next()).done);
  await assertRejects(() => open({ input: { path, format: "csv" } }), UsageError);
});

for (
  const [template, message] of [
    ["http://h/", "Cannot use the lines of '--input X': the URL has no {} for them"],
    ["http://h/{id}", "Cannot fill '{id}' of the URL: a line has no fields"],
    ["ftp://h/{}", "Cannot request 'ftp://h/'"],
    ["http://h/{", "Cannot read '{' at character 10 of the URL"],
  ]
) {
  Deno.test(`openSource() rejects ${template} for lines`, async () => {
    // There is no such file: what can be known without it comes first.
    const input = { path: "X", format: "lines" } as const;
    const error = await assertRejects(() => open({ template, input }), UsageError);
    assert(error.message.startsWith(message), error.message);
  });
}

for (
  const [line, why] of [
    ["nonsense", "not an absolute http or https URL"],
    ["/path", "not an absolute http or https URL"],
    ["//h/", "not an absolute http or https URL"],
    ["ftp://h/", "not an absolute http or https URL"],
    ["javascript:alert(1)", "not an absolute http or https URL"],
    ["http:h", "not an absolute http or https URL"],
    ["http:/h/", "not an absolute http or https URL"],
    ["http:///h/", "not an absolute http or https URL"],
    ["http://", "not an absolute http or https URL"],
    ["http://a b/", "not a URL"],
    ["http://a:b:c/", "not a URL"],
    ["http://h:65536/", "not a URL"],
    ["http://h:-1/", "not a URL"],
    ["http://[::1/", "not a URL"],
    ["http://1.2.3.256/", "not a URL"],
    ["http://:80/", "not a URL"],
    ["http://h:0/", "port 0 cannot be requested"],
    ["http://h:000", "port 0 cannot be requested"],
    ["http://u@h:\t0?x", "a URL cannot hold a control character (here %09)"],
    ["http://h/a\tb", "a URL cannot hold a control character (here %09)"],
    ["http://h/\0", "a URL cannot hold a control character (here %00)"],
    ["http://h/?a=\x1b", "a URL cannot hold a control character (here %1B)"],
    ["http://h/#\x7f", "a URL cannot hold a control character (here %7F)"],
    ["http://\x01h/", "a URL cannot hold a control character (here %01)"],
  ]
) {
  Deno.test(`openSource() makes no request for ${JSON.stringify(line)}`, async () => {
    const targets = await targetsOf("lines", `${line}\nhttp://h:65535/\n`);
    assertEquals(outcomes(targets), [`line 1: ${why}`, "http://h:65535/"]);
    assertEquals(targets[0].url, line.replace("u@", ""));
  });
}

Deno.test("openSource() percent-encodes control characters of a line", async () => {
  const why = "line 1: a URL cannot hold a control character (here %09)";
  for (const template of ["http://h/{}", "http://{}.x/", "http://h/?{}", "http://h/?a={+}"]) {
    const targets = await targetsOf("lines", "a\tb\nc\n", { template });
    assertEquals(outcomes(targets), [why, template.replace(/\{\+?\}/, "c")]);
  }
  const template = "http://h/?a={}";
  assertEquals(outcomes(await targetsOf("lines", "a\tb", { template })), ["http://h/?a=a%09b"]);
});

Deno.test("openSource() makes no request for a line that is not UTF-8, and continues", async () => {
  await using dir = await folder();
  const bytes = Uint8Array.from(
    "http://h/caf\xe9\nhttp://h/?\xef\xbf\xbd\n\xff\xfeh\0",
    (character) => character.charCodeAt(0),
  );
  const input = { path: await dir.write("urls", bytes), format: "lines" } as const;
  for (const template of [undefined, "http://h/?q={}"]) {
    const targets = await all(await open({ input, template }));
    assertEquals(targets.map(({ i, invalid }) => [i, invalid?.split(":", 2).join(":")]), [
      [0, "line 1: not UTF-8"],
      // U+FFFD itself.
      [1, undefined],
      [2, "line 3: not UTF-8"],
    ]);
    assertEquals(targets[0].url, "http://h/caf\ufffd");
    assert(targets.every(({ url }) => url.isWellFormed()));
  }
});

Deno.test("openSource() ends a line at CR alone, except for an older run", async () => {
  const text = "http://h/0\rhttp://h/1\n\rhttp://h/2\r\n";
  const urls = ["http://h/0", "http://h/1", "http://h/2"];
  assertEquals(outcomes(await targetsOf("lines", text)), urls);
  const [both, last] = await targetsOf("lines", text, { onlyLf: true });
  assertEquals(both.invalid, "line 1: a URL cannot hold a control character (here %0D)");
  assertEquals([last.i, last.url], [1, "http://h/2"]);
});

Deno.test("openSource() shows 200 characters of an invalid URL or a line over 1 MiB", async () => {
  const long = `http://h/${"x".repeat(1024 * 1024)}`;
  const text = `${"n".repeat(300)}\n${long}\nn${"😀".repeat(200)}\n`;
  const targets = await targetsOf("lines", text);
  assertEquals(targets.map(({ url }) => url), [
    "n".repeat(200),
    long.slice(0, 200),
    `n${"😀".repeat(99)}\ufffd`,
  ]);
  assertEquals(outcomes(targets)[1], "line 2: longer than 1 MiB");
});

for (
  const [line, url, credentials] of [
    ["http://u:p@h/a@b?c=@", "http://h/a@b?c=@", "u:p"],
    ["http://u@h/", "http://h/", "u:"],
    ["http://:p@h/", "http://h/", ":p"],
    ["http://%C3%BC:p%40%3A@h/", "http://h/", "ü:p@:"],
    ["http://ü:名@h/", "http://h/", "ü:名"],
    ["http://u:p%zz@h/", "http://h/", "u:p%zz"],
    ["http://a@b:c@h/", "http://h/", "a@b:c"],
    ["http://u:p@h\\@x/", "http://h\\@x/", "u:p"],
    ["http://@h/", "http://h/", undefined],
    ["http://:@h/", "http://h/", undefined],
    ["http://h/u:p@x", "http://h/u:p@x", undefined],
  ] as [string, string, string | undefined][]
) {
  Deno.test(`openSource() moves the credentials of ${line} into a header field`, async () => {
    const run: HeaderList = [["A", "1"]];
    const [target] = await targetsOf("lines", line, { headers: run });
    assertEquals([target.url, target.invalid], [url, undefined]);
    if (credentials === undefined) assertStrictEquals(target.headers, run);
    else {
      assertEquals(target.headers, [["A", "1"], ["Authorization", basic(credentials)]]);
      // The same fields, so that others can tell whose they are.
      assertStrictEquals(target.headers[0], run[0]);
    }
    const given: HeaderList = [["authorization", "mine"]];
    const [other] = await targetsOf("lines", line, { headers: given });
    assertEquals(other.url, url);
    assertStrictEquals(other.headers, given);
  });
}

Deno.test("openSource() moves the credentials of a template into a list that targets share", async () => {
  const check = ([a, b]: Target[]): void => {
    assertEquals([a.url, b.url], ["http://h/0?@", "http://h/1?@"]);
    assertEquals(a.headers, [["Authorization", basic("{u:p é")]]);
    assertStrictEquals(a.headers, b.headers);
  };
  const template = "http://{{u:p%20%C3%A9@h/{}?@";
  check(await all(await open({ template, count: 2 })));
  check(await targetsOf("lines", "0\n1\n", { template }));
  check(await targetsOf("csv", "a\n0\n1\n", { template: template.replace("{}", "{a}") }));
  check(
    await targetsOf("jsonl", '{"a":0}\n{"a":1}\n', { template: template.replace("{}", "{a}") }),
  );
  const targets = await targetsOf("lines", "v:w\n", { template: "http://{}@h/" });
  assertEquals(targets.map(({ url, headers }) => [url, headers as unknown]), [
    ["http://h/", [["Authorization", basic("v:w")]]],
  ]);
});

for (
  const line of [
    "http://u:hunter2@a b/",
    "http://u:hunter2@h:0/",
    "http:/u:hunter2@h/",
    "http:u:hunter2@h/",
    "http:///u:hunter2@h/",
    "http://\t/u:hunter2@h/",
    "ftp://u:hunter2@h/",
    "//u:hunter2@h/",
    "u:hunter2@h/",
    "hunter2@h",
    "x http://u:hunter2@h/",
    "http://a b/ http://u:hunter2@h/",
    `http://u:hunter2${"x".repeat(300)}@a b/`,
  ]
) {
  Deno.test(`openSource() shows no credentials of ${JSON.stringify(line).slice(0, 60)}`, async () => {
    const [{ url, headers, invalid }] = await targetsOf("lines", line);
    assert(invalid !== undefined);
    assert(!JSON.stringify([url, headers, invalid]).includes("hunter2"), `${url} ${invalid}`);
  });
}

for (
  const [format, text, urls] of [
    ["lines", "# list\nhttp://h/1\n  # x\n\nhttp://h/#2\n", ["http://h/1", "http://h/#2"]],
    ["csv", '# say "hi\nurl,x\n#,"\nhttp://h/1,"a\n# b"\n', ["http://h/1"]],
    ["tsv", "#\nurl\nhttp://h/1\n#\n", ["http://h/1"]],
    ["jsonl", '# a\n{"url":"http://h/1"}\n', ["http://h/1"]],
  ] as const
) {
  Deno.test(`openSource() skips comments in an input of ${format}`, async () => {
    assertEquals(outcomes(await targetsOf(format, text, { comments: true })), urls);
  });
}

Deno.test("openSource() takes lines with # as records where comments are not asked for", async () => {
  const targets = await targetsOf("lines", "#1\n2\n", { template: "http://h/{}" });
  assertEquals(outcomes(targets), ["http://h/#1", "http://h/2"]);
});
