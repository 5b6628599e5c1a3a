import { assert, assertEquals } from "@std/assert";
import { findLogFormat } from "../../../lib/commands/verify/log_formats.ts";
import { ServerLog } from "../../../lib/commands/verify/log_reader.ts";
import { folder } from "../../fixtures/folder.ts";
import { generator } from "../../fixtures/random_json.ts";

Deno.test("ServerLog.read() counts hostile lines as unreadable, and reads the others", async () => {
  await using dir = await folder();
  const random = generator(5);
  const noise = (length: number): string =>
    Array.from({ length }, () => String.fromCharCode(random(128))).join("").replaceAll("\n", " ");
  const good = ['{"path":"/a","status":200}', '- "GET /a HTTP/1.1" 200 1'];
  const text = Array.from({ length: 300 }, (_, k) => `${good[k % 2]}\n${noise(random(200))}\n`);
  text.push("x".repeat(10 * 1024 * 1024), "\n", `{"path":"${"/".repeat(1024 * 1024)}"\n`, good[0]);
  const file = await dir.write("a.log", text.join(""));
  let requests = 0;
  const log = await ServerLog.open(file, file);
  const unreadable = await log.read((path) => requests += `${path}` === "/a" ? 1 : 0);
  assertEquals(requests, 301);
  assert(unreadable >= 290, `${unreadable}`);
});

Deno.test("ServerLog.read() reads only the format asked for", async () => {
  await using dir = await folder();
  const file = await dir.write("a.log", '{"path":"/a","status":200}\n- "GET /b HTTP/1.1" 200 1\n');
  for (const [format, expected] of [["ndjson", "/a"], ["combined", "/b"]] as const) {
    const paths: string[] = [];
    const log = await ServerLog.open(file, file, findLogFormat(format));
    const unreadable = await log.read((path) => paths.push(`${path}`));
    assertEquals([paths, unreadable], [[expected], 1]);
  }
});
