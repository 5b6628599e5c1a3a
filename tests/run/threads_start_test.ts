import { assertEquals, assertMatch } from "@std/assert";
import { FrameRelay } from "../fixtures/frame_relay.ts";
import { Http2RawServer } from "../fixtures/http2_raw_server.ts";
import { folder } from "../fixtures/folder.ts";
import { finish, myriad, start } from "../fixtures/program.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { until } from "../fixtures/until.ts";

// `--threads` as a user has it: what it needs to start, and what the threads share.

const ROOT = new URL("../../", import.meta.url).pathname;
const LEAST = ["--allow-net=127.0.0.1", `--allow-read=${ROOT}`];

Deno.test("--threads names the permission that it needs from source before the first request", async () => {
  await using server = await RawServer.start(({ send }) => send(ok()));
  const ran = await myriad(["-n", "9", "--threads", "3", server.url("/{}")], {
    permissions: ["--allow-net=127.0.0.1"],
  });
  assertEquals([ran.code, ran.stdout, server.requests], [2, "", []]);
  assertEquals(
    ran.stderr,
    "myriad: Cannot use '--threads': the threads read the source of myriad: no permission: " +
      `run with --allow-read=${ROOT}, or use a bundle of it\n`,
  );
});

Deno.test("--threads splits the concurrency, and a record of each request is in the output", async () => {
  // The first ones wait for each other.
  const held: (() => void)[] = [];
  await using server = await RawServer.start(({ send }) => {
    if (held.push(() => send(ok())) === 7) held.forEach((answer) => answer());
    else if (held.length > 7) send(ok());
  });
  await using dir = await folder();
  const ran = await myriad([
    ...["-n", "100", "-c", "7", "--threads", "3", server.url("/{}")],
    ...["-o", "-", "--summary", dir.path("s")],
  ], { permissions: [...LEAST, `--allow-write=${dir.path("s")}`] });
  assertEquals(ran.code, 0);
  const numbers = ran.stdout.trimEnd().split("\n").map((line) => JSON.parse(line).i);
  assertEquals(numbers.sort((a, b) => a - b), Array.from({ length: 100 }, (_, i) => i));
  assertEquals(server.connections, 7);
  const { engine, threads } = JSON.parse(await Deno.readTextFile(dir.path("s")));
  assertEquals([engine, threads], ["http1", 3]);
});

Deno.test("--threads ends with 2 if the first host is not permitted, and requests nothing", async () => {
  await using server = await RawServer.start(({ send }) => send(ok()));
  const hosts = ["localhost", "127.0.0.1", "127.0.0.1"];
  const input = hosts.map((host) => `http://${host}:${server.port}/\n`).join("");
  const ran = await myriad(["-i", "-", "--threads", "3"], { permissions: LEAST, input });
  assertEquals([ran.code, ran.stdout, server.requests], [2, "", []]);
  assertMatch(
    ran.stderr,
    /^myriad: Cannot request 'localhost:\d+': no permission: run with --allow-net=/,
  );
});

Deno.test("--threads: each thread ends its connections as one thread does", async () => {
  await using server = await Http2RawServer.start(({ send }) => send(ok()));
  for (const threads of [1, 3]) {
    await using relay = await FrameRelay.start(server.port);
    const args = [
      "-n",
      "60",
      "-c",
      "6",
      "--threads",
      `${threads}`,
      "--http2",
      "-s",
      relay.url("/{}"),
    ];
    assertEquals((await myriad(args, { permissions: LEAST })).code, 0);
    await until(() => relay.farewells === threads);
    assertEquals(relay.vain.length, threads);
  }
});

Deno.test("--threads: every thread sends what one response sets in the cookie jar, and it is saved", async () => {
  await using dir = await folder();
  const jar = await dir.write("jar.txt", "127.0.0.1\tFALSE\t/\tFALSE\t0\told\t1\n");
  // In a round, all places of the threads wait: each thread has two of them.
  let round: { cookie: string | undefined; answer: () => void }[] = [];
  let isOver = false;
  await using server = await RawServer.start(({ request, send }) => {
    const cookie = /^cookie: (.*)\r$/im.exec(request)?.[1];
    // The first response, whichever it is, sets a cookie.
    const sets = server.requests.length === 1 ? "\r\nSet-Cookie: new=2" : "";
    const answer = () => void send(ok().replace("\r\n", `${sets}\r\n`));
    if (isOver) answer();
    else round.push({ cookie, answer });
  });
  await using child = start(
    ["-n", "1M", "-c", "6", "--threads", "3", `--cookie-jar=${jar}`, server.url("/{}"), "-s"],
    { permissions: ["--allow-net=127.0.0.1", "--allow-read", "--allow-write"] },
  );
  const takeRound = async (): Promise<typeof round> => {
    await until(() => round.length === 6);
    const taken = round;
    round = [];
    return taken;
  };
  let cookies: Set<string | undefined>;
  do {
    const taken = await takeRound();
    cookies = new Set(taken.map(({ cookie }) => cookie));
    isOver = !cookies.has("old=1");
    if (isOver) child.kill("SIGINT");
    for (const { answer } of taken) answer();
  } while (!isOver);
  assertEquals(cookies, new Set(["old=1; new=2"]));
  assertEquals((await finish(child)).code, 130);
  assertMatch(await Deno.readTextFile(jar), /\told\t1\n[^]*\tnew\t2\n/);
});
