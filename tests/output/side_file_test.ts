import { assertEquals, assertRejects } from "@std/assert";
import { openSideFile } from "../../lib/output/side_file.ts";
import { folder } from "../fixtures/folder.ts";

Deno.test("openSideFile() opens what is its own, and neither a link nor what is of another program", async () => {
  await using dir = await folder();
  const path = dir.path("out.side");
  const options = { begins: /^mine/, mode: 0o600 };
  for (const isNew of [true, false]) {
    const opened = await openSideFile(path, options);
    assertEquals(opened.isNew, isNew);
    await opened.file.write(new TextEncoder().encode("mine, all of it"));
    opened.file.close();
  }
  assertEquals(await Deno.readTextFile(path), "mine, all of it");
  const lost = await dir.write("lost", "\0".repeat(100));
  (await openSideFile(lost, options)).file.close();
  const other = await dir.write("other", "yours");
  await assertRejects(() => openSideFile(other, options), Error, "is of another program");
  (await openSideFile(other, { begins: undefined })).file.close();
  await Deno.symlink(path, dir.path("link"));
  await assertRejects(() => openSideFile(dir.path("link"), options), Error, "is not a file");
});
