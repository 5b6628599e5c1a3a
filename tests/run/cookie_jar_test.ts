import { assert, assertEquals, assertMatch } from "@std/assert";
import { folder } from "../fixtures/folder.ts";
import { finish, myriad as run, type Ran, start } from "../fixtures/program.ts";
import { type Answer, ok, RawServer } from "../fixtures/raw_server.ts";
import { until } from "../fixtures/until.ts";

// `--cookie-jar` as a user has it: real processes, a real server, files as curl has them.

const FILES = ["--allow-net=127.0.0.1", "--allow-read", "--allow-write"];

const LINES = "# Netscape HTTP Cookie File\n\n";

const myriad = (args: string[], permissions = FILES): Promise<Ran> => run(args, { permissions });

const pathOf = (request: string): string => request.split(" ")[1];
const cookieOf = (request: string): string | undefined => /^cookie: (.*)\r$/im.exec(request)?.[1];

/** A server that sets a cookie at /0, on the way to where it leads. */
const login: Answer = ({ send, request }) =>
  send(
    pathOf(request) === "/0"
      ? "HTTP/1.1 302 X\r\nLocation: /home\r\nContent-Length: 0\r\n" +
        "Set-Cookie: sid=hunter2; Path=/; HttpOnly\r\nSet-Cookie: k=v; Max-Age=9999\r\n\r\n"
      : ok(),
  );

for (const engine of ["http1", "fetch"]) {
  Deno.test(`--cookie-jar sends the cookies that servers set, and no output shows them (${engine})`, async () => {
    await using dir = await folder();
    await using server = await RawServer.start(login);
    const ran = await myriad([
      ...["-n", "3", "-c", "1", server.url("/{}"), "--cookie-jar", "-b", "own=1"],
      ...["--engine", engine, "-o", dir.path("o.ndjson"), "--failures", dir.path("f")],
      ...["--summary", dir.path("s")],
    ]);
    assertEquals(ran.code, 0);
    assertEquals(server.requests.map((request) => [pathOf(request), cookieOf(request)]), [
      ["/0", "own=1"],
      ["/home", "own=1; sid=hunter2; k=v"],
      ["/1", "own=1; sid=hunter2; k=v"],
      ["/2", "own=1; sid=hunter2; k=v"],
    ]);
    let all = ran.stdout + ran.stderr;
    for (const { name } of Deno.readDirSync(dir.path(""))) {
      all += await Deno.readTextFile(dir.path(name));
    }
    assert(all.includes("/home") === false && !all.includes("hunter2") && !all.includes("sid"));
  });
}

Deno.test("myriad sends no cookies that servers set without --cookie-jar", async () => {
  await using server = await RawServer.start(login);
  assertEquals((await myriad(["-n", "2", "-c", "1", server.url("/{}"), "-s"])).code, 0);
  assertEquals(server.requests.map(cookieOf), [undefined, undefined, undefined]);
});

for (const engine of ["http1", "fetch"]) {
  Deno.test(`--cookie-jar=FILE starts with the file and replaces it (${engine})`, async () => {
    await using dir = await folder();
    await using server = await RawServer.start(login);
    const jar = dir.path("jar");
    const ofCurl = `${LINES}127.0.0.1\tFALSE\t/\tFALSE\t4102444799\told\t1\n` +
      "#HttpOnly_127.0.0.1\tFALSE\t/\tFALSE\t0\tsid\tbefore\n" +
      "127.0.0.1\tFALSE\t/\tTRUE\t0\tsecure\t1\n" +
      "127.0.0.1\tFALSE\t/\tFALSE\t1000\texpired\t1\n" +
      ".example.com\tTRUE\t/\tTRUE\t4102444799\tother\t1\n";
    await Deno.writeTextFile(jar, ofCurl);
    const permissions = [
      `--allow-net=127.0.0.1`,
      `--allow-read=${jar},${jar}.tmp`,
      `--allow-write=${jar},${jar}.tmp`,
    ];
    const args = ["-c", "1", server.url("/{}"), "--engine", engine, `--cookie-jar=${jar}`, "-s"];
    const ran = await myriad(["-n", "1", ...args], permissions);
    assertEquals(ran, { code: 0, stdout: "", stderr: "" });
    const [first, second] = server.requests.map(cookieOf);
    // To this machine itself, what is secure may go without TLS, as browsers have it.
    assertEquals(first, "old=1; sid=before; secure=1");
    assertEquals(second, "old=1; sid=hunter2; secure=1; k=v");
    const text = await Deno.readTextFile(jar);
    assert(text.startsWith("# Netscape HTTP Cookie File\n"));
    assertEquals((await Deno.stat(jar)).mode! & 0o777, 0o600);
    const lines = text.replace(/\t\d{10}\tk\t/, "\tSOON\tk\t").split("\n");
    assertEquals(lines.filter((line) => line.includes("\t")).sort(), [
      "#HttpOnly_127.0.0.1\tFALSE\t/\tFALSE\t0\tsid\thunter2",
      ".example.com\tTRUE\t/\tTRUE\t4102444799\tother\t1",
      "127.0.0.1\tFALSE\t/\tFALSE\t4102444799\told\t1",
      "127.0.0.1\tFALSE\t/\tFALSE\tSOON\tk\tv",
      "127.0.0.1\tFALSE\t/\tTRUE\t0\tsecure\t1",
    ]);
    // And the next run goes on with it.
    assertEquals((await myriad(["-n", "1", "--start", "7", ...args], permissions)).code, 0);
    assertMatch(cookieOf(server.requests[2])!, /sid=hunter2; .*k=v/);
    assertEquals([...Deno.readDirSync(dir.path(""))].map(({ name }) => name), ["jar"]);
  });
}

Deno.test("--cookie-jar=FILE writes the file when the run is interrupted", async () => {
  await using dir = await folder();
  await using server = await RawServer.start(({ send, request, nth }) => {
    if (nth === 1) send(ok("ok", `Set-Cookie: last${pathOf(request).slice(1)}=1; Path=/\r\n`));
  });
  const jar = dir.path("jar");
  await using child = start(
    ["-n", "100", "-c", "1", server.url("/{}"), `--cookie-jar=${jar}`, "-s"],
    { permissions: FILES },
  );
  await until(() => server.requests.length === 2);
  assertEquals(cookieOf(server.requests[1]), "last0=1");
  child.kill("SIGINT");
  // The one in flight is finished, or given up after a while.
  const ran = await finish(child);
  assertEquals([ran.code, ran.stderr], [130, ""]);
  assertMatch(await Deno.readTextFile(jar), /^127\.0\.0\.1\tFALSE\t\/\tFALSE\t0\tlast0\t1\n/m);
});

Deno.test("--cookie-jar keeps hostile cookies out of requests, file and terminal", async () => {
  await using dir = await folder();
  await using server = await RawServer.start(({ send }) =>
    send(ok(
      "ok",
      [
        "a=1\tb",
        "b\x1b[2J=1",
        "c=1; Path=/\tx",
        "d=1; Domain=127.0.0.1\tTRUE",
        "e=\x9b31m",
        `f=${"x".repeat(5_000)}`,
        "evil=1; Domain=com",
        "good=1; Path=/",
      ].map((field) => `Set-Cookie: ${field}\r\n`).join(""),
    ))
  );
  const jar = dir.path("jar");
  const ran = await myriad(["-n", "2", "-c", "1", server.url("/"), `--cookie-jar=${jar}`]);
  assertEquals([ran.code, ran.stderr], [0, ""]);
  assertEquals(cookieOf(server.requests[1]), "e=\x9b31m; good=1");
  const text = new TextDecoder("latin1").decode(await Deno.readFile(jar));
  const lines = text.split("\n").filter((line) => !line.startsWith("#") && line !== "");
  assertEquals(lines.map((line) => line.split("\t").length), [7, 7]);
  // deno-lint-ignore no-control-regex
  assert(!/[\x00-\x08\x0b-\x1f\x7f]/.test(text) && !/\x1b|\x9b/.test(ran.stdout));
});

Deno.test("--cookie-jar=FILE refuses an invalid file before the first request", async () => {
  await using dir = await folder();
  await using server = await RawServer.start(login);
  const jar = dir.path("jar");
  await Deno.writeTextFile(jar, `${LINES}127.0.0.1\tFALSE\t/\tFALSE\t0\tsid\n\nhunter2\n`);
  const run = (flags: string[], permissions?: string[]): Promise<Ran> =>
    myriad([server.url("/"), "-s", ...flags], permissions);
  for (
    const [flags, message] of [
      [[`--cookie-jar=${jar}`], /^myriad: Cannot read '--cookie-jar=[^']*': line 5: [^\n]*\n$/],
      [[`--cookie-jar=${dir.path("")}`], /it is not a file: name one\n$/],
      [[`--cookie-jar=${dir.path("none/jar")}`], /no such folder: make it first\n$/],
      [["--cookie-jar="], /'--cookie-jar=' has no value: use '--cookie-jar=FILE', or no '='\n$/],
      [["--cookie-jar=-"], /'--cookie-jar' cannot go to standard output: name a file\n$/],
      [[`--cookie-jar=${jar}`, `--cookie-jar=${jar}`], /'--cookie-jar' is given 2 times/],
      [[`--cookie-jar=${jar}`, "-o", jar], /'--cookie-jar' and '--output' both want the file/],
      // What stands behind a switch is none of its own.
      [["--cookie-jar", jar], /Cannot request more than one URL/],
    ] as [string[], RegExp][]
  ) {
    const ran = await run(flags);
    assertEquals([ran.code, ran.stdout], [2, ""], flags.join(" "));
    assertMatch(ran.stderr, message);
    assert(!ran.stderr.includes("hunter2"));
  }
  const lacking = await run([`--cookie-jar=${jar}`], ["--allow-net=127.0.0.1"]);
  assertEquals(lacking.code, 2);
  assertMatch(lacking.stderr, /no permission: run with --allow-read=\S+,\S+\.tmp --allow-write=/);
  assertEquals(server.requests.length, 0);
});
