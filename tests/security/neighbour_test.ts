import { assert, assertEquals } from "@std/assert";
import { isDerivedFromOutput } from "../../lib/output/formats.ts";
import { isDerivedFromArchive } from "../../lib/warc/archive_ending.ts";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { Run } from "../../lib/run/run.ts";
import { type Folder, folder } from "../fixtures/folder.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";

// Other users of the machine: who may read what a run writes, and links that they lay in its way.

/** What a usual shell sets. */
const UMASK = 0o022;
/** For its owner only, and what the umask leaves of what the user names. */
const [OWNER, USUAL] = [0o600, 0o644];

/** The permissions of each file that a run leaves, as docs/threats.md argues them. */
const MODES: Readonly<Record<string, number>> = {
  "out.ndjson": USUAL,
  "out.ndjson.myriad": OWNER,
  "out.sqlite": OWNER,
  "failed.jsonl": OWNER,
  "jar.txt": OWNER,
  "x.warc.gz": OWNER,
  "x.cdxj": OWNER,
  "s.json": USUAL,
  "r.html": USUAL,
};

/** Names that the program makes for itself, which others can guess. */
const GUESSED = [
  ...["out.ndjson.myriad.tmp", "out.ndjson.myriad.retry", "out.ndjson.retry", "jar.txt.tmp"],
  ...["x.cdxj.myriad.sorted", "x.cdxj.myriad.1", "x.cdxj.myriad.2", "bodies/.part"],
];

async function runAll(dir: Folder, server: RawServer, flags: string[]): Promise<void> {
  const argv = ["-n", "4", "-c", "1", "--no-pause", "--retries", "0", ...flags, server.url("/{}")];
  const run = await Run.open(await parseRun(argv, "1") as RunOptions);
  const { failure } = await run.finish("1");
  assertEquals(failure, undefined, dir.path());
}

Deno.test({
  name: "a run leaves what can hold secrets to its owner, and follows no link that others laid",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using dir = await folder();
    let isBroken = true;
    const strayed = new Set<string>();
    await using server = await RawServer.start(({ request, send, reset }) => {
      for (const { name } of Deno.readDirSync(dir.path("others"))) strayed.add(name);
      if (isBroken && request.startsWith("GET /2")) reset();
      else send(ok("hello", "Set-Cookie: a=1\r\n"));
    });
    const victim = await dir.write("victim", "of another user");
    await Deno.mkdir(dir.path("bodies"));
    for (const name of GUESSED) await Deno.symlink(victim, dir.path(name));
    // A folder in which this user's files would be another's to read.
    await Deno.mkdir(dir.path("others"));
    for (const name of ["out.ndjson", "out.sqlite"]) {
      await Deno.symlink(dir.path("others"), dir.path(`${name}.myriad.log`));
    }
    const outputs = ["-o", dir.path("out.ndjson"), "--failures", dir.path("failed.jsonl")];
    const before = Deno.umask(UMASK);
    try {
      await runAll(dir, server, [
        ...[...outputs, "--save-bodies", dir.path("x.warc.gz"), "--cdx"],
        ...[`--cookie-jar=${dir.path("jar.txt")}`, "--summary", dir.path("s.json")],
        ...["--report", dir.path("r.html")],
      ]);
      await runAll(dir, server, ["-o", dir.path("out.sqlite")]);
      await runAll(dir, server, ["--save-bodies", dir.path("bodies")]);
      for (const [name, mode] of Object.entries(MODES)) {
        assertEquals([name, (await Deno.lstat(dir.path(name))).mode! & 0o777], [name, mode]);
      }
      // What replaces an output is no wider than it.
      isBroken = false;
      const closed = dir.path("closed.ndjson");
      const retry = ["-o", closed, "--retry-failed"];
      await Deno.symlink(victim, `${closed}.retry`);
      isBroken = true;
      await runAll(dir, server, ["-o", closed]);
      await Deno.chmod(closed, OWNER);
      isBroken = false;
      await runAll(dir, server, retry);
      assertEquals((await Deno.lstat(closed)).mode! & 0o777, OWNER);
      assertEquals((await Deno.readTextFile(closed)).trimEnd().split("\n").length, 4);
    } finally {
      Deno.umask(before);
    }
    assertEquals(await Deno.readTextFile(victim), "of another user");
    assertEquals([...strayed], []);
    // A journal is renamed into its place; what is left of the links leads to the victim only.
    for (const name of Object.keys(MODES)) {
      assertEquals([name, (await Deno.lstat(dir.path(name))).isSymlink], [name, false]);
    }
  },
});

Deno.test("each file that a run makes by itself is refused as the name of another output", async () => {
  await using dir = await folder();
  const seen = new Set<string>();
  let isBroken = true;
  await using server = await RawServer.start(({ request, send, reset }) => {
    for (const { name } of Deno.readDirSync(dir.path())) seen.add(name);
    if (isBroken && request.startsWith("GET /2")) reset();
    else send(ok("hello".repeat(1_000)));
  });
  for (const name of ["a.ndjson", "a.parquet", "a.sqlite"]) {
    const archive = name === "a.ndjson"
      ? ["--save-bodies", dir.path("b.warc"), "--warc-size", "1", "--cdx"]
      : [];
    const flags = ["-o", dir.path(name), ...archive];
    isBroken = true;
    await runAll(dir, server, flags);
    isBroken = false;
    if (archive.length === 0) await runAll(dir, server, [...flags, "--retry-failed"]);
    for (const { name } of Deno.readDirSync(dir.path())) seen.add(name);
  }
  const named = ["a.ndjson", "a.parquet", "a.sqlite", "b.warc"];
  const made = [...seen].filter((name) => !named.includes(name)).sort();
  const free = made.filter((name) =>
    // The spool of an archive has a random name that is hidden.
    !name.startsWith(".b.warc.") && !isDerivedFromArchive("b.warc", name) &&
    !named.some((output) => isDerivedFromOutput(output, name))
  );
  assertEquals(free, []);
  for (const name of ["a.ndjson.myriad", "a.sqlite-wal", "a.parquet.rows0", "b-00001.warc"]) {
    assert(made.includes(name), `${name} is not among ${made}`);
  }
});
