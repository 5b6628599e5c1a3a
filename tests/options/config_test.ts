import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { folder } from "../fixtures/folder.ts";

/** What a run with a file of flags comes to, with what the command line gives besides. */
async function parse(config: unknown, ...argv: string[]): Promise<RunOptions> {
  await using dir = await folder();
  const text = typeof config === "string" ? config : JSON.stringify(config);
  const path = await dir.write("config.json", text);
  const options = await parseRun(["--config", path, ...argv], "1");
  if (typeof options === "string") throw new TypeError(options);
  return options;
}

const URL_ = "http://localhost/{}";

for (
  const [config, argv, expected] of [
    [{ url: URL_ }, [], { url: URL_, requests: 1 }],
    [{ url: URL_, requests: "1M", concurrency: 1000, json: true }, [], {
      requests: 1_000_000,
      concurrency: 1000,
      json: true,
    }],
    [{}, [URL_], { url: URL_ }],
    [{ timeout: "250ms", "max-body": 1024 }, [URL_], { timeoutMs: 250, maxBodyBytes: 1024 }],
    // The command line comes first.
    [{ url: "http://other/", requests: 5 }, ["-n", "6", URL_], { url: URL_, requests: 6 }],
    [{ output: "a", format: "csv" }, ["-o", "b.ndjson", URL_], {
      output: {
        path: "b.ndjson",
        format: "csv",
        gzip: false,
        fields: [
          ...["i", "url", "status", "ms", "bytes", "attempts", "at", "error", "detail"],
        ],
      },
    }],
    // A switch that is off is as one that is not given.
    [{ silent: false, progress: "bar", resume: false }, [URL_], {
      silent: false,
      progress: "bar",
      resume: "no",
    }],
    [{ output: "x", resume: true }, [URL_], { resume: "yes" }],
    [{ output: "x", resume: "force" }, [URL_], { resume: "force" }],
    [{ data: '{"a":{}}' }, [URL_], { method: "POST" }],
    [{ data: 5 }, [URL_], { method: "POST" }],
    [{ "expect-status": [200, 204] }, [URL_], {}],
  ] as [unknown, string[], Partial<RunOptions>][]
) {
  Deno.test(`parseRun() reads ${JSON.stringify(config)} in --config with ${argv.join(" ")}`, async () => {
    const options = await parse(config, ...argv);
    for (const [name, value] of Object.entries(expected)) {
      assertEquals(options[name as keyof RunOptions] as unknown, value, name);
    }
  });
}

Deno.test("parseRun() uses a list of --config, or the command line's instead", async () => {
  const own = async (config: unknown, ...argv: string[]): Promise<unknown> =>
    (await parse(config, ...argv, URL_)).headers.slice(0, -2);
  assertEquals(await own({ header: ["A: b", "C: d"] }), [["A", "b"], ["C", "d"]]);
  assertEquals(await own({ header: "A: b" }), [["A", "b"]]);
  assertEquals(await own({ header: ["A: b", "C: d"] }, "-H", "E: f"), [["E", "f"]]);
  assertEquals(await own({ header: [], cookie: ["a=1", "b=2"] }), [["Cookie", "a=1; b=2"]]);
});

for (
  const [config, message] of [
    ["", "it is not JSON: write an object"],
    ['{"header":\n["A: hunter2" "B: hunter2"]}', "it is not JSON at line 2, column 15: write"],
    // V8 tells no place of this one, and what it does tell holds the text.
    ['["hunter2 (line 9 column 9)",]', "it is not JSON: write an object"],
    ['{"requests": hunter2}', "it is not JSON: write an object"],
    ['{"user":"me:hunter2"', "it is not JSON at line 1, column 21: write"],
    ['{"data":"hunter2 \\ud800"}', "it has a lone surrogate, which UTF-8 cannot encode"],
    ['{"header":["A: b","C: \\udfff"]}', "it has a lone surrogate, which UTF-8 cannot encode"],
    ["[]", "it is not a JSON object"],
    ["null", "it is not a JSON object"],
    ['"hunter2"', "it is not a JSON object"],
    ["5", "it is not a JSON object"],
    [{ nope: "hunter2" }, "there is no flag 'nope': use long names"],
    [{ n: 5 }, "there is no flag 'n'"],
    [{ "--requests": 5 }, "there is no flag '--requests'"],
    ['{"__proto__":{"user":"hunter2"}}', "there is no flag '__proto__'"],
    [{ toString: "x" }, "there is no flag 'toString'"],
    [{ ["x".repeat(100)]: 1 }, `there is no flag '${"x".repeat(40)}'`],
    [{ config: "other.json" }, "'config' cannot stand in a file: leave it out"],
    [{ help: true }, "'help' cannot stand in a file"],
    [{ version: false }, "'version' cannot stand in a file"],
    [{ "expect-body": true }, "its 'expect-body' must be a text or a number, or a list of them"],
    [{ requests: true }, "its 'requests' must be a text or a number"],
    [{ requests: null }, "its 'requests' must be a text or a number"],
    [{ user: ["me:hunter2"] }, "its 'user' must be a text or a number"],
    [{ user: { "hunter2": 1 } }, "its 'user' must be a text or a number"],
    [{ header: ["A: b", true] }, "its 'header' must be a text or a number, or a list of them"],
    [{ header: 5 }, "Cannot read a '--header' without a colon"],
    [{ json: "hunter2" }, "its 'json' must be true or false"],
    [{ json: 1 }, "its 'json' must be true or false"],
    [{ resume: "hunter2" }, `its 'resume' must be true, false or "force"`],
    [{ url: ["http://h/"] }, "its 'url' must be a text"],
    ['{"requests":1,"req\\u0075ests":2}', "it has 'requests' twice: write it once"],
    ['{"url":"a:{,\\"","header":["x:","url"],"url":"b"}', "it has 'url' twice"],
    ['{"requests":"1 000"}', "Cannot read '--requests 1 000'"],
    ['{"requests":1e30}', "Cannot read '--requests 1e+30'"],
    ['{"user":"hunter2"}', "Cannot ask for the password of '--user': standard input"],
    ['{"header":"hunter2"}', "Cannot read a '--header' without a colon"],
    ['{"header":"X-A: hunter2\\n"}', "Cannot send '--header X-A': its value has control"],
    // Found as if all were on the command line.
    ['{"silent":true,"progress":"bar"}', "'--silent' and '--progress' contradict each other"],
    ['{"user":"a:hunter2","header":"Authorization: hunter2"}', "contradict each other"],
    ['{"input":"-","data":"@-"}', "both want stdin"],
    ['{"resume":true}', "'--resume' needs '--output'"],
    ['{"url":"http://h/","summary":"s","failures":"s"}', "both want the file 's'"],
  ] as [unknown, string][]
) {
  Deno.test(`parseRun() rejects ${JSON.stringify(config).slice(0, 70)} in --config without its values`, async () => {
    await using dir = await folder();
    const text = typeof config === "string" ? config : JSON.stringify(config);
    const path = await dir.write("config.json", text);
    const error = await assertRejects(() => parseRun(["--config", path, URL_], "1"), UsageError);
    assertStringIncludes(error.message, message);
    assert(!error.message.includes("hunter2"), error.message);
    assert(!error.message.includes("\n") && error.message.includes(": "), error.message);
    if (!message.includes("--") && !message.includes("want") && !message.includes("contradict")) {
      assert(error.message.startsWith(`Cannot use '--config ${path}': `), error.message);
    }
  });
}

Deno.test("parseRun() finds contradictions between --config and the command line", async () => {
  for (
    const [config, argv] of [
      [{ silent: true }, ["--progress", "bar"]],
      [{ user: "a:b" }, ["-H", "Authorization: x"]],
      [{ input: "-" }, ["-d", "@-"]],
      [{ output: "x" }, ["--failures", "x"]],
    ] as [unknown, string[]][]
  ) {
    await assertRejects(() => parse(config, ...argv, URL_), UsageError);
  }
});

Deno.test("parseRun() rejects a --config that is missing, too long, not text, or the output", async () => {
  await using dir = await folder();
  const path = await dir.write("c.json", "{}");
  for (
    const [argv, message] of [
      [["--config", dir.path("none")], `Cannot read '--config ${dir.path("none")}': no such file`],
      [["--config", dir.path("")], "Cannot read '--config"],
      [["--config", await dir.write("long", " ".repeat(1024 * 1024 + 1))], "longer than 1 MiB"],
      [["--config", await dir.write("bytes", Uint8Array.of(0xff))], "it is not text in UTF-8"],
      [["--config", path, "-o", path], "'--config' and '--output' both want the file"],
      [["--config", path, "--config", path], "'--config' is given 2 times"],
    ] as [string[], string][]
  ) {
    const error = await assertRejects(() => parseRun([...argv, URL_], "1"), UsageError);
    assertStringIncludes(error.message, message);
  }
  await dir.write("long", `{}${" ".repeat(1024 * 1024 - 2)}`);
  await parseRun(["--config", dir.path("long"), URL_], "1");
});
