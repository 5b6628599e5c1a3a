import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import { parseRun, parseSubmitted } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { folder } from "../fixtures/folder.ts";

async function parse(...args: string[]): Promise<RunOptions> {
  return await parseRun([...args, "http://h/"], "0") as RunOptions;
}

const HOST = "http://127.0.0.1:4318";

Deno.test("--otlp takes the URL of a receiver, whose own path is kept", async () => {
  for (
    const [given, url] of [
      [HOST, `${HOST}/v1/metrics`],
      [`${HOST}/`, `${HOST}/v1/metrics`],
      [`${HOST}/api/v1/otlp/v1/metrics`, `${HOST}/api/v1/otlp/v1/metrics`],
    ]
  ) {
    assertEquals((await parse("--otlp", given)).otlp, { url, shown: url, headers: [] });
  }
  assertEquals((await parse()).otlp, undefined);
});

Deno.test("--otlp and --otlp-header keep secrets out of what is shown, and out of workers", async () => {
  await using dir = await folder();
  const file = await dir.write("fields", "X-Two: hunter3\n\nX-Three: 3\n");
  const args = [
    ...["--otlp", "https://me:hunter2%40@h:1/v1?token=hunter4", "--otlp-header", "X-One: hunter5"],
    ...["--otlp-header", `@${file}`, "--report", "r.html"],
  ];
  const { otlp, report } = await parse(...args);
  assertEquals(otlp, {
    url: "https://h:1/v1?token=hunter4",
    shown: "https://h:1/v1?token=…",
    headers: [
      ["Authorization", `Basic ${btoa("me:hunter2@")}`],
      ["X-One", "hunter5"],
      ["X-Two", "hunter3"],
      ["X-Three", "3"],
    ],
  });
  assertEquals(/hunter[^4]/.exec(report!.command), null);
  const { cluster, otlp: ofSubmitter } = await parse(...args, "--cluster", "nats://h");
  assertEquals(ofSubmitter, otlp);
  const sent = JSON.stringify(cluster!.command);
  for (const secret of ["otlp", "hunter", btoa("X-Two")]) {
    assertEquals(sent.includes(secret), false);
  }
  const command = {
    argv: ["--otlp=http://h/", "http://h/"],
    files: [],
    variables: [],
    password: null,
  };
  const { message } = await assertRejects(() => parseSubmitted(command, "0"), UsageError);
  assertStringIncludes(message, "flags that workers do not take");
});

for (
  const [args, words] of [
    [["--otlp", "localhost:4318"], "Cannot read '--otlp …': use the http or https URL"],
    [["--otlp", "grpc://hunter2@h"], "Cannot read '--otlp …': use the http or https URL"],
    [["--otlp", "http://me:hunter2%zz@h/"], "invalid percent-encoding in the user or password"],
    [["--otlp-header", "a: b"], "'--otlp-header' needs '--otlp'"],
    [["--otlp", HOST, "--otlp-header", "hunter2"], "it has no colon: use 'Name: value'"],
    [["--otlp", HOST, "--otlp-header", "a b: hunter2"], "its name is not a token"],
    [["--otlp", HOST, "--otlp-header", "Content-Type: hunter2"], "Content-Type: leave it out"],
  ] as const
) {
  Deno.test(`${args.join(" ")} is refused`, async () => {
    const { message } = await assertRejects(() => parse(...args), UsageError);
    assertStringIncludes(message, words);
    assertEquals(message.includes("hunter2"), false);
  });
}
