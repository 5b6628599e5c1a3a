import { assertEquals } from "@std/assert";
import { folder } from "../fixtures/folder.ts";
import { myriad } from "../fixtures/program.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";

Deno.test("--otlp sends the numbers of the whole run at its end", async () => {
  await using server = await RawServer.start(({ send }) => send(ok("hello")));
  await using dir = await folder();
  const received = Promise.withResolvers<{ key: string | null; body: string }>();
  await using receiver = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (r) => {
      received.resolve({ key: r.headers.get("authorization"), body: await r.text() });
      return Response.json({});
    },
  );
  const file = await dir.write("fields", "Authorization: Bearer abc\n");
  const to = `http://127.0.0.1:${receiver.addr.port}`;
  const args = ["--otlp", to, "--otlp-header", `@${file}`, "--progress", "none"];
  const ran = await myriad(["-n", "7", server.url("/{}"), ...args]);
  assertEquals([ran.code, ran.stderr], [0, ""]);
  const { key, body } = await received.promise;
  assertEquals(key, "Bearer abc");
  const { metrics } = JSON.parse(body).resourceMetrics[0].scopeMetrics[0];
  const { sum } = metrics.find(({ name }: { name: string }) => name === "myriad_requests_total");
  assertEquals(sum.dataPoints.map(({ asDouble }: { asDouble: number }) => asDouble), [7, 0]);
});
