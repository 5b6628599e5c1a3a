import { assert, assertEquals, assertMatch } from "@std/assert";
import { gzipSync } from "node:zlib";
import { folder } from "../fixtures/folder.ts";
import { finish, myriad, start } from "../fixtures/program.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { until } from "../fixtures/until.ts";

const answering = (): Promise<RawServer> => RawServer.start(({ send }) => send(ok()));

const OUTPUT = ["-o", "-", "--fields", "i,url,status,error,detail"];

Deno.test("--threads 3 gives the records of one thread: CSV of gzip, quotes over lines, rounds", async () => {
  await using server = await answering();
  await using dir = await folder();
  const rows = Array.from(
    { length: 300 },
    (_, i) =>
      i % 5 === 0
        ? `${i},"two\nlines ""${i}"""\n`
        : i % 7 === 0
        ? `${i},too,many\n`
        : i % 11 === 0
        ? `\n${i},\r\n`
        : `${i},é${i}\n`,
  );
  const path = await dir.write("rows.csv.gz", gzipSync(`id,name\n${rows.join("")}`));
  const args = ["-i", path, "--loop", "-n", "700", "-s", ...OUTPUT, server.url("/{id}?n={name}")];
  const [one, three] = await Promise.all(
    ["1", "3"].map((threads) => myriad([...args, "--threads", threads])),
  );
  assertEquals([one.code, one.stderr], [1, three.stderr]);
  const sorted = ({ stdout }: typeof one): string[] => stdout.trimEnd().split("\n").sort();
  assertEquals(sorted(three), sorted(one));
  assertEquals(sorted(three).length, 700);
  assert(sorted(three).some((record) => record.includes("line 11: the record has 3 fields")));
});

Deno.test({
  name: "--threads 3 requests each record of a pipe as it comes, and expects what it says",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using server = await answering();
    await using dir = await folder();
    const path = await dir.pipe("in.jsonl");
    await using child = start(["-i", path, "--threads", "3", "-s", ...OUTPUT, server.url("/")]);
    const ended = finish(child);
    using pipe = await Deno.open(path, { write: true });
    for (let i = 0; i < 6; i++) {
      const expect = { status: i % 3 === 0 ? 404 : 200 };
      await pipe.write(new TextEncoder().encode(`${JSON.stringify({ url: `/${i}`, expect })}\n`));
      await until(() => server.requests.length === i + 1);
    }
    pipe.close();
    const ran = await ended;
    assertEquals([ran.code, ran.stderr], [1, "myriad: 2 of 6 requests failed: 2 expect\n"]);
    const records = ran.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    assertEquals(
      records.sort((a, b) => a.i - b.i).map(({ i, error }) => [i, error]),
      [0, 1, 2, 3, 4, 5].map((i) => [i, i % 3 === 0 ? "expect" : null]),
    );
  },
});

Deno.test("--threads 3 requests all lines before an input breaks off, with ids of one run", async () => {
  await using server = await answering();
  await using dir = await folder();
  const lines = Array.from({ length: 2_000 }, (_, i) => `/${i * 7919 % 2003}`);
  const whole = gzipSync(lines.map((line) => `${server.url(line)}\n`).join(""));
  const path = await dir.write("urls.gz", whole.subarray(0, -5));
  const ran = await myriad(["-i", path, "--threads", "3", "--request-id", "-s"]);
  assertEquals([ran.code, ran.stdout], [3, ""]);
  assertMatch(
    ran.stderr,
    /^myriad: Cannot read '--input [^\n]*' to its end: [^\n]*cut short[^\n]*\n$/,
  );
  assertEquals(server.requests.map((it) => it.split(" ")[1]).sort(), lines.toSorted());
  const ids = server.requests.map((it) => /x-request-id: (\w+)-(\d+)/i.exec(it)!.slice(1));
  assertEquals(new Set(ids.map(([random]) => random)).size, 1);
  assertEquals(new Set(ids.map(([, number]) => number)).size, 2_000);
});
