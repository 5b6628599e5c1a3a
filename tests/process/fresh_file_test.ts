import { assertEquals, assertThrows } from "@std/assert";
import { openFreshFile, readMode } from "../../lib/process/fresh_file.ts";
import { folder } from "../fixtures/folder.ts";

const MODE = 0o600;

Deno.test("openFreshFile() makes a file in place of a file or a link, and follows none", async () => {
  await using dir = await folder();
  const victim = await dir.write("victim", "the neighbour's target");
  await dir.write("old", "left behind");
  await Deno.symlink(victim, dir.path("link"));
  await Deno.symlink(dir.path("made-by-a-link"), dir.path("dangling"));
  await Deno.link(victim, dir.path("hard"));
  for (const name of ["new", "old", "link", "dangling", "hard"]) {
    openFreshFile(dir.path(name), { mode: MODE }).close();
    const { isSymlink, size, mode, nlink } = await Deno.lstat(dir.path(name));
    assertEquals([name, isSymlink, size, mode! & 0o777, nlink], [name, false, 0, MODE, 1]);
  }
  assertEquals(await Deno.readTextFile(victim), "the neighbour's target");
  assertThrows(() => Deno.lstatSync(dir.path("made-by-a-link")), Deno.errors.NotFound);
});

Deno.test("openFreshFile() throws when a folder is there, and leaves it", async () => {
  await using dir = await folder();
  await Deno.mkdir(dir.path("empty"));
  assertThrows(() => openFreshFile(dir.path("empty")), Deno.errors.AlreadyExists);
  assertEquals((await Deno.stat(dir.path("empty"))).isDirectory, true);
});

Deno.test("readMode() tells the permissions of a file", async () => {
  await using dir = await folder();
  const path = await dir.write("a", "");
  await Deno.chmod(path, 0o640);
  assertEquals(await readMode(path), 0o640);
});
