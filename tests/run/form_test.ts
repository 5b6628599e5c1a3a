import { assertEquals } from "@std/assert";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { folder } from "../fixtures/folder.ts";
import { myriad } from "../fixtures/program.ts";
import { withThreads as test } from "../fixtures/threads.ts";

// `--form` as a user has it: real files, and a server that reads forms by itself.

test("--form uploads a file with each request, with the least permissions", async () => {
  await using dir = await folder();
  const path = dir.path("large.txt");
  const content = "0123456789".repeat(30_000);
  await Deno.writeTextFile(path, content);
  const seen: string[] = [];
  const server = http.createServer(async (request, response) => {
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const form = await new Response(new Blob(chunks), {
      headers: { "Content-Type": request.headers["content-type"]! },
    }).formData();
    const file = form.get("file") as File;
    const isWhole = await file.text() === content;
    seen.push(`${request.url} ${form.get("n")} ${file.name} ${file.type} ${isWhole}`);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/{}`;
  const parts = ["-F", "n=no. {i:03}", "-F", `file=@${path}`];
  const ran = await myriad(["-n", "20", "-c", "5", ...parts, url, "-s"], {
    permissions: ["--allow-net=127.0.0.1", `--allow-read=${path}`],
  });
  await new Promise((resolve) => server.close(resolve));
  assertEquals([ran.code, ran.stderr], [0, ""]);
  const expected = Array.from(
    { length: 20 },
    (_, i) => `/${i} no. ${String(i).padStart(3, "0")} large.txt text/plain true`,
  );
  assertEquals(seen.sort(), expected.sort());
});
