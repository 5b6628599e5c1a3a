import { assert, assertEquals, assertMatch } from "@std/assert";
import { parse } from "@std/csv/parse";
import { gunzipSync } from "node:zlib";
import { assertEach } from "../fixtures/assert_each.ts";
import { findJournal } from "../fixtures/count_journaled.ts";
import { folder } from "../fixtures/folder.ts";
import {
  finish,
  myriad as run,
  type Ran,
  readUntil,
  start as startProgram,
} from "../fixtures/program.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { withThreads as test } from "../fixtures/threads.ts";
import { until } from "../fixtures/until.ts";

// Real processes whose failed requests are made again: in the end there is one record of each.

const PERMISSIONS = ["--allow-net=127.0.0.1", "--allow-read", "--allow-write"];

const start = (args: string[]): Deno.ChildProcess =>
  startProgram(args, { permissions: PERMISSIONS });

const myriad = (args: string[]): Promise<Ran> => run(args, { permissions: PERMISSIONS });

const DIE_BEFORE_SECOND_JOURNAL =
  new URL("../fixtures/die_before_second_journal.ts", import.meta.url).pathname;
const DIE_AT_WRITE = new URL("../fixtures/die_at_write.ts", import.meta.url).pathname;

/** A server that gives no answer to each seventh, until it is mended. */
async function ailing(): Promise<RawServer & { isMended: boolean; hold: boolean }> {
  const state = { isMended: false, hold: false };
  const held: (() => void)[] = [];
  const server = await RawServer.start(({ send, request }) => {
    const i = Number(/\/(\d+) /.exec(request)![1]);
    const answer = (): void => send(i % 7 === 3 && !state.isMended ? "no answer\r\n\r\n" : ok());
    if (state.hold) held.push(answer);
    else answer();
  });
  return Object.defineProperties(server, {
    isMended: { set: (value) => state.isMended = value },
    hold: {
      set: (value) => {
        state.hold = value;
        if (!value) { for (const answer of held.splice(0)) answer(); }
      },
    },
  }) as RawServer & { isMended: boolean; hold: boolean };
}

async function recordsOf(path: string): Promise<{ i: number; error: string | undefined }[]> {
  const bytes = await Deno.readFile(path);
  const text = new TextDecoder().decode(path.endsWith(".gz") ? gunzipSync(bytes) : bytes);
  return path.endsWith(".csv")
    ? parse(text, { skipFirstRow: true }).map(({ i, error }: { i: string; error: string }) => ({
      i: Number(i),
      error: error || undefined,
    }))
    : text.split("\n").slice(0, -1).map((line) => JSON.parse(line));
}

for (const file of ["o.ndjson", "o.csv", "o.ndjson.gz"]) {
  test(`--retry-failed repeats only what failed (${file})`, async () => {
    await using server = await ailing();
    await using dir = await folder();
    const output = dir.path(file);
    const args = ["-n", "300", server.url("/{}"), "-o", output, "--failures", dir.path("f")];
    args.push("--json", "--progress", "none");
    const count = 43;
    assertEquals((await myriad(args)).code, 1);
    const failedOf = async (): Promise<number> =>
      (await recordsOf(output)).filter(({ error }) => error !== undefined).length;
    assertEquals([server.requests.length, await failedOf()], [300, count]);
    // They fail again.
    const again = await myriad([...args, "--retry-failed"]);
    assertEquals([again.code, server.requests.length], [1, 300 + count], again.stderr);
    assertEach((await recordsOf(output)).map(({ i }) => i), 300);
    assertEquals(await failedOf(), count);
    assertEquals((await Deno.readTextFile(dir.path("f"))).split("\n").length - 1, count);
    server.isMended = true;
    const mended = await myriad([...args, "--retry-failed"]);
    assertEquals([mended.code, server.requests.length], [0, 300 + 2 * count], mended.stderr);
    assertEach((await recordsOf(output)).map(({ i }) => i), 300);
    assertEquals(await failedOf(), 0);
    assertEquals(await Deno.readTextFile(dir.path("f")), "");
    const { requests, succeeded, failed, errors, statuses, attempts, bytes } = JSON.parse(
      mended.stdout,
    );
    assertEquals([requests, succeeded, failed, errors], [300, 300, 0, {}]);
    assertEquals([statuses, attempts, bytes], [{ "200": 300 }, 300, 600]);
    // Nothing is left to do, whatever is asked for, and nothing is left behind.
    for (const more of ["--retry-failed", "--resume"]) {
      assertEquals((await myriad([...args, more])).code, 0);
    }
    assertEquals(server.requests.length, 300 + 2 * count);
    const left = [...Deno.readDirSync(dir.path(""))].map(({ name }) => name).sort();
    assertEquals(left, ["f", file, `${file}.myriad`].sort());
  });
}

test("--retry-failed continues itself, and leaves unfinished requests to --resume", async () => {
  await using server = await ailing();
  await using dir = await folder();
  const output = dir.path("o.ndjson");
  const args = ["-n", "2500", "-c", "10", server.url("/{}"), "-o", output, "-s"];
  const refused = await myriad([...args, "--retry-failed"]);
  assertEquals(refused.code, 2);
  assertMatch(refused.stderr, /there is no run to retry/);
  await using first = start(args);
  await until(() => server.requests.length >= 500);
  server.hold = true;
  first.kill("SIGINT");
  first.kill("SIGINT");
  await finish(first);
  server.hold = false;
  // The second signal ended it at once: the journal may speak of none of it. So a part is made sure.
  await using child = start([...args.filter((arg) => arg !== "-s"), "--resume"]);
  const from = server.requests.length;
  await until(() => server.requests.length >= from + 500);
  // However long the signal takes, the run is not over by then.
  server.hold = true;
  child.kill("SIGTERM");
  await readUntil(child.stderr, "interrupted");
  server.hold = false;
  assertEquals((await finish(child)).code, 143);
  const before = await recordsOf(output);
  const failed = before.filter(({ error }) => error !== undefined).map(({ i }) => i);
  assert(failed.length > 50 && before.length < 2_500);
  // A retry that is killed.
  server.hold = true;
  const sent = server.requests.length;
  await using retry = start([...args, "--retry-failed"]);
  await until(() => server.requests.length > sent + 5);
  retry.kill("SIGKILL");
  await finish(retry);
  server.hold = false;
  server.isMended = true;
  const resumed = await myriad([...args, "--resume"]);
  assertEquals(resumed.code, 2);
  assertMatch(resumed.stderr, /a retry of it was interrupted: use --retry-failed/);
  const list = await Deno.readTextFile(`${output}.myriad.retry`);
  await Deno.writeTextFile(`${output}.myriad.retry`, list.slice(0, -10));
  const damaged = await myriad([...args, "--retry-failed"]);
  assertEquals(damaged.code, 2);
  assertMatch(
    damaged.stderr,
    /^myriad: .*: its list '.*\.retry' is damaged: use --overwrite .*\n$/,
  );
  await Deno.writeTextFile(`${output}.myriad.retry`, list);
  assertEquals((await myriad([...args, "--retry-failed"])).code, 0);
  const after = await recordsOf(output);
  assertEquals(after.length, before.length);
  assertEquals(after.filter(({ error }) => error !== undefined), []);
  assertEquals(after.map(({ i }) => i).sort(), before.map(({ i }) => i).sort());
  assertEquals((await myriad([...args, "--resume"])).code, 0);
  assertEach((await recordsOf(output)).map(({ i }) => i), 2_500);
});

test("--retry-failed goes on where its time, or an input that was shorter, has ended it", async () => {
  await using server = await ailing();
  await using dir = await folder();
  const output = dir.path("o.ndjson");
  const summary = dir.path("s.xml");
  const args = ["-i", "-", server.url("/{}"), "-o", output, "--summary", summary];
  args.push("--progress", "none");
  const lines = Array.from({ length: 300 }, (_, i) => `${i}\n`);
  const make = (more: string[], length = 300): Promise<Ran> =>
    run([...args, ...more], {
      permissions: PERMISSIONS,
      input: lines.slice(0, length).join(""),
    });
  assertEquals((await make([])).code, 1);
  const whole = 300 - 43;
  server.isMended = true;
  // No start comes before its time, so a second has 10 of them, and one at its end.
  const early = await make(["--retry-failed", "-q", "10/s", "-z", "1s"]);
  assertEquals(early.code, 1, early.stderr);
  assertMatch(early.stderr, /made \d+ of 43 failed requests again: \d+ succeeded now/);
  assertMatch(early.stderr, /to continue, run the same command\n$/);
  assertMatch(await Deno.readTextFile(summary), /it ended before all failed requests were made/);
  const { length } = await recordsOf(output);
  assert(length >= whole && length <= whole + 11, `${length}`);
  const refused = await make(["--resume"]);
  assertEquals(refused.code, 2);
  assertMatch(refused.stderr, /a retry of it was interrupted: use --retry-failed/);
  // The 21 of the first 150 lines.
  const shorter = await make(["--retry-failed", "-s"], 150);
  assertEquals(shorter.code, 1);
  assertEquals(
    shorter.stderr,
    "myriad: made 21 of 43 failed requests again: 21 succeeded now, 0 failed again\n",
  );
  assertEquals((await recordsOf(output)).length, whole + 21);
  const last = await make(["--retry-failed"]);
  assertEquals(last.code, 0, last.stderr);
  assertMatch(last.stderr, /made 43 failed requests again: 43 succeeded now, 0 failed again\n$/);
  assertEach((await recordsOf(output)).map(({ i }) => i), 300);
  assertEquals(server.requests.length, 300 + 43);
  const left = [...Deno.readDirSync(dir.path(""))].map(({ name }) => name).sort();
  assertEquals(left, ["o.ndjson", "o.ndjson.myriad", "s.xml"]);
});

test("--retry-failed with a new --fail judges the records, also where it could not begin at first", async () => {
  await using server = await RawServer.start(({ send, request }) => {
    const isFound = Number(/\/(\d+) /.exec(request)![1]) % 2 === 0;
    send(isFound ? ok() : "HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n");
  });
  for (const more of [[], ["--resume"]]) {
    await using dir = await folder();
    const output = dir.path("o.ndjson");
    const args = ["-n", "40", server.url("/{}"), "-o", output, "-s"];
    // What it has done is in its log.
    const killed = await run(args, {
      permissions: [...PERMISSIONS, `--preload=${DIE_BEFORE_SECOND_JOURNAL}`],
    });
    assertEquals(killed.code, 137);
    assertEquals((await findJournal(output))!.done, { low: 0, above: "" });
    const place = `${output}.retry`;
    // Nothing can be written or removed there.
    await Deno.mkdir(`${place}/x`, { recursive: true });
    const retry = [...args, "--retry-failed", "--fail"];
    const refused = await myriad(retry);
    assertEquals(refused.code, 2, refused.stderr);
    await Deno.remove(place, { recursive: true });
    if (more.length > 0) assertEquals((await myriad([...args, ...more])).code, 0);
    const again = await myriad(retry);
    assertEquals(again.code, 1, again.stderr);
    assertEquals((await myriad([...args, "--resume", "--fail"])).code, 1);
    assertEach((await recordsOf(output)).map(({ i }) => i), 40);
    assertEquals((await recordsOf(output)).filter(({ error }) => error).length, 20);
  }
});

test("--retry-failed that dies before its first journal leaves nothing behind the run after it", async () => {
  await using server = await ailing();
  for (const after of ["--resume", "--overwrite"]) {
    await using dir = await folder();
    const output = dir.path("o.ndjson");
    const names = (): string[] => [...Deno.readDirSync(dir.path())].map(({ name }) => name).sort();
    const args = ["-n", "40", server.url("/{}"), "-o", output, "-s"];
    const die = async (preload: string, more: string[] = []): Promise<void> => {
      const permissions = [...PERMISSIONS, `--preload=${preload}`];
      assertEquals((await run([...args, ...more], { permissions })).code, 137);
    };
    await die(DIE_BEFORE_SECOND_JOURNAL);
    // Its first one has only the log of the run before.
    await die(DIE_BEFORE_SECOND_JOURNAL, ["--retry-failed"]);
    const left = ["o.ndjson.myriad.retry", "o.ndjson.retry"];
    assertEquals(names().filter((name) => name.endsWith(".retry")), left);
    assertEquals((await myriad([...args, after])).code, 1);
    assertEquals(names(), ["o.ndjson", "o.ndjson.myriad"]);
    assertEach((await recordsOf(output)).map(({ i }) => i), 40);
    // While it copies what stays.
    await die(DIE_AT_WRITE, ["--retry-failed"]);
    assertEquals(names().filter((name) => name.endsWith(".retry")), left);
    assertEquals((await myriad([...args, after])).code, 1);
    assertEquals(names(), ["o.ndjson", "o.ndjson.myriad"]);
    // A file that no retry has made is another program's.
    await dir.write("o.ndjson.retry", "a file of the user");
    assertEquals((await myriad([...args, after])).code, 1);
    assertEquals(names(), ["o.ndjson", "o.ndjson.myriad", "o.ndjson.retry"]);
  }
});

// It is refused before a thread starts.
Deno.test("--retry-failed says in one sentence why it cannot read the records", async () => {
  await using server = await ailing();
  await using dir = await folder();
  const output = dir.path("o.parquet");
  const args = ["-n", "10", server.url("/{}"), "-o", output, "-s"];
  assertEquals((await myriad(args)).code, 1);
  const bytes = await Deno.readFile(output);
  const why = "if its run was killed, go on with --resume";
  for (
    const [content, expected] of [
      // Its end is all that is known at once.
      [bytes.fill(0x5a, 4, bytes.length - 8), `to its end: it is not whole Parquet (.+): ${why}`],
      [bytes.subarray(0, 4), `to its end: it is not whole Parquet (.+): ${why}`],
    ] as const
  ) {
    await Deno.writeFile(output, content);
    const { code, stderr } = await myriad([...args, "--retry-failed"]);
    assertEquals(code, 3);
    assertMatch(stderr, new RegExp(`^myriad: Cannot read '${output}' ${expected}\n$`));
  }
});

test("--retry-failed refuses records that do not tell what failed", async () => {
  await using server = await ailing();
  await using dir = await folder();
  const output = dir.path("o.ndjson");
  for (const fields of ["url,status", "i,url"]) {
    const args = ["-n", "10", server.url("/{}"), "-o", output, "-s", "--fields", fields];
    assertEquals((await myriad([...args, "--overwrite"])).code, 1);
    const before = [await Deno.readTextFile(output), await Deno.readTextFile(`${output}.myriad`)];
    const ran = await myriad([...args, "--retry-failed"]);
    assertEquals(ran.code, 2);
    assertMatch(ran.stderr, /its records have no fields 'i' and 'status'/);
    assertEquals(before, [
      await Deno.readTextFile(output),
      await Deno.readTextFile(`${output}.myriad`),
    ]);
  }
  assertEquals(server.requests.length, 20);
});
