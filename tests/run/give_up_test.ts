import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parseRun } from "../../lib/options/parse.ts";
import { Run } from "../../lib/run/run.ts";
import { every } from "../fixtures/every.ts";
import { folder } from "../fixtures/folder.ts";
import { myriad } from "../fixtures/program.ts";
import { ok, RawServer, refusedPort } from "../fixtures/raw_server.ts";
import { withThreads } from "../fixtures/threads.ts";
import { until } from "../fixtures/until.ts";

// Real processes, and hosts where nobody listens.

const ENGINES = ["http1", "fetch"];

interface Row {
  i: number;
  status: number | null;
  attempts: number;
  error?: string;
  detail?: string;
}

const rowsOf = async (path: string): Promise<Row[]> =>
  (await Deno.readTextFile(path)).trimEnd().split("\n").map((line) => JSON.parse(line));

const count = <T>(all: readonly T[], isMeant: (it: T) => boolean): number =>
  all.filter(isMeant).length;

for (const engine of ENGINES) {
  withThreads(`--host-give-up fails the rest of a dead host's requests (${engine})`, async () => {
    await using server = await RawServer.start(({ send }) => send(ok()));
    await using dir = await folder();
    const port = await refusedPort();
    const [input, out, summary, more] = ["urls.txt", "out.ndjson", "sum.json", "more.json"]
      .map((name) => dir.path(name));
    await Deno.writeTextFile(
      input,
      Array.from(
        { length: 300 },
        (_, i) => `${server.url(`/${i}`)}\nhttp://127.0.0.1:${port}/${i}\n`,
      )
        .join(""),
    );
    const args = [
      "-i",
      input,
      "-c",
      "10",
      "--engine",
      engine,
      "-o",
      out,
      "--host-give-up",
      "500ms",
    ];
    const first = await myriad([...args, "--summary", summary]);
    assertEquals(first.code, 1, first.stderr);
    const rows = await rowsOf(out);
    assertEquals(new Set(rows.map(({ i }) => i)).size, 600);
    assertEquals([rows.length, count(rows, ({ status }) => status === 200)], [600, 300]);
    const skipped = rows.filter(({ attempts }) => attempts === 0);
    assert(skipped.length > 200 && skipped.length <= 250, `${skipped.length}`);
    assertEquals(new Set(skipped.map(({ error }) => error)), new Set(["refused"]));
    assertMatch(
      skipped[0].detail!,
      new RegExp(
        `^not sent: 127.0.0.1:${port} was given up, since all requests to it failed for 0.5 s ` +
          "while other hosts succeeded; the last failure: .*refused",
        "i",
      ),
    );
    assertMatch(
      first.stderr,
      new RegExp(`gave up 127.0.0.1:${port}, .*use '--host-give-up never' to wait for it instead`),
    );
    assertMatch(
      first.stdout,
      new RegExp(`failed .*\\n +${skipped.length} not sent, as their hosts were given up`),
    );
    const figures = JSON.parse(await Deno.readTextFile(summary));
    assertEquals([figures.skipped, figures.failed, figures.requests], [skipped.length, 300, 600]);

    // From the records the same comes to light, and from the journal.
    const review = JSON.parse((await myriad(["report", "--json", out])).stdout);
    assertEquals([review.skipped, review.failed], [skipped.length, 300]);
    const again = await myriad([...args, "--resume", "--json"]);
    const { skipped: kept, failed } = JSON.parse(again.stdout);
    assertEquals([again.code, kept, failed], [1, skipped.length, 300]);

    // Once somebody listens there, they are all made again.
    await using _back = await RawServer.start(({ send }) => send(ok()), "127.0.0.1", port);
    const mended = await myriad([...args, "--retry-failed", "--summary", more]);
    assertEquals(mended.code, 0, mended.stderr);
    assertEquals(count(await rowsOf(out), ({ status }) => status === 200), 600);
    assertEquals(JSON.parse(await Deno.readTextFile(more)).skipped, 0);
  });

  withThreads(`myriad ends at once when nothing listens at its only host (${engine})`, async () => {
    const port = await refusedPort();
    const { code, stdout, stderr } = await myriad(
      ["-n", "1000", "--engine", engine, `http://127.0.0.1:${port}/{}`],
    );
    assertEquals(code, 3, stderr);
    assertMatch(
      stderr,
      new RegExp(
        `Cannot go on: the first \\d+ requests failed, and 127.0.0.1:${port} is the only ` +
          `host \\(refused: .*\\)\\. check its name and port, or use '--host-give-up never' to wait for it, or '--no-pause' to`,
        "i",
      ),
    );
    assertMatch(stdout, /^1?\d\d requests in /);
  });
}

withThreads("myriad ends at once when nothing listens at its proxy or Unix socket", async () => {
  const port = await refusedPort();
  await using dir = await folder();
  const socket = dir.path("none.sock");
  const cases = [
    [
      ["-x", `http://u:SECRET@127.0.0.1:${port}`],
      `the proxy 127.0.0.1:${port} (connect: the proxy: `,
    ],
    [["--unix-socket", socket], `the Unix socket '${socket}' (connect: no such Unix socket`],
  ] as const;
  for (const [way, words] of cases) {
    // Of several hosts.
    const { code, stderr } = await myriad(
      ["-n", "200", "-c", "10", ...way, "http://127.0.0.{}/"],
    );
    assertEquals(code, 3, stderr);
    assertStringIncludes(
      stderr,
      "Cannot go on: the first 50 requests failed, and all requests go",
    );
    assertStringIncludes(stderr, words);
    assert(!stderr.includes("SECRET"));
  }
});

Deno.test("--retries succeeds at the third attempt when all connections were reset", async () => {
  const seen = new Map<string, number>();
  await using server = await RawServer.start(({ request, send, reset }) => {
    const path = request.split(" ")[1];
    const nth = (seen.get(path) ?? 0) + 1;
    seen.set(path, nth);
    if (nth < 3) reset();
    // On a connection that was used before, a request is sent anew without an attempt.
    else send(ok("ok", "Connection: close\r\n"));
  });
  const { code, stdout, stderr } = await myriad([
    ...["-n", "200", "-c", "20", "--retries", "3", "--retry-delay", "10ms", "--json"],
    server.url("/{}"),
  ]);
  assertEquals(code, 0, stderr);
  const { succeeded, attempts } = JSON.parse(stdout);
  assertEquals([succeeded, attempts], [200, 600]);
});

Deno.test("--rate ends the run with its last response, not at the next start", async () => {
  await using server = await RawServer.start(({ send }) => send(ok()));
  const { code, stdout } = await myriad(["-n", "1", "-q", "6/h", "--json", server.url()]);
  assertEquals(code, 0);
  assertEquals(JSON.parse(stdout).requests, 1);
});

Deno.test("--host-give-up is refused with --no-pause, and takes a time or never", async () => {
  const both = await myriad(["http://127.0.0.1/", "--no-pause", "--host-give-up", "1m"]);
  assertEquals(both.code, 2);
  assertStringIncludes(both.stderr, "'--no-pause' and '--host-give-up' contradict each other");
  for (const value of ["ever", "0", "0s", "-1s"]) {
    const wrong = await myriad(["http://127.0.0.1/", `--host-give-up=${value}`]);
    assertEquals(wrong.code, 2);
    assertStringIncludes(
      wrong.stderr,
      `'--host-give-up ${value}': use a time of 1ms or more, like 30s or 5m, or never`,
    );
  }
});

for (const isGzip of [false, true]) {
  Deno.test(`progress counts records, not bytes read, of ${isGzip ? "gzip" : "a file"}`, async () => {
    const held: (() => void)[] = [];
    await using server = await RawServer.start(({ request, send }) => {
      if (request.startsWith("GET /fast")) send(ok());
      else held.push(() => send(ok()));
    });
    await using dir = await folder();
    const input = dir.path("urls.txt");
    const lines = Array.from({ length: 1_000 }, (_, i) => server.url(i < 250 ? "/fast" : "/slow"));
    const text = new Blob([lines.join("\n") + "\n"]).stream();
    const stream = isGzip ? text.pipeThrough(new CompressionStream("gzip")) : text;
    await Deno.writeFile(input, stream);
    // All others wait for their host.
    const options = await parseRun(["-i", input, "--host-concurrency", "2", "-s"], "0.0.0");
    const run = await Run.open(options as Exclude<typeof options, string>);
    const ended = run.finish("0.0.0");
    await until(() => held.length === 2 && run.snapshot().held === 748);
    const { requests, progress } = run.snapshot();
    assertEquals([requests, Math.round(progress! * 1_000)], [250, 250]);
    using _answers = every(1, () => held.splice(0).forEach((answer) => answer()));
    const { snapshot } = await ended;
    assertEquals([snapshot.requests, snapshot.progress, snapshot.held], [1_000, 1, 0]);
  });
}

for (const engine of ENGINES) {
  Deno.test(`--host-concurrency counts all spellings of a host as one (${engine})`, async () => {
    let inFlight = 0;
    let most = 0;
    await using server = await RawServer.start(({ send }) => {
      most = Math.max(most, ++inFlight);
      setTimeout(() => {
        inFlight--;
        send(ok());
      }, 1);
    });
    await using dir = await folder();
    const hosts = ["127.0.0.1", "127.1", "0x7f.1", "0x7f000001", "2130706433", "%3127.0.0.1"];
    const urls = hosts.flatMap((host) => [`${host}:${server.port}`, `${host}:0${server.port}`])
      .flatMap((host) => [`http://${host}/a`, `HTTP://${host}/b`]);
    const input = await dir.write("urls.txt", urls.join("\n"));
    const { code, stderr } = await myriad(
      ["-i", input, "-c", "20", "--engine", engine, "--host-concurrency", "1"],
    );
    assertEquals([code, server.requests.length, most], [0, urls.length, 1], stderr);
  });
}
