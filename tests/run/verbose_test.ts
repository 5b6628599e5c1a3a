import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { myriad } from "../fixtures/program.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { withThreads } from "../fixtures/threads.ts";

/** Each block of what is shown: from its title to how it ended. */
const BLOCK = /^\* request (\d+): GET .*\n(?:[<>].*\n)*\* 200, after .*\n/gm;

withThreads("-vv shows all requests on standard error, each of them whole", async () => {
  await using server = await RawServer.start(({ send }) => send(ok("x\n".repeat(40))));
  const { code, stdout, stderr } = await myriad(["-vv", "-s", "-n", "60", server.url("/{}")]);
  const blocks = [...stderr.matchAll(BLOCK)];
  assertEquals([code, stdout, stderr.replaceAll(BLOCK, "")], [0, "", ""]);
  assertEquals(
    blocks.map(([, i]) => Number(i)).sort((a, b) => a - b),
    Array.from({ length: 60 }, (_, i) => i),
  );
  for (const [block, i] of blocks) assertStringIncludes(block, `\n> GET /${i} HTTP/1.1\n`);
});

Deno.test("-v shows one request of all threads, beside the summary", async () => {
  await using server = await RawServer.start(({ send }) => send(ok()));
  const argv = ["-v", "--threads", "2", "-n", "60", server.url()];
  const { code, stdout, stderr } = await myriad(argv, { permissions: ["-A"] });
  assertEquals([code, [...stderr.matchAll(BLOCK)].length], [0, 1]);
  assertMatch(stdout, /^60 requests in /);
});
