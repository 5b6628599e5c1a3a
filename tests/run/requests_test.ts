import { assert, assertEquals, assertMatch } from "@std/assert";
import { folder } from "../fixtures/folder.ts";
import { myriad as run, type Ran } from "../fixtures/program.ts";
import { generator, isNameLike, textOf, valueOf } from "../fixtures/random_json.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";

const ENGINES = ["http1", "fetch"];

/** Runs the program, as a user would, with a text on standard input. */
const myriad = (args: string[], input = "", permissions = ["-A"]): Promise<Ran> =>
  run(args, { input, permissions });

const answering = (): Promise<RawServer> => RawServer.start(({ send }) => send(ok()));

/** The bytes of a text's UTF-8, each a character, as a server has them. */
const bytes = (text: string): string =>
  Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("");

const bodyOf = (request: string): string => request.slice(request.indexOf("\r\n\r\n") + 4);

/** The value of a field; undefined if there is none. */
const fieldOf = (request: string, name: string): string | undefined =>
  new RegExp(`^${name}: (.*)\r$`, "im").exec(request.split("\r\n\r\n", 1)[0] + "\r\n")?.[1];

for (const engine of ENGINES) {
  const run = (args: string[], stdin?: string): Promise<Ran> =>
    myriad(["--engine", engine, "-s", "-c", "1", ...args], stdin);

  Deno.test(`{} fills header fields and the body with numbers (${engine})`, async () => {
    await using server = await answering();
    const body = '{"id":{},"name":"n{}","deep":{"a":{"b":[]}},"é":{{}}}';
    const ran = await run([
      ...["-n", "2", "-H", "X-Id: <{}>", "-b", "c={}", "--user-agent", "me/{}", "-d", body],
      server.url("/{}"),
    ]);
    assertEquals([ran.code, ran.stderr], [0, ""]);
    assertEquals(
      server.requests.map((request) => [
        request.split(" ", 2).join(" "),
        ...["x-id", "cookie", "user-agent", "content-type", "accept", "content-length"]
          .map((name) => fieldOf(request, name)),
        bodyOf(request),
      ]),
      [0, 1].map((i) => [
        `POST /${i}`,
        `<${i}>`,
        `c=${i}`,
        `me/${i}`,
        "application/json",
        "application/json",
        "50",
        bytes(`{"id":${i},"name":"n${i}","deep":{"a":{"b":[]}},"é":{}}`),
      ]),
    );
  });

  Deno.test(`-i fills header fields and the body from lines, CSV and JSONL (${engine})`, async () => {
    await using server = await answering();
    await using dir = await folder();
    const csv = await dir.write("a.csv", 'id,who\n1,"Ada ""é"" \\"\n');
    const jsonl = await dir.write("a.jsonl", '{"id":1,"who":"Ada \\"é\\" \\\\"}\n');
    const json = ["-H", "X-Id: {id}", "-d", '{"id":{id},"who":"{who}"}', server.url("/{id}")];
    for (
      const args of [
        ["-i", csv, ...json],
        ["-i", jsonl, ...json],
        ["-i", csv, "-H", "X-Id: {id}", "-d", "who={who}&raw={+id}", server.url("/{id}")],
      ]
    ) assertEquals(await run(args), { code: 0, stdout: "", stderr: "" });
    // The URL needs none, where something else has one.
    await run(["-i", "-", "-H", "X-Id: {}", "-d", "line={}", server.url("/")], "a b\n");
    const sent = '{"id":1,"who":"Ada \\"é\\" \\\\"}';
    assertEquals(server.requests.map((request) => [fieldOf(request, "x-id"), bodyOf(request)]), [
      ["1", bytes(sent)],
      ["1", bytes(sent)],
      ["1", "who=Ada%20%22%C3%A9%22%20%5C&raw=1"],
      ["a b", "line=a%20b"],
    ]);
    assertEquals(JSON.parse(sent), { id: 1, who: 'Ada "é" \\' });
  });

  Deno.test(`-d sends @FILE and @- byte by byte, and JSON unchanged (${engine})`, async () => {
    await using server = await answering();
    await using dir = await folder();
    const every = Uint8Array.from({ length: 512 }, (_, k) => k % 256);
    const raw = '{} {a} {{}} {{a}}\r\n\r\n{"b":{"c":{}}}\n';
    const documents = ['{"a":{"b":1}}', '{"{":"}}","{{":[{"a":{"b":"{ x }"}}]}', "{}"];
    await run(["-d", `@${await dir.write("every", every)}`, server.url()]);
    await run(["-d", `@${await dir.write("raw", raw)}`, server.url()]);
    await run(["-d", "@-", server.url()], raw);
    for (const json of documents) await run(["-d", json, server.url()]);
    assertEquals(server.requests.map(bodyOf), [
      String.fromCharCode(...every),
      raw,
      raw,
      ...documents,
    ]);
    const types = server.requests.map((request) => fieldOf(request, "content-type"));
    assertEquals(types.map((type) => type === "application/json"), [
      ...[false, false, false],
      ...documents.map(() => true),
    ]);
  });

  Deno.test(`-d sends random JSON unchanged, and random values that parse back (${engine})`, async () => {
    await using server = await answering();
    const random = generator(7);
    const documents: string[] = [];
    while (documents.length < 300) {
      const json = JSON.stringify(valueOf(random), null, random(3));
      if (!isNameLike(json)) documents.push(json);
    }
    const list = `[${documents.join()}]`;
    assertEquals((await run(["-d", list, server.url()])).code, 0);
    assertEquals(bodyOf(server.requests[0]), bytes(list));
    server.requests.length = 0;
    const values = Array.from({ length: 300 }, () => textOf(random));
    const records = values.map((value) => JSON.stringify({ value })).join("\n");
    const fill = ["-i", "-", "--input-format", "jsonl", "-d", '{"a":{"b":"{value}"}}'];
    assertEquals((await run([...fill, server.url()], records)).code, 0);
    const decoder = new TextDecoder();
    const sent = server.requests.map((request) =>
      JSON.parse(decoder.decode(Uint8Array.from(bodyOf(request), (c) => c.charCodeAt(0)))).a.b
    );
    assertEquals(sent, values);
  });

  Deno.test(`-i guesses the content type of a record's text (${engine})`, async () => {
    await using server = await answering();
    const records = [
      { body: '{"a":1}' },
      { body: "a=1" },
      { body: { a: 1 } },
      { body: "[1]", headers: { "content-type": "text/x" } },
      { body: "[1]", headers: { accept: "text/html" } },
    ];
    const input = records.map((record) => JSON.stringify(record)).join("\n");
    await run(["-i", "-", "--input-format", "jsonl", server.url()], input);
    const types = (): unknown[] =>
      server.requests.map((request) => [
        fieldOf(request, "content-type") ?? "",
        fieldOf(request, "accept"),
      ]);
    assertEquals(types(), [
      ["application/json", "application/json"],
      ["", "*/*"],
      ["application/json", "*/*"],
      ["text/x", "*/*"],
      ["application/json", "text/html"],
    ]);
    server.requests.length = 0;
    const text = ["-i", "-", "--input-format", "jsonl", "-T", "text/y", server.url()];
    await run(text, '{"body":"{}"}');
    assertEquals(types(), [["text/y", "*/*"]]);
  });

  Deno.test(`--failures writes templated requests that can be repeated (${engine})`, async () => {
    await using dir = await folder();
    let isBroken = true;
    await using server = await RawServer.start(({ send, reset, request }) =>
      isBroken && !request.startsWith("POST /0") ? reset() : send(ok())
    );
    const failures = dir.path("failed.jsonl");
    const fields = ["-H", "X-Id: {}", "-H", "X-Same: {{}}", "-d", '{"id":{},"t":"{{a}} é"}'];
    const first = await run(["-n", "3", ...fields, server.url("/{}"), "--failures", failures]);
    assertEquals(first.code, 1);
    const kept = (request: string): unknown[] => [
      request.split(" ", 2).join(" "),
      ...["x-id", "x-same", "content-type", "accept"].map((name) => fieldOf(request, name)),
      bodyOf(request),
    ];
    const failed = [1, 2].map((i) => [
      ...[`POST /${i}`, `${i}`, "{}", "application/json", "application/json"],
      bytes(`{"id":${i},"t":"{a} é"}`),
    ]);
    const distinct = (requests: string[]): unknown[] =>
      [...new Set(requests.map((request) => JSON.stringify(kept(request))))].map((it) =>
        JSON.parse(it)
      );
    assertEquals(distinct(server.requests.filter((it) => !it.startsWith("POST /0"))), failed);
    isBroken = false;
    // The same command, with the file in place of its source.
    server.requests.length = 0;
    assertEquals((await run(["-i", failures, ...fields])).code, 0);
    assertEquals(server.requests.map(kept), failed);
  });

  Deno.test(`-u sends passwords from templates, and no output shows them (${engine})`, async () => {
    await using dir = await folder();
    await using server = await RawServer.start(({ send, reset, request }) => {
      if (request.startsWith("GET /redirect")) {
        const there = server.url("/there").replace("http://", "http://evil:hunter2-location@");
        send(`HTTP/1.1 302 Found\r\nLocation: ${there}\r\nContent-Length: 0\r\n\r\n`);
      } else if (request.startsWith("GET /ok") || request.startsWith("GET /there")) send(ok());
      else reset();
    });
    const password = "hunter2/@:#?% é";
    const host = server.url("").slice("http://".length);
    const csv = await dir.write("a.csv", `path,pw\nok,${password}\nfail,${password}\n`);
    const jsonl = await dir.write(
      "a.jsonl",
      ["ok", "fail", "redirect"].map((path) => JSON.stringify({ path, pw: password })).join("\n"),
    );
    const outputs = ["-o", dir.path("o"), "--summary", dir.path("s"), "--failures", dir.path("f")];
    const fields = ["--fields", "i,url,status,location,error,detail", "--redirects", "0"];
    let shown = "";
    const basic = btoa(bytes(`user:${password}`));
    for (
      const [args, stdin] of [
        [["-i", csv, `http://user:{pw}@${host}/{path}`], ""],
        [["-i", jsonl, `http://user:{pw}@${host}/{path}`], ""],
        [["-i", "-", `http://user:{}@${host}/ok`], `${password}\n`],
        [["-i", csv, "-H", `Authorization: Basic {+pw}`, server.url("/{path}")], ""],
        // Some that make no request.
        [["-i", csv, `http://user:{+pw}@${host}/{path}`], ""],
        [["-i", jsonl, `http://user:{pw}@${host}/{path}?{nothing}`], ""],
        [["-i", jsonl, "-H", "X: {nothing}", "-d", "{pw}", `http://user:{pw}@${host}/`], ""],
        // A redirect that is followed.
        [["--redirects", "9", `http://user:hunter2@${host}/redirect`], ""],
      ] as [string[], string][]
    ) {
      const more = args.includes("--redirects") ? fields.slice(0, 2) : fields;
      const ran = await run(
        [...args, ...outputs, ...more, "--overwrite", "--progress", "none"]
          .filter((arg) => arg !== ""),
        stdin,
      );
      assert(ran.code <= 1, ran.stderr);
      shown += ran.stdout + ran.stderr;
      for (const name of ["o", "o.myriad", "s", "f"]) {
        shown += await Deno.readTextFile(dir.path(name));
      }
    }
    assertEquals(
      server.requests.slice(0, 1).map((request) => fieldOf(request, "authorization")),
      [`Basic ${basic}`],
    );
    assert(!/hunter2|aHVudGVy|dXNlcjpodW50/.test(shown), shown);
    assertMatch(shown, /"location":"http:\/\/127/);
    const there = server.requests.find((request) => request.startsWith("GET /there"))!;
    assertEquals(fieldOf(there, "authorization"), `Basic ${btoa("user:hunter2")}`);
  });
}

Deno.test("-i makes no request for a failure whose credentials were left out", async () => {
  await using server = await RawServer.start(({ reset }) => reset());
  await using dir = await folder();
  const failures = dir.path("failed.jsonl");
  const fields = ["-H", "Authorization: Bearer {}", "-H", "X-Auth: {}", "-s"];
  await myriad(["-i", "-", ...fields, server.url("/{}"), "--failures", failures], "token1\n");
  const text = await Deno.readTextFile(failures);
  assert(!text.includes("Bearer"), text);
  assertEquals(JSON.parse(text).headers, { Authorization: null, "X-Auth": "token1" });
  server.requests.length = 0;
  const again = await myriad(["-i", failures, ...fields, "-o", "-"]);
  assertEquals([again.code, server.requests.length], [1, 0]);
  assertMatch(again.stdout, /"error":"url","detail":"line 1: [^"]*left out as a secret/);
  // With credentials for all it can be made.
  await myriad(["-i", failures, "-H", "Authorization: Bearer other", "-s"]);
  assertEquals(fieldOf(server.requests[0], "authorization"), "Bearer other");
});

Deno.test("--failures leaves out secrets by their names, columns included", async () => {
  await using server = await RawServer.start(({ reset }) => reset());
  await using dir = await folder();
  const csv = await dir.write("a.csv", "id,api_key\n1,hunter2\n");
  const failures = dir.path("failed.jsonl");
  const fields = ["-H", "X-Auth: {api_key}", "-H", "X-Id: {id}"];
  await myriad(["-i", csv, ...fields, server.url("/{id}"), "--failures", failures, "-s"]);
  assertEquals(JSON.parse(await Deno.readTextFile(failures)), {
    url: server.url("/1"),
    headers: { "X-Auth": null, "X-Id": "1" },
  });
});

Deno.test("@FILE and @- give secrets that no output shows", async () => {
  await using server = await RawServer.start(({ reset }) => reset());
  await using dir = await folder();
  const user = await dir.write("user", "me:hunter2-user\n");
  const headers = await dir.write("headers", "X-Key: hunter2-header\r\nX-Name: {hunter2}\r\n");
  const names = ["o", "s", "f"];
  const outputs = ["-o", dir.path("o"), "--summary", dir.path("s"), "--failures", dir.path("f")];
  const flags = [
    "-u",
    `@${user}`,
    "-H",
    `@${headers}`,
    "-b",
    "@-",
    ...outputs,
    "--progress",
    "log",
  ];
  const ran = await myriad([...flags, "-n", "2", server.url("/{}")], "a=hunter2-cookie\n");
  assertEquals(ran.code, 1);
  const basic = btoa("me:hunter2-user");
  assertEquals(
    ["authorization", "x-key", "x-name", "cookie"].map((name) => fieldOf(server.requests[0], name)),
    [`Basic ${basic}`, "hunter2-header", "{hunter2}", "a=hunter2-cookie"],
  );
  let shown = ran.stdout + ran.stderr;
  for (const name of [...names, "o.myriad"]) shown += await Deno.readTextFile(dir.path(name));
  // Another secret is another run, which is said without either.
  const resumed = await myriad(
    [...flags, "--resume", "-n", "2", server.url("/{}")],
    "a=hunter2-b\n",
  );
  assertEquals(resumed.code, 2);
  assertMatch(resumed.stderr, /'--header' is not what it was/);
  shown += resumed.stderr;
  for (
    const [args, stdin] of [
      [["-u", "@-"], "hunter2"],
      [["-H", "@-"], "A: b\nhunter2"],
      [["-H", "@-"], "hunter2\x01: x\n"],
      [["-b", "@-"], "hunter2\x01"],
      [["-u", "@-", "-b", "@-"], "hunter2"],
      [["-u", "@x:hunter2"], ""],
    ] as [string[], string][]
  ) {
    for (const permissions of [["-A"], ["--allow-net"]]) {
      const refused = await myriad([...args, server.url()], stdin, permissions);
      assertEquals([refused.code, refused.stdout], [2, ""]);
      assertMatch(refused.stderr, /^myriad: [^\n]+: [^\n]+\n$/);
      shown += refused.stderr;
    }
  }
  assert(!/hunter2|aHVudGVy/.test(shown) && !shown.includes(basic), shown);
});

Deno.test("--resume compares templates, not the values in them", async () => {
  await using server = await answering();
  await using dir = await folder();
  const csv = await dir.write("a.csv", "id\n1\n2\n");
  const args = (header: string, data: string): string[] => [
    ...["-i", csv, "-o", dir.path("o"), "-s", "-H", header, "-d", data, server.url("/{id}")],
  ];
  assertEquals((await myriad(args("X: {id}", '{"id":{id}}'))).code, 0);
  assertEquals((await myriad([...args("X: {id}", '{"id":{id}}'), "--resume"])).code, 0);
  for (
    const [header, data, flag] of [
      ["X: {+id}", '{"id":{id}}', "--header"],
      ["X: {{id}}", '{"id":{id}}', "--header"],
      ["X: {id}", '{"id":"{id}"}', "--data"],
      ["X: {id}", '{"id":{{id}}}', "--data"],
    ]
  ) {
    const ran = await myriad([...args(header, data), "--resume"]);
    assertEquals(ran.code, 2);
    // Braces that are no template are no JSON, so another content type.
    assertMatch(ran.stderr, new RegExp(`'(${flag}|--header)' is not what it was`));
  }
  assertEquals(server.requests.length, 2);
});

Deno.test("-H makes no request for an invalid field value, and continues", async () => {
  await using server = await answering();
  await using dir = await folder();
  const csv = await dir.write("a.csv", 'id,v\n1,"x\r\nEvil: hunter2"\n2,fine\n');
  const ran = await myriad(["-i", csv, "-H", "X: {v}", "-s", "-o", "-", server.url("/{id}")]);
  assertEquals([ran.code, server.requests.length], [1, 1]);
  assertEquals(fieldOf(server.requests[0], "x"), "fine");
  assertMatch(
    ran.stdout,
    /"url":"http:[^"]*\/1",[^\n]*"error":"url","detail":"line 2: '--header X'/,
  );
  assert(!ran.stdout.includes("hunter2"));
});

Deno.test("--config runs a file's flags, with paths relative to the current folder", async () => {
  await using server = await answering();
  await using dir = await folder();
  const output = dir.path("o.ndjson");
  await dir.write("secret", "me:hunter2\n");
  const config = await dir.write(
    "config.json",
    JSON.stringify({
      requests: 5,
      concurrency: 2,
      header: ["X-A: {}", "X-B: b"],
      user: `@${dir.path("secret")}`,
      data: '{"id":{}}',
      silent: true,
      overwrite: false,
      output,
      url: server.url("/{}"),
    }),
  );
  const ran = await myriad(["--config", config, "-n", "2", "-H", "X-A: only {}"]);
  assertEquals(ran, { code: 0, stdout: "", stderr: "" });
  assertEquals(
    server.requests.toSorted().map((request) => [
      fieldOf(request, "x-a"),
      fieldOf(request, "x-b"),
      fieldOf(request, "authorization"),
      bodyOf(request),
    ]),
    [0, 1].map((i) => [`only ${i}`, undefined, `Basic ${btoa("me:hunter2")}`, `{"id":${i}}`]),
  );
  const refused = await myriad(["--config", config, "--progress", "log"]);
  assertEquals(refused.code, 2);
  assertMatch(refused.stderr, /^myriad: '--silent' and '--progress' contradict[^\n]+\n$/);
  assert(!(await Deno.readTextFile(`${output}.myriad`)).includes("hunter2"));
});

Deno.test("a run whose first host --deny-net denies exits with 2, and names the flag", async () => {
  const permissions = ["--allow-net", "--deny-net=127.0.0.1:9"];
  const { code, stderr } = await myriad(["http://127.0.0.1:9/"], "", permissions);
  const message =
    "myriad: Cannot request '127.0.0.1:9': no permission: run without its --deny-net\n";
  assertEquals([code, stderr], [2, message]);
});
