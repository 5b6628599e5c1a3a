import { assertEquals } from "@std/assert";
import { folder } from "../fixtures/folder.ts";
import { finish, myriad, start } from "../fixtures/program.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { until } from "../fixtures/until.ts";

Deno.test("functions make the same request after kill -9 and --resume, in one thread and in two", async () => {
  await using dir = await folder();
  const held: (() => void)[] = [];
  let isOpen = true;
  await using server = await RawServer.start(({ send }) => {
    if (isOpen) send(ok());
    else held.push(() => send(ok()));
    if (server.requests.length === 100) isOpen = false;
  });
  const file = dir.path("a.ndjson");
  const url = server.url("/{i:03}?r={random:1-1000000}&u={uuid}");
  const args = [
    "-n",
    "200",
    "-c",
    "20",
    "-s",
    "-d",
    '{"u":"{uuid}","r":{random:1-9}}',
    "-o",
    file,
    url,
  ];
  await using child = start([...args, "--threads", "2"]);
  await until(() => held.length === 20);
  child.kill("SIGKILL");
  await finish(child);
  isOpen = true;
  assertEquals((await myriad([...args, "--resume", "--threads", "1"])).code, 0);
  // Those that were made twice were made alike: each number has one path and one body.
  const sent = new Map<string, Set<string>>();
  for (const request of server.requests) {
    const number = request.slice("POST /".length).slice(0, 3);
    const text = `${request.split(" ")[1]} ${request.split("\r\n\r\n")[1]}`;
    sent.set(number, (sent.get(number) ?? new Set()).add(text));
  }
  assertEquals([sent.size, server.requests.length > 200], [200, true]);
  for (const texts of sent.values()) assertEquals(texts.size, 1);
  const uuids = Array.from(
    sent.values(),
    ([text]) => /u=([0-9a-f-]{36}) \{"u":"\1"/.exec(text)?.[1],
  );
  assertEquals(new Set(uuids).size, 200);
});
