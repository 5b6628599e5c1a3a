import { assertEquals, assertNotEquals } from "@std/assert";
import { AutoEngine } from "../../lib/engine/auto.ts";
import type { EngineOptions } from "../../lib/engine/options.ts";
import { makeRequest } from "../fixtures/make_request.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { target } from "../fixtures/target.ts";
import { AUTHORITY, TlsServer } from "../fixtures/tls_server.ts";

const OPTIONS: EngineOptions = {
  concurrency: 10,
  timeoutMs: 20_000,
  redirects: 10,
  maxBodyBytes: 1 << 20,
  ttfb: false,
  tls: { ca: AUTHORITY, insecure: false },
};

Deno.test("auto engine uses http1 for ports that native fetch blocks", async () => {
  const engine = new AutoEngine(OPTIONS);
  for (const url of ["https://127.0.0.1:6000/", "https://127.0.0.1:06000", "HTTPS://[::1]:6000?"]) {
    const { engine: name, error, attempts } = await makeRequest(engine, target(url));
    assertEquals([name, attempts], ["http1", 1]);
    assertNotEquals(error, "url");
  }
  engine.close();
});

Deno.test("auto engine uses http1 for http, and fetch for https", async () => {
  await using server = await TlsServer.start(({ send }) => send(ok()), {
    ALPNProtocols: ["http/1.1"],
  });
  await using plain = await RawServer.start(({ send }) => send(ok()));
  const engine = new AutoEngine(OPTIONS);
  assertEquals(engine.name, "http1");
  assertEquals((await makeRequest(engine, target(server.url()))).engine, "fetch");
  assertEquals(engine.name, "fetch");
  assertEquals((await makeRequest(engine, target(plain.url()))).engine, "http1");
  assertEquals(engine.name, "http1+fetch");
  assertEquals((await makeRequest(engine, target("nonsense"))).error, "url");
  engine.cancel();
  assertEquals((await makeRequest(engine, target(plain.url()))).error, "cancelled");
  engine.close();
});
