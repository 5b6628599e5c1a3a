import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { folder } from "../fixtures/folder.ts";
import { finish, myriad, start } from "../fixtures/program.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { until } from "../fixtures/until.ts";

/** The values of a field in a request. */
function valuesOf(request: string, name: string): string[] {
  return request.split("\r\n").filter((line) => line.toLowerCase().startsWith(`${name}: `))
    .map((line) => line.slice(name.length + 2));
}

const pathOf = (request: string): string => request.split(" ")[1];

async function recordsOf(file: string): Promise<Record<string, unknown>[]> {
  const text = await Deno.readTextFile(file);
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

for (const engine of ["http1", "fetch"]) {
  for (
    const [flag, name, form] of [
      ["--request-id", "x-request-id", /^[0-9a-f]{16}-\d+$/],
      ["--request-id=X-Correlation", "x-correlation", /^[0-9a-f]{16}-\d+$/],
      ["--request-id=traceparent", "traceparent", /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/],
    ] as const
  ) {
    Deno.test(`${flag} gives each request an id, in the field and in the record (${engine})`, async () => {
      await using dir = await folder();
      await using server = await RawServer.start(({ send }) => send(ok()));
      const file = dir.path("a.ndjson");
      const args = ["-n", "50", "-s", "--engine", engine, flag, server.url("/{}")];
      assertEquals((await myriad([...args, "-o", file])).code, 0);
      const sent = new Map(server.requests.map((it) => [pathOf(it), valuesOf(it, name)]));
      for (const { i, request_id } of await recordsOf(file)) {
        assertMatch(request_id as string, form);
        assertEquals(sent.get(`/${i}`), [request_id as string]);
      }
      assertEquals(new Set([...sent.values()].flat()).size, 50);
      // Another run has others.
      await myriad(args);
      const ids = server.requests.flatMap((it) => valuesOf(it, name));
      assertEquals([ids.length, new Set(ids).size], [100, 100]);
    });
  }

  Deno.test(`--request-id keeps a record's own expectation (${engine})`, async () => {
    await using dir = await folder();
    await using server = await RawServer.start(({ send }) => send(ok()));
    const input = dir.path("in.jsonl");
    await Deno.writeTextFile(
      input,
      `{"url":"${server.url("/")}","expect":{"status":404}}\n{"url":"${server.url("/")}"}\n`,
    );
    const file = dir.path("a.ndjson");
    const args = ["-i", input, "--engine", engine, "--request-id", "-c", "1", "-s", "-o", file];
    assertEquals((await myriad(args)).code, 1);
    const records = await recordsOf(file);
    assertEquals(records.map(({ error }) => error), ["expect", undefined]);
    assert(records.every(({ request_id }) => request_id));
  });

  Deno.test(`--request-id sends the same id with retries and redirects (${engine})`, async () => {
    await using dir = await folder();
    let tries = 0;
    await using server = await RawServer.start(({ send, request }) => {
      const path = pathOf(request);
      if (path === "/old") send("HTTP/1.1 302 F\r\nLocation: /new\r\nContent-Length: 0\r\n\r\n");
      else if (tries++ < 2) send("HTTP/1.1 503 S\r\nContent-Length: 0\r\n\r\n");
      else send(ok());
    });
    const file = dir.path("a.ndjson");
    const args = ["--retries", "5", "--retry-delay", "1ms", "--engine", engine, "--request-id"];
    assertEquals((await myriad([...args, "-s", "-o", file, server.url("/old")])).code, 0);
    const [{ request_id, attempts }] = await recordsOf(file);
    assertEquals(attempts, 3);
    const ids = server.requests.map((it) => valuesOf(it, "x-request-id"));
    assertEquals(ids, Array(6).fill([request_id]));
  });
}

Deno.test("myriad sends and records no id without --request-id", async () => {
  await using dir = await folder();
  await using server = await RawServer.start(({ send }) => send(ok()));
  const file = dir.path("a.ndjson");
  await myriad(["-s", "-o", file, server.url("/")]);
  assertEquals(valuesOf(server.requests[0], "x-request-id"), []);
  assertEquals("request_id" in (await recordsOf(file))[0], false);
});

Deno.test("--request-id adds a column in CSV, and a field with --fields", async () => {
  await using dir = await folder();
  await using server = await RawServer.start(({ send }) => send(ok()));
  const csv = dir.path("a.csv");
  await myriad(["-s", "-o", csv, "--request-id", server.url("/")]);
  const [header, line] = (await Deno.readTextFile(csv)).split("\n");
  assertEquals(header.split(",").at(-1), "request_id");
  assertEquals([line.split(",").at(-1)], valuesOf(server.requests[0], "x-request-id"));
  const some = dir.path("b.ndjson");
  await myriad(["-s", "-o", some, "--request-id", "--fields", "request_id,i", server.url("/")]);
  assertEquals(Object.keys((await recordsOf(some))[0]), ["request_id", "i"]);
});

Deno.test("--request-id gives each request the same id after kill -9 and --resume", async () => {
  await using dir = await folder();
  const held: (() => void)[] = [];
  let isOpen = true;
  await using server = await RawServer.start(({ send }) => {
    if (isOpen || held.push(() => send(ok())) === 0) send(ok());
    if (server.requests.length === 400) isOpen = false;
  });
  const file = dir.path("a.ndjson");
  const args = ["-n", "600", "-c", "20", "-s", "--request-id", "-o", file, server.url("/{}")];
  await using child = start(args);
  await until(() => held.length === 20);
  child.kill("SIGKILL");
  await finish(child);
  isOpen = true;
  assertEquals((await myriad([...args, "--resume"])).code, 0);
  const records = await recordsOf(file);
  assertEquals(new Set(records.map(({ request_id }) => request_id)).size, 600);
  const idOf = new Map(records.map(({ i, request_id }) => [`/${i}`, request_id as string]));
  assert(server.requests.length > 600);
  for (const request of server.requests) {
    assertEquals(valuesOf(request, "x-request-id"), [idOf.get(pathOf(request))]);
  }
  const other = await myriad(
    [...args, "--resume"].map((arg) => arg === "--request-id" ? "--request-id=X-Id" : arg),
  );
  assertEquals(other.code, 2);
  assertStringIncludes(other.stderr, "'--request-id' was 'X-Request-Id' and is 'X-Id'");
});

Deno.test("--request-id keeps a record's own field, and is not in --failures", async () => {
  await using dir = await folder();
  await using server = await RawServer.start(({ send, request }) => {
    send(pathOf(request) === "/b" ? "no answer\r\n\r\n" : ok());
  });
  const lines = [{ url: "/a", headers: { "x-request-ID": "mine" } }, { url: "/b" }];
  const input = await dir.write("in.jsonl", lines.map((it) => JSON.stringify(it)).join("\n"));
  const [file, failures] = [dir.path("a.ndjson"), dir.path("failed.jsonl")];
  const args = ["-i", input, "-c", "1", "-s", "--request-id", "-o", file, server.url("/")];
  await myriad([...args, "--failures", failures]);
  const own = server.requests.find((it) => pathOf(it) === "/a")!;
  assertEquals(valuesOf(own, "x-request-id"), ["mine"]);
  const [first, second] = await recordsOf(file);
  assertEquals("request_id" in first, false);
  assertMatch(second.request_id as string, /-1$/);
  assertEquals(await recordsOf(failures), [{ url: server.url("/b") }]);
});

Deno.test("--request-id works in --config, and is refused with conflicting flags", async () => {
  await using dir = await folder();
  await using server = await RawServer.start(({ send }) => send(ok()));
  const config = await dir.write("c.json", '{"request-id":"X-Id","silent":true}');
  assertEquals((await myriad(["--config", config, server.url("/")])).code, 0);
  assertEquals(valuesOf(server.requests[0], "x-id").length, 1);
  for (
    const [args, message] of [
      [["--request-id=Host"], "it has a meaning of its own"],
      [["--request-id=a b"], "its name is not a token"],
      [["--request-id=Content-Length"], "the engine sets this field itself"],
      [["--request-id="], "has no value"],
      [["--request-id", "-H", "x-request-id: 1"], "contradict each other"],
      [["-o", dir.path("x"), "--fields", "i,request_id"], "add '--request-id'"],
    ] as const
  ) {
    const { code, stderr } = await myriad([...args, server.url("/")]);
    assertEquals(code, 2);
    assertStringIncludes(stderr, message);
  }
  assertEquals(server.requests.length, 1);
});
