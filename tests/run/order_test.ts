import { assertEquals } from "@std/assert";
import { countJournaled } from "../fixtures/count_journaled.ts";
import { folder } from "../fixtures/folder.ts";
import { finish, myriad, start } from "../fixtures/program.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { until } from "../fixtures/until.ts";

const PERMISSIONS = ["--allow-net=127.0.0.1", "--allow-read", "--allow-write"];

Deno.test("--shuffle and --sample of several inputs make the same requests again after kill -9", async () => {
  let answers = 10;
  const requested: string[] = [];
  await using server = await RawServer.start(({ request, send }) => {
    requested.push(/\d+/.exec(request)![0]);
    if (answers-- > 0) send(ok("x"));
  });
  await using dir = await folder();
  const lines = await dir.write(
    "a.csv",
    `id\n${Array.from({ length: 200 }, (_, k) => `${k}\n`).join("")}`,
  );
  const more = await dir.write("b.jsonl", '{"id":1000}\n{"id":1001}\n{"id":1002}\n{"id":1003}\n');
  const output = dir.path("out.ndjson");
  const args = ["-i", lines, "-i", more, "--shuffle", "--sample", "25%", server.url("/{id}")];
  args.push(
    "-o",
    output,
    "--fields",
    "i,url",
    "--resume",
    "--progress",
    "none",
    "--silent",
    "-c",
    "4",
  );
  {
    await using child = start(args, { permissions: PERMISSIONS });
    const ended = finish(child);
    await until(async () => await countJournaled(output) === 10 && requested.length === 14);
    child.kill("SIGKILL");
    assertEquals((await ended).code, 137);
  }
  const before = requested.splice(0);
  answers = Infinity;
  const { code, stderr } = await myriad([...args, "--threads", "2"], { permissions: PERMISSIONS });
  assertEquals([code, stderr], [0, ""]);
  const records = (await Deno.readTextFile(output)).trim().split("\n").map((line) =>
    JSON.parse(line)
  );
  assertEquals(
    records.map(({ i }) => i).sort((a, b) => a - b),
    Array.from({ length: 51 }, (_, k) => k),
  );
  const ids = records.map(({ url }) => /\d+$/.exec(url)![0]);
  assertEquals(new Set(ids).size, 51);
  assertEquals(ids.filter((id) => Number(id) >= 1000).length, 1);
  // Those that were done are not made again, and those that had begun are.
  assertEquals(new Set([...before, ...requested]), new Set(ids));
  assertEquals(before.length + requested.length, 51 + 4);
});
