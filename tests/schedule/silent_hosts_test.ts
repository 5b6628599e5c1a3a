import { assert, assertEquals } from "@std/assert";
import { SilentHosts } from "../../lib/schedule/silent_hosts.ts";
import { folder } from "../fixtures/folder.ts";
import { myriad } from "../fixtures/program.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";

Deno.test("SilentHosts forgets idle hosts, and keeps those with requests in flight", () => {
  const shares = new SilentHosts({ places: 10, free: () => 1, now: () => 0 });
  assert(shares.startsAtOnce("http://first/"));
  for (let i = 0; i < 20_000; i++) {
    const url = `http://host${i}/`;
    assert(shares.startsAtOnce(url));
    shares.end(url, i % 2 === 0, 1);
    assert(shares.known <= 5_000);
  }
  assert(!shares.startsAtOnce("http://FIRST:80/"));
  shares.end("http://first/", false, 1);
  assert(shares.startsAtOnce("http://first:080/"));
});

Deno.test("SilentHosts calls a host silent after twice its response time", () => {
  let nowMs = 0;
  const shares = new SilentHosts({ places: 16, free: () => 1, now: () => nowMs });
  assert(shares.startsAtOnce("http://b/"));
  assert(shares.startsAtOnce("http://a/"));
  assert(!shares.startsAtOnce("http://a/"));
  shares.end("http://a/", true, 500);
  // As many as there are answers at once, however they come.
  for (let i = 0; i < 100; i++) assert(shares.startsAtOnce("http://a/"));
  nowMs = 1_049;
  assert(shares.startsAtOnce("http://a/"));
  nowMs = 1_050;
  assert(!shares.startsAtOnce("http://a/"));
  shares.end("http://a/", true, 1_050);
  assert(shares.startsAtOnce("http://a/"));
});

for (const engine of ["http1", "fetch"]) {
  Deno.test(`a silent host delays no request to another (${engine})`, async () => {
    const good = 300;
    let answered = 0;
    const waiting: (() => void)[] = [];
    await using server = await RawServer.start(({ send }) => {
      send(ok());
      // Nothing of the silent host is answered before: if it had all places, none would be.
      if (++answered === good) waiting.splice(0).forEach((answer) => answer());
    });
    await using silent = await RawServer.start(({ send }) => {
      if (answered >= good) send(ok());
      else waiting.push(() => send(ok()));
    });
    await using dir = await folder();
    const lines = Array.from(
      { length: 2 * good },
      (_, i) => (i % 2 === 0 ? server : silent).url(`/${i}`),
    );
    const input = await dir.write("urls.txt", lines.join("\n"));
    const { code, stdout, stderr } = await myriad(
      ["-i", input, "-c", "10", "-t", "60s", "--engine", engine, "--json"],
    );
    assertEquals(code, 0, stderr);
    assertEquals(JSON.parse(stdout).succeeded, 2 * good);
  });
}
