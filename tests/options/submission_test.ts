import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import { parseRun, parseSubmitted } from "../../lib/options/parse.ts";
import type { RecordedCommand } from "../../lib/options/recorded_command.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { type Folder, folder } from "../fixtures/folder.ts";
import type { TextTemplate } from "../../lib/source/text_template.ts";

const BUS = ["--cluster", "nats://name:hunter2@bus"];
const FIXTURES = new URL("../fixtures/", import.meta.url).pathname;

async function parse(argv: readonly string[]): Promise<RunOptions> {
  return await parseRun(argv, "1.2.3", {
    askPassword: () => Promise.resolve("asked"),
  }) as RunOptions;
}

async function submit(argv: readonly string[]): Promise<RecordedCommand> {
  return (await parse([...argv, ...BUS])).cluster!.command;
}

/** The same command after a way through JSON, as a worker reads it. */
async function work(command: RecordedCommand): Promise<RunOptions> {
  return await parseSubmitted(JSON.parse(JSON.stringify(command)), "1.2.3");
}

/** What the options of a run say, as plain data. */
const show = (options: RunOptions): unknown => {
  const { cluster: _, templates, ...rest } = options;
  const plain = (_: string, value: unknown): unknown =>
    value instanceof Set ? [...value] : value === Infinity ? "Infinity" : value;
  const sources = Array.from(templates?.headers ?? [], ([, { source }]) => source);
  return JSON.parse(
    JSON.stringify({
      ...rest,
      sources,
      body: (templates?.body as TextTemplate | undefined)?.source,
    }, plain),
  );
};

async function fill(dir: Folder): Promise<Record<"headers" | "body" | "config", string>> {
  return {
    headers: await dir.write("headers", "X-One: {1}\nAuthorization: Bearer abc\n"),
    body: await dir.write("body", new Uint8Array([0, 255, 10])),
    config: await dir.write(
      "config",
      JSON.stringify({ url: "http://h/{}", header: ["X-Two: 2"], requests: "7" }),
    ),
  };
}

Deno.test("a worker makes the form of the submitter, without the files", async () => {
  await using dir = await folder();
  const path = await dir.write("large.txt", "0123456789".repeat(10_000));
  const argv = ["http://h/", "-X", "PUT", "-F", "n={i}", "-F", `f=@${path}`, "--cluster-plain"];
  const command = await submit(argv);
  const secret = await assertRejects(() => submit(argv.slice(0, -1)), UsageError);
  assertStringIncludes(secret.message, "the parts of '--form', which can hold a secret,");
  await Deno.remove(path);
  const { form, headers, templates } = await work(command);
  assertEquals([form!.files, form!.body, templates!.body], [[], undefined, form]);
  const [, boundary] = /boundary=(.*)$/.exec(
    headers.find(([name]) => name === "Content-Type")![1],
  )!;
  const body = new TextDecoder().decode(form!.expand(() => "7") as Uint8Array);
  assert(body.startsWith(`--${boundary}\r\nContent-Disposition: form-data; name="n"\r\n\r\n7\r\n`));
  assertStringIncludes(body, `filename="large.txt"\r\nContent-Type: text/plain\r\n\r\n0123456789`);
});

Deno.test("a worker reads the options of the submitter, with what its files held", async () => {
  await using dir = await folder();
  const { headers, body, config } = await fill(dir);
  const cookie = await dir.write("cookie", "a=b\n");
  const cases: readonly (readonly string[])[] = [
    ["http://h/{}", "-n", "5", "-c7", "--timeout=3s", "--no-pause", "-f", "-k"],
    ["--config", config, "-m", "PUT", "-d", `@${body}`, "-T", "text/x", "-H", `@${headers}`],
    ["http://h/", "-u", "name", "-b", `@${cookie}`, "-b", "c={}", "--user-agent={}"],
    ["http://h/", "--resolve", "h:80:::1", "--connect-to", "::b:", "-4", "--disable-keepalive"],
    ["http://h/", "--cacert", `${FIXTURES}authority.crt`],
    ["http://h/{i:04}", "-G", "--data-urlencode", `q=a b{uuid}`, "-d", "{random:1-6}"],
    ["http://h/", "-X", "PUT", "--data-template", await dir.write("body.json", '{"n":{i+1}}\n')],
    [
      "http://h/",
      "-X",
      "PUT",
      "--json-body",
      "a={i}",
      "--json-body",
      "b:=[{}]",
      "-L",
      "-e",
      "http://a/",
    ],
    ["http://h/", "--cert", `${FIXTURES}client.crt`, "--key", `${FIXTURES}client.key`],
    ["http://h/", "-x", `@${await dir.write("proxy", "http://u:p@proxy:3128\n")}`],
    ["http://h/", "--expect-body", "^--x", "--capture", "a=header:ETag", "-o", "x.csv.gz"],
    ["-i", "-", "http://h/{}", "--request-id=X-Id", "--failures", "f.jsonl", "--json"],
    ["http://h/-?x=--cluster", "-H", "X-Y: --help", "--expect-latency=1s", "--expect-status=2xx"],
    ["http://h/", "-o", "o.ndjson", "--resume", "--summary=s.json", "--metrics=0", "--slice=9"],
  ];
  for (const argv of cases) {
    const plain = [...argv, "--cluster-plain"];
    const command = await submit(plain);
    const local = argv.filter((word) => word !== "--slice=9");
    assertEquals(show(await work(command)), show(await parse(local)), argv.join(" "));
    const sent = JSON.stringify(command);
    for (const secret of ["nats://", "hunter2", "cluster", config]) {
      const isOfUrl = secret === "cluster" && argv[0].includes(secret);
      assert(isOfUrl || !sent.includes(secret), `${secret} in ${sent}`);
    }
  }
});

Deno.test("a worker reads no file of its own, whatever a submitter sends", async () => {
  await using dir = await folder();
  const path = await dir.write("secret", "hunter2");
  const hostile: readonly (readonly string[])[] = [
    ["--header", `@${path}`],
    ["--data", `@${path}`],
    ["--data", "@-"],
    ["--data-template", path],
    ["--data-urlencode", `a@${path}`],
    ["--header", "X: {env:PATH}"],
    ["--user", `@${path}`],
    ["--user", "name"],
    ["--cookie", `@${path}`],
    ["--proxy", `@${path}`],
    ["--cacert", path],
    ["--cert", path],
    ["--config", path],
    ["--config", "-"],
    ["--cluster", `@${path}`],
    ["--cluster", "nats://other"],
    ["--cluster-key", path],
    ["--unix-socket", path],
    ["--save-bodies", path],
    [`--cookie-jar=${path}`],
    ["--dry-run"],
    ["-v"],
    ["--help"],
    ["--version"],
    ["--nonsense"],
  ];
  for (const flags of hostile) {
    const command = { argv: [...flags, "http://h/"], files: [], variables: [], password: null };
    const { message } = await assertRejects(() => parseSubmitted(command, "1"), UsageError);
    assertEquals(message.includes("hunter2"), false);
  }
  const broken = { path, base64: "~" };
  const command = {
    argv: ["--data", `@${path}`, "http://h/"],
    files: [broken],
    variables: [],
    password: null,
  };
  await assertRejects(() => parseSubmitted(command, "1"), UsageError);
});

for (
  const [argv, words] of [
    [["--save-bodies", "d"], "Cannot use '--save-bodies' with '--cluster': workers have no disk"],
    [["-vv"], "Cannot use '--verbose' with '--cluster': workers send the requests"],
    [["--cookie-jar"], "Cannot use '--cookie-jar' with '--cluster': the workers do not share"],
    [["--limit-rate", "1M"], "Cannot use '--limit-rate' with '--cluster': each worker would have"],
    [["--interface", "lo"], "Cannot use '--interface' with '--cluster': it belongs to one machine"],
    [["--unix-socket", "s"], "Cannot use '--unix-socket' with '--cluster': it is a place on one"],
    [["-m", "POST"], "Cannot use '--cluster': POST is not idempotent"],
    [["-m", "PATCH"], "PATCH is not idempotent"],
    [["-m", "other"], "other is not idempotent"],
    [["-d", "x", "--cluster-plain"], "POST is not idempotent"],
    [["-d", "x", "--cluster-plain", "-H", "Idempotency-Key: same"], "POST is not idempotent"],
    [["-d", "x", "--cluster-plain", "-H", "Idempotency-Key: {now}"], "POST is not idempotent"],
    [["--cluster-key", "k", "--cluster-plain"], "contradict each other"],
  ] as const
) {
  Deno.test(`several machines refuse ${argv.join(" ")}`, async () => {
    const { message } = await assertRejects(() => submit([...argv, "http://h/"]), UsageError);
    assertStringIncludes(message, words);
  });
}

Deno.test("several machines take methods that are not idempotent with consent or a key", async () => {
  for (
    const argv of [
      ["-m", "POST", "--retry-unsafe"],
      ["-m", "PATCH", "--request-id=idempotency-key"],
      ["-m", "POST", "-H", "Idempotency-Key: {}"],
      ["-m", "POST", "-H", "Idempotency-Key: {uuid}"],
      ["-m", "PUT"],
      ["-m", "DELETE"],
    ]
  ) {
    const { method } = await work(await submit([...argv, "http://h/"]));
    assertEquals(method, argv[1]);
  }
});

for (
  const [argv, words] of [
    [["-H", "Authorization: x"], "the header field 'Authorization'"],
    [["-H", "X-Api-Key: x"], "the header field 'X-Api-Key'"],
    [["-u", "name:hunter2"], "the header field 'Authorization'"],
    [["-b", "a=hunter2"], "the header field 'Cookie'"],
    [["-m", "PUT", "-d", "hunter2"], "the body of '--data'"],
    [["-x", "http://a:hunter2@proxy"], "the credentials of '--proxy'"],
    [["--cert", `${FIXTURES}client.crt`, "--key", `${FIXTURES}client.key`], "the key of '--cert'"],
    [["--expect-header", "Authorization: hunter2"], "the value of '--expect-header'"],
    [["-i", "in.jsonl"], "an input of jsonl"],
  ] as const
) {
  Deno.test(`several machines ask for a key with ${argv.join(" ")}`, async () => {
    await using dir = await folder();
    const key = await dir.write("key", "0".repeat(64));
    const { message } = await assertRejects(() => submit([...argv, "http://h/"]), UsageError);
    assertStringIncludes(message, `Cannot submit ${words}`);
    assertStringIncludes(message, "add --cluster-key FILE to seal the run, or --cluster-plain");
    assertEquals(message.includes("hunter2"), false);
    await submit([...argv, "http://h/", "--cluster-plain"]);
    await submit([...argv, "http://h/", "--cluster-key", key]);
  });
}

Deno.test("several machines ask for a key for credentials in the URL", async () => {
  for (const url of ["http://a:hunter2@h/", "http://h/?token=hunter2"]) {
    const { message } = await assertRejects(() => submit([url]), UsageError);
    assertStringIncludes(message, "Cannot submit the credentials in the URL");
    assertEquals(message.includes("hunter2"), false);
  }
  await submit(["http://h/?page={}"]);
});

Deno.test("flags of several machines need --cluster", async () => {
  for (const flag of ["--slice=1", "--lost-after=1s", "--cluster-hold=1M", "--cluster-plain"]) {
    const { message } = await assertRejects(() => parse([flag, "http://h/"]), UsageError);
    assertStringIncludes(message, `'${flag.split("=")[0]}' needs '--cluster'`);
  }
});

Deno.test("files of the command line have a bound", async () => {
  await using dir = await folder();
  const body = await dir.write("body", new Uint8Array(17 * 1024 * 1024));
  const argv = ["-m", "PUT", "-d", `@${body}`, "http://h/", "--cluster-plain"];
  const { message } = await assertRejects(() => submit(argv), UsageError);
  assertStringIncludes(message, "more than 16 MiB together");
  // Not on one machine.
  await parse(["-m", "PUT", "-d", `@${body}`, "http://h/"]);
});
