import { assertEquals, assertMatch } from "@std/assert";
import { openLibraries } from "../../../../lib/engine/transport/native/libraries.ts";
import { WITHOUT_NATIVE } from "../../../fixtures/checked_libraries.ts";
import { DENO_RUN, run } from "../../../fixtures/program.ts";
import { StreamServer } from "../../../fixtures/stream_server.ts";

const ignore = WITHOUT_NATIVE !== undefined;
const fixture = (name: string): string =>
  new URL(`../../../fixtures/${name}`, import.meta.url).pathname;

/** What the client says with some permissions, and no other. */
async function say(permissions: string[], port = 1, rounds = 1): Promise<[number, string]> {
  const script = [fixture("native_client.ts"), `${port}`, `${rounds}`];
  const words = [...DENO_RUN, ...permissions, ...script];
  const env = { SSL_CERT_FILE: fixture("authority.crt") };
  const { code, stdout, stderr } = await run(words, { env });
  assertEquals(stderr, "");
  return [code, stdout.trimEnd()];
}

/** The paths of the two libraries that this process has opened. */
function libraryPaths(): string[] {
  const libraries = openLibraries();
  if (typeof libraries === "string") throw new Error(libraries);
  const maps = Deno.readTextFileSync("/proc/self/maps");
  libraries.close();
  return ["libc.so.6", "libssl.so.3"].map((name) =>
    /\S+$/.exec(maps.split("\n").find((line) => line.endsWith(`/${name}`))!)![0]
  );
}

Deno.test("openLibraries() says where there are none", () => {
  const why = "native sockets need Linux on x86-64 or arm64";
  for (const [os, arch] of [["darwin", "aarch64"], ["windows", "x86_64"], ["linux", "riscv64"]]) {
    assertEquals(openLibraries({ os, arch }), why);
  }
});

Deno.test("openLibraries() asks for no permission, and names those that are missing", async () => {
  const missing =
    /^native sockets need '--allow-ffi', or '--allow-ffi=\/.*libc\.so\.6,\/.*libssl\.so\.3' for two libraries alone$/;
  const [code, why] = await say(["--allow-net"]);
  assertEquals(code, 2);
  assertMatch(why, missing);
  assertEquals(await say(["--allow-net=127.0.0.1", "--allow-ffi"]), [
    2,
    "native sockets need '--allow-net' without a list of hosts",
  ]);
  assertEquals(await say(["--allow-net", "--deny-net=192.0.2.1", "--allow-ffi"]), [
    2,
    "native sockets need '--allow-net' without '--deny-net'",
  ]);
});

Deno.test(
  "openLibraries() is content with the permission for two paths",
  { ignore },
  async () => {
    await using server = await StreamServer.start((peer) => peer.answer(() => "x"), {});
    const paths = libraryPaths();
    assertEquals(await say(["--allow-net", `--allow-ffi=${paths}`], server.port), [0, "1 bytes"]);
    assertEquals((await say(["--allow-net", `--allow-ffi=${paths[0]}`]))[0], 2);
  },
);

Deno.test(
  "native transports keep what a wait in another thread writes to",
  { ignore },
  async () => {
    await using server = await StreamServer.start((peer) => peer.answer(() => "x"), {});
    const flags = ["--v8-flags=--expose-gc", "--allow-net", "--allow-ffi"];
    assertEquals(await say(flags, server.port, 20), [0, "20 bytes"]);
  },
);
