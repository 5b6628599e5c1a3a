import { assert, assertEquals, assertMatch } from "@std/assert";
import net from "node:net";
import { WITHOUT_NATIVE } from "../fixtures/checked_libraries.ts";
import { folder } from "../fixtures/folder.ts";
import { myriad } from "../fixtures/program.ts";
import { ProxyServer } from "../fixtures/proxy_server.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { TlsServer } from "../fixtures/tls_server.ts";

/** A server over TLS that answers any request. */
const secure = (): Promise<TlsServer> =>
  TlsServer.start(({ send }) => send(ok("secure")), { ALPNProtocols: ["http/1.1"] });

Deno.test("-x needs permission for the proxy only, and shows no password", async () => {
  await using plain = await RawServer.start(({ send }) => send(ok()));
  await using proxy = await ProxyServer.start({ kind: "http", credentials: "me:hunter2" });
  await using dir = await folder();
  const file = await dir.write("proxy", `${proxy.url("me:hunter2")}\n`);
  const out = dir.path("out.ndjson");
  const permissions = [`--allow-net=127.0.0.1:${proxy.port}`, "--allow-read", "--allow-write"];
  const args = ["-n", "5", "-x", `@${file}`, "-o", out, plain.url("/{}")];
  const ran = await myriad(args, { permissions });
  assertEquals([ran.code, ran.stderr, plain.requests.length], [0, "", 5]);
  const written = await Deno.readTextFile(out) + await Deno.readTextFile(`${out}.myriad`);
  assert(!(ran.stdout + written).includes("hunter2"));
  const without = await myriad([...args, "--overwrite"], {
    permissions: [`--allow-net=127.0.0.1:${plain.port}`, "--allow-read", "--allow-write"],
  });
  assertEquals(without.code, 2);
  assertMatch(without.stderr, new RegExp(`--allow-net=127\\.0\\.0\\.1:${proxy.port}\n$`));
});

/** Runs the program, and gives all that it printed and wrote. */
async function allOf(
  args: string[],
  permissions: string[],
): Promise<{ code: number; text: string; records: Record<string, unknown>[] }> {
  await using dir = await folder();
  const out = dir.path("out.ndjson");
  const summary = dir.path("summary.json");
  const failures = dir.path("failures.jsonl");
  const files = ["-o", out, "--summary", summary, "--failures", failures];
  const ran = await myriad([...files, "--fields", "status,error,detail,remote", ...args], {
    permissions: [...permissions, "--allow-read", "--allow-write"],
  });
  let text = ran.stdout + ran.stderr;
  for (const path of [out, `${out}.myriad`, summary, failures]) {
    text += await Deno.readTextFile(path).catch(() => "");
  }
  const lines = (await Deno.readTextFile(out).catch(() => "")).split("\n").filter(Boolean);
  return { code: ran.code, text, records: lines.map((line) => JSON.parse(line)) };
}

for (const kind of ["http", "https", "socks5", "socks5h"] as const) {
  for (const password of ["Pa55-Right", "Pa55-Wrong"]) {
    Deno.test(`-x shows no ${password} of a ${kind} proxy, and needs permission for it only`, async () => {
      await using plain = await RawServer.start(({ send }) => send(ok()));
      await using far = await secure();
      const server = kind === "socks5h" ? "socks5" : kind;
      await using proxy = await ProxyServer.start({ kind: server, credentials: "me:Pa55-Right" });
      const net = `--allow-net=127.0.0.1:${proxy.port}`;
      const authority = new URL("../fixtures/authority.crt", import.meta.url).pathname;
      const options = ["--cacert", authority, "-x", proxy.url(`me:${password}`, kind)];
      for (const url of [plain.url(), far.url()]) {
        const { code, text, records } = await allOf([...options, url], [net]);
        assert(!text.includes("Pa55") && !text.includes(btoa(`me:${password}`)), text);
        const isRight = password === "Pa55-Right";
        const isForwarded = server !== "socks5" && url.startsWith("http:");
        assertEquals(records.length, 1, text);
        assertEquals(records[0].status, isRight ? 200 : isForwarded ? 407 : null, text);
        if (!isRight && !isForwarded) {
          assertEquals([code, records[0].error], [1, "connect"]);
          assertMatch(`${records[0].detail}`, /^the proxy (answered|does)/);
        }
      }
    });
  }
}

Deno.test("-x connects to a proxy's name with the permission for that name", async () => {
  await using plain = await RawServer.start(({ send }) => send(ok()));
  await using proxy = await ProxyServer.start({ kind: "http" });
  const args = ["-x", `localhost:${proxy.port}`, plain.url()];
  const { code, text } = await allOf(args, [`--allow-net=localhost:${proxy.port}`]);
  assertEquals([code, proxy.connections], [0, 1], text);
});

Deno.test("-x socks5 names the permission that a lookup needs", async () => {
  await using proxy = await ProxyServer.start({ kind: "socks5" });
  const net = `--allow-net=127.0.0.1:${proxy.port}`;
  const { records } = await allOf(["-x", proxy.url(), "http://far.test/"], [net]);
  assertEquals([records[0].error, records[0].detail], [
    "url",
    "no permission to look up far.test: run with --allow-net=far.test, or use a socks5h proxy",
  ]);
  assertEquals(proxy.connections, 0);
});

Deno.test("--resume continues a run through another proxy", async () => {
  await using plain = await RawServer.start(({ send }) => send(ok()));
  await using one = await ProxyServer.start({ kind: "http" });
  await using other = await ProxyServer.start({ kind: "socks5" });
  await using dir = await folder();
  const args = ["-n", "3", "-o", dir.path("out.ndjson"), plain.url("/{}")];
  assertEquals((await myriad(["-x", one.url(), ...args])).code, 0);
  const again = await myriad(["--resume", "-x", other.url(), ...args]);
  assertEquals([again.code, plain.requests.length], [0, 3], again.stderr);
});

Deno.test("--unix-socket needs three permissions, and names them", async () => {
  await using dir = await folder();
  const path = dir.path("s");
  const server = net.createServer((socket) => {
    socket.on("data", () => socket.write(ok()));
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const all = [`--allow-net=unix:${path}`, `--allow-read=${path}`, `--allow-write=${path}`];
  const args = ["-s", "--unix-socket", path, "http://any.test/"];
  const native = ["--allow-net", "--allow-ffi", ...all.slice(1)];
  for (
    const [transport, permissions] of [["portable", all], ["native", native]] as const
  ) {
    if (transport === "native" && WITHOUT_NATIVE !== undefined) continue;
    const use = [...args, "--transport", transport];
    const ran = await myriad(use, { permissions });
    assertEquals([ran.code, ran.stderr], [0, ""]);
    for (const missing of permissions.filter((it) => all.includes(it))) {
      const without = await myriad(use, {
        permissions: permissions.filter((it) => it !== missing),
      });
      assertEquals([without.code, without.stdout], [2, ""]);
      assertEquals(
        without.stderr,
        `myriad: Cannot use '--unix-socket ${path}': no permission: run with ${all.join(" ")}\n`,
      );
    }
  }
  await new Promise((resolve) => server.close(resolve));
});
