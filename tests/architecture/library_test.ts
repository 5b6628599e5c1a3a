import { assertEquals } from "@std/assert";
import { run } from "../fixtures/program.ts";

Deno.test("the library exports all types that it names, and says what each thing is", async () => {
  const module = new URL("../../lib/mod.ts", import.meta.url).pathname;
  const { code, stderr } = await run([Deno.execPath(), "doc", "--lint", "--quiet", module]);
  assertEquals([code, stderr], [0, ""]);
});
