import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { gzipSync } from "node:zlib";
import { countDone } from "../../lib/checkpoint/done_set.ts";
import { readJournal } from "../../lib/checkpoint/journal.ts";
import { folder } from "../fixtures/folder.ts";
import { finish, myriad as run, type Ran, start } from "../fixtures/program.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { withThreads as test } from "../fixtures/threads.ts";
import { until } from "../fixtures/until.ts";

// `--save-bodies` as a user has it: real processes, killed, resumed, and with a full disk.

/** The clock goes fast there: a request is to wait for long. */
const SLOW_SYNCS = `--preload=${new URL("../fixtures/slow_syncs.ts", import.meta.url)}`;
const DIE_AT_JOURNAL = `--preload=${new URL("../fixtures/die_at_journal.ts", import.meta.url)}`;
const LIST_SYNCS = `--preload=${new URL("../fixtures/list_syncs.ts", import.meta.url)}`;
const FILES = ["--allow-net=127.0.0.1", "--allow-read", "--allow-write"];

const myriad = (args: string[], permissions = FILES, limits?: string): Promise<Ran> =>
  run(args, { permissions, limits });

/** All files below a folder, with what they hold. */
function filesOf(path: string, below = ""): Map<string, string> {
  const files = new Map<string, string>();
  for (const { name, isDirectory } of Deno.readDirSync(path)) {
    const place = `${path}/${name}`;
    if (isDirectory) filesOf(place, `${below}${name}/`).forEach((text, at) => files.set(at, text));
    else files.set(below + name, Deno.readTextFileSync(place));
  }
  return files;
}

/** Whether a body stands in its midst. */
function hasParts(path: string): boolean {
  return Deno.readDirSync(path).some(({ name }) =>
    Deno.readDirSync(`${path}/${name}`).some(({ name }) => name.endsWith(".part"))
  );
}

/** A body of its own for each number: each tenth is long, up to 200 KB. */
const textOf = (i: number): string => `body ${i} `.repeat(i % 10 === 0 ? i * 20 : i);

const numberOf = (request: string): number => Number(/\/(\d+) /.exec(request)![1]);
const typed = (type: string): string => `Content-Type: ${type}\r\n`;

test("--save-bodies with a journal has bodies on the disk before the journal counts them", async () => {
  await using dir = await folder();
  await using server = await RawServer.start(({ send, request }) => {
    send(ok(textOf(numberOf(request) % 100)));
  });
  const args = ["-n", "1000", "-c", "50", server.url("/{}"), "-s", "-o", dir.path("x.ndjson")];
  args.push("--timeout", "1h", "--save-bodies", dir.path("bodies"));
  const ran = await myriad(args, [...FILES, SLOW_SYNCS]);
  const [, bodies, journals] = /^(\d+) bodies, (\d+) journals\n$/.exec(ran.stderr) ?? [];
  assertEquals([ran.code, Number(bodies)], [0, 1_000], ran.stderr);
  assert(Number(journals) > 2, ran.stderr);
});

test("--resume has bodies that a killed run logged on the disk before a journal counts them", async () => {
  await using dir = await folder();
  let count = 0;
  await using server = await RawServer.start(({ send, request }) => {
    count++;
    send(ok(textOf(numberOf(request) % 100)));
  });
  const args = ["-n", "400", "-c", "10", server.url("/{}"), "-s", "-o", dir.path("x.ndjson")];
  args.push("--timeout", "1h", "--save-bodies", dir.path("bodies"));
  const journal = dir.path("x.ndjson.myriad");
  const killed = start([...args, "-q", "300"], { permissions: FILES });
  await until(() => count > 100);
  killed.kill("SIGKILL");
  await finish(killed);
  const before = countDone((await readJournal(journal)).done);
  const ran = await myriad([...args, "--resume"], [...FILES, SLOW_SYNCS]);
  const [, bodies] = /^(\d+) bodies, \d+ journals\n$/.exec(ran.stderr) ?? [];
  assertEquals([ran.code, Number(bodies)], [0, 400 - before], ran.stderr);
});

Deno.test({
  name: "--sync interval and always have the places of all outputs on the disk first",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using dir = await folder();
    await using server = await RawServer.start(({ send }) => send(ok("x")));
    for (const name of ["o", "f", "w"]) await Deno.mkdir(dir.path(name));
    const args = ["-n", "9", server.url("/{}"), "-s", "--failures", dir.path("f/x.ndjson")];
    const run = async (output: string, ...more: string[]): Promise<string[]> => {
      const ran = await myriad([...args, "-o", dir.path(output), ...more], [...FILES, LIST_SYNCS]);
      assertEquals(ran.code, 0, ran.stderr);
      return JSON.parse(ran.stderr);
    };
    for (const [k, sync] of ["interval", "always", "never"].entries()) {
      const made = dir.path(`deep${k}`);
      const bodies = `${made}/er/bodies`;
      const synced = await run(`o/${k}.ndjson`, "--save-bodies", bodies, "--sync", sync);
      const places = [dir.path("o"), dir.path("f"), `${made}/er`, made];
      assertEquals(
        places.map((place) => synced.includes(place)),
        places.map(() => sync !== "never"),
      );
    }
    const synced = await run("o/w.ndjson", "--save-bodies", dir.path("w/x.warc"));
    assert(synced.includes(dir.path("w")), `${synced}`);
  },
});

test("--retry-failed goes on after a kill behind its journal, also if nothing has failed", async () => {
  await using dir = await folder();
  await using server = await RawServer.start(({ send }) => send(ok("x")));
  const args = ["-n", "4", server.url("/{}"), "-o", dir.path("x.ndjson"), "--progress", "none"];
  args.push("--save-bodies", dir.path("bodies"));
  assertEquals((await myriad(args)).code, 0);
  const killed = await myriad([...args, "--retry-failed"], [...FILES, DIE_AT_JOURNAL]);
  assertEquals(killed.code, 137, killed.stderr);
  const { code, stderr } = await myriad([...args, "--retry-failed"]);
  assertEquals(code, 0, stderr);
  assertStringIncludes(stderr, "nothing to retry");
  assertEquals(filesOf(dir.path("bodies")).size, 4);
});

for (const engine of ["http1", "fetch"]) {
  test(`--save-bodies saves each body with the least permissions (${engine})`, async () => {
    await using dir = await folder();
    await using server = await RawServer.start(({ send, request, end }) => {
      const i = numberOf(request);
      if (i === 3) {
        send("HTTP/1.1 404 X\r\nContent-Length: 4\r\n\r\nnone");
      } else if (i === 4) {
        send("HTTP/1.1 200 X\r\nContent-Length: 9\r\nContent-Type: text/html\r\n\r\ncut");
        end();
      } else if (i === 5) {
        send("HTTP/1.1 302 X\r\nLocation: /1\r\nContent-Length: 2\r\n\r\nno");
      } else send(ok(textOf(i), typed(i % 2 ? "text/html" : "../../evil")));
    });
    const bodies = dir.path("bodies");
    const ran = await myriad(
      ["-n", "1010", "-c", "20", server.url("/{}"), "--engine", engine, "-s", "-o", "-"].concat(
        "--save-bodies",
        bodies,
      ),
      ["--allow-net=127.0.0.1", `--allow-write=${bodies}`, `--allow-read=${bodies}`],
    );
    assertEquals([ran.code, ran.stderr], [1, "myriad: 1 of 1,010 requests failed: 1 body\n"]);
    const files = filesOf(bodies);
    const places = new Map<number, string | undefined>();
    for (const line of ran.stdout.trimEnd().split("\n")) {
      const { i, body_file } = JSON.parse(line);
      places.set(i, body_file);
    }
    assertEquals(places.size, 1_010);
    assertEquals(files.size, 1_009);
    for (let i = 0; i < 1_010; i++) {
      const place = places.get(i);
      const text = i === 3 ? "none" : textOf(i === 5 ? 1 : i);
      const ending = i !== 3 && i % 2 ? ".html" : "";
      assertEquals(place, i === 4 ? undefined : `${i < 1_000 ? 0 : 1}/${i}${ending}`);
      if (i !== 4) assert(files.get(place!) === text, `body ${i}`);
    }
    assertEquals([...Deno.readDirSync(dir.path(""))].map(({ name }) => name), ["bodies"]);
  });
}

test("--save-bodies adds a column in CSV, and a field with --fields", async () => {
  await using dir = await folder();
  await using server = await RawServer.start(({ send }) => send(ok("a", typed("text/css"))));
  const args = ["-n", "1", server.url("/"), "-s", "-o", "-"];
  const csv = await myriad([...args, "--format", "csv", "--save-bodies", dir.path("a")]);
  const [header, record] = csv.stdout.split("\n");
  assert(header.endsWith(",error,detail,body_file") && record.endsWith(",,,0/0.css"), csv.stdout);
  const fields = ["--fields", "body_file,i"];
  const asked = await myriad([...args, ...fields, "--save-bodies", dir.path("b")]);
  assertEquals(asked.stdout, '{"body_file":"0/0.css","i":0}\n');
  const none = await myriad([...args, ...fields]);
  assertEquals(none.stdout, '{"body_file":null,"i":0}\n');
});

test("--save-bodies --resume leaves each file whole and once after kill -9", async () => {
  await using dir = await folder();
  let run = 0;
  let isHeld = false;
  // Longer than what is gathered, so that there are parts; of another type in each run.
  const bodyOf = (i: number): string => `${i},`.repeat(i % 3 === 0 ? 30_000 : 3);
  await using server = await RawServer.start(({ send, request }) => {
    const i = numberOf(request);
    const answer = ok(bodyOf(i), typed(["text/html", "application/json", "text/css"][run % 3]));
    // In two, so that many are in the midst of it when the process is killed.
    send(answer.slice(0, -2));
    if (!isHeld) setTimeout(() => send(answer.slice(-2)), 1);
  });
  const bodies = dir.path("bodies");
  const output = dir.path("o.ndjson");
  const count = 1_200;
  const args = ["-n", `${count}`, "-c", "30", server.url("/{}"), "-o", output, "-s", "--resume"];
  args.push("--save-bodies", bodies);
  for (; run < 2; run++) {
    const from = server.requests.length;
    await using child = start(args, { permissions: FILES });
    await until(() => server.requests.length >= from + 450);
    isHeld = true;
    // Some have to stand in their midst.
    await until(() => hasParts(bodies));
    child.kill("SIGKILL");
    await finish(child);
    isHeld = false;
    for (const [name, text] of filesOf(bodies)) {
      if (name.endsWith(".part")) continue;
      const i = Number(/(\d+)\.\w+$/.exec(name)![1]);
      assert(text === bodyOf(i), `${name} is whole`);
    }
  }
  const ran = await myriad(args);
  assertEquals([ran.code, ran.stderr], [0, ""]);
  const files = filesOf(bodies);
  assertEquals(files.size, count);
  const records = (await Deno.readTextFile(output)).trimEnd().split("\n").map((line) =>
    JSON.parse(line)
  );
  assertEquals(new Set(records.map(({ i }) => i)).size, count);
  for (const { i, body_file } of records) assert(files.get(body_file) === bodyOf(i), body_file);
});

// It is refused before a thread starts.
Deno.test("--resume refuses to run without the run's --save-bodies", async () => {
  await using dir = await folder();
  await using server = await RawServer.start(({ send }) => send(ok("a")));
  const args = ["-n", "5", server.url("/{}"), "-o", dir.path("o.ndjson"), "-s"];
  const save = ["--save-bodies", dir.path("b")];
  assertEquals((await myriad([...args, ...save])).code, 0);
  const without = await myriad([...args, "--resume"]);
  assertEquals(without.code, 2);
  assertMatch(without.stderr, /'--save-bodies' was '.*\/b' and is not given/);
  assertEquals((await myriad([...args, ...save, "--resume"])).code, 0);
  assertEquals(server.requests.length, 5);
  // Another run does not mix its bodies with them, unless it is told to.
  const other = ["-n", "5", server.url("/{}"), "-s", ...save];
  const refused = await myriad(other);
  assertEquals([refused.code, server.requests.length], [2, 5]);
  assertMatch(
    refused.stderr,
    /it holds bodies already: name another folder, or use --overwrite\n/,
  );
  assertEquals((await myriad([...other, "--overwrite"])).code, 0);
  assertEquals(server.requests.length, 10);
});

test("--save-bodies saves bodies decoded, and with --raw as they came", async () => {
  await using dir = await folder();
  const packed = gzipSync("hello");
  await using server = await RawServer.start(({ send, request }) =>
    send(
      /^accept-encoding: gzip, deflate, br, zstd\r$/im.test(request)
        ? ok(String.fromCharCode(...packed), "Content-Encoding: gzip\r\n")
        : ok("not asked"),
    )
  );
  const save = async (name: string, ...more: string[]): Promise<string> => {
    const args = ["-n", "1", "-c", "3", "--compressed", server.url("/{}"), "-s", "--save-bodies"];
    const files = ["-o", dir.path(`${name}.ndjson`), "--fields", "bytes,size"];
    const ran = await myriad([...args, dir.path(name), ...files, ...more]);
    assertEquals([ran.code, ran.stderr], [0, ""]);
    return (await Deno.readTextFile(dir.path(`${name}.ndjson`))).trim();
  };
  const { length } = packed;
  assertEquals(await save("decoded"), `{"bytes":${length},"size":5}`);
  assertEquals(await Deno.readTextFile(dir.path("decoded/0/0")), "hello");
  assertEquals(await save("raw", "--raw"), `{"bytes":${length},"size":${length}}`);
  assertEquals(await Deno.readFile(dir.path("raw/0/0")), new Uint8Array(packed));
});

test("--save-bodies --retry-failed saves the bodies of failed requests", async () => {
  await using dir = await folder();
  let isMended = false;
  await using server = await RawServer.start(({ send, request }) =>
    send(numberOf(request) % 5 > 0 || isMended ? ok("a") : "no answer\r\n\r\n")
  );
  const args = ["-n", "20", server.url("/{}"), "-o", dir.path("o.ndjson"), "-s"];
  args.push("--save-bodies", dir.path("b"));
  assertEquals((await myriad(args)).code, 1);
  assertEquals(filesOf(dir.path("b")).size, 16);
  isMended = true;
  assertEquals((await myriad([...args, "--retry-failed"])).code, 0);
  assertEquals(filesOf(dir.path("b")).size, 20);
});

for (const engine of ["http1", "fetch"]) {
  test(`--save-bodies exits with one line on a full disk, and --resume continues (${engine})`, async () => {
    await using dir = await folder();
    await using server = await RawServer.start(({ send, request }) =>
      send(ok("x".repeat(numberOf(request) === 150 ? 700_000 : 10)))
    );
    const bodies = dir.path("b");
    const args = ["-n", "300", "-c", "10", server.url("/{}"), "-o", dir.path("o.ndjson"), "-s"];
    args.push("--save-bodies", bodies, "--resume", "--engine", engine);
    const full = await myriad(args, FILES, `ulimit -f 400; trap "" XFSZ`);
    assertEquals([full.code, full.stdout], [3, ""]);
    assertMatch(full.stderr, /^myriad: Cannot write '--save-bodies [^\n]*': [^\n]*\n$/);
    const left = filesOf(bodies);
    assert([...left.keys()].every((name) => /^0\/\d+$/.test(name)), [...left.keys()].join());
    assert(!left.has("0/150"));
    assertEquals((await myriad(args)).code, 0);
    const files = filesOf(bodies);
    assertEquals([files.size, files.get("0/150")?.length], [300, 700_000]);
  });
}

test("--save-bodies saves bodies while sockets have run out", async (threads) => {
  await using dir = await folder();
  await using server = await RawServer.start(({ send }) => send(ok("x".repeat(100_000))));
  const bodies = dir.path("b");
  const args = ["-n", "300", "-c", "150", server.url("/{}"), "-s", "--save-bodies", bodies];
  const limit = `ulimit -n ${threads === 1 ? 80 : 68}`;
  const ran = await myriad([...args, "--json"], FILES, limit);
  if (threads > 1) {
    // One of them could get no socket at all.
    assertEquals([ran.code, server.requests.length], [2, 0]);
    assertMatch(
      ran.stderr,
      /^myriad: Cannot have 150 requests .* only 0 sockets: use '--threads 1'/,
    );
    return;
  }
  assertEquals([ran.code, ran.stderr], [0, ""]);
  assert(Object.keys(JSON.parse(ran.stdout).shortages).length > 0, "there were too few");
  assertEquals(filesOf(bodies).size, 300);
});

// Before there are threads.
Deno.test("--save-bodies fails before the first request when its folder cannot be written", async () => {
  await using dir = await folder();
  await using server = await RawServer.start(({ send }) => send(ok()));
  const bodies = dir.path("b");
  const run = (more: string[], permissions?: string[]): Promise<Ran> =>
    myriad([server.url("/"), "-s", ...more], permissions);
  const lacking = await run(["--save-bodies", bodies], ["--allow-net=127.0.0.1"]);
  assertEquals(lacking, {
    code: 2,
    stdout: "",
    stderr: `myriad: Cannot write '--save-bodies ${bodies}': no permission: ` +
      `run with --allow-write=${bodies} --allow-read=${bodies}\n`,
  });
  await Deno.writeTextFile(bodies, "mine");
  const file = await run(["--save-bodies", bodies]);
  assertEquals(file.code, 2);
  assertMatch(file.stderr, /it is not a folder: use another\n$/);
  for (
    const [more, why] of [
      [["--save-bodies", "-"], "'--save-bodies' cannot go to standard output"],
      [["--save-bodies", bodies, "-o", bodies], "both want the file"],
    ] as [string[], string][]
  ) {
    const ran = await run(more);
    assertEquals(ran.code, 2);
    assert(ran.stderr.includes(why), ran.stderr);
  }
  assertEquals([server.requests.length, await Deno.readTextFile(bodies)], [0, "mine"]);
});
