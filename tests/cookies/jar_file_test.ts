import { assert, assertEquals, assertRejects } from "@std/assert";
import { JarFile } from "../../lib/cookies/jar_file.ts";
import { UsageError } from "../../lib/errors.ts";
import { folder } from "../fixtures/folder.ts";

Deno.test("JarFile.open() accepts a missing file, and save() writes it for its owner only", async () => {
  await using dir = await folder();
  const path = dir.path("jar");
  const file = await JarFile.open(path);
  assertEquals([...Deno.readDirSync(dir.path(""))], []);
  file.jar.store("http://x.org/", ["a=\xe9"]);
  await file.save();
  const { mode } = await Deno.stat(path);
  if (Deno.build.os !== "windows") assertEquals(mode! & 0o777, 0o600);
  const bytes = await Deno.readFile(path);
  assert(bytes.includes(0xe9), "a byte is a byte");
  // What others could read before is replaced too, and nothing else is left.
  await Deno.chmod(path, 0o644);
  const again = await JarFile.open(path);
  assertEquals(again.jar.fieldFor("http://x.org/"), "a=\xe9");
  await Deno.writeTextFile(`${path}.tmp`, "left behind", { mode: 0o644 });
  await again.save();
  assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
  assertEquals([...Deno.readDirSync(dir.path(""))].map(({ name }) => name), ["jar"]);
});

Deno.test("JarFile.open() rejects an invalid file, and leaves it unchanged", async () => {
  await using dir = await folder();
  const wrong = await dir.write("wrong", "# x\nno jar: hunter2\n");
  for (
    const [path, why] of [
      [wrong, "line 2: it has 1 fields between tabs"],
      [dir.path(""), "it is not a file"],
      ["/dev/null", "it is not a file"],
      [dir.path("none/jar"), "no such folder"],
    ]
  ) {
    const { message } = await assertRejects(() => JarFile.open(path), UsageError);
    assert(message.includes(`--cookie-jar=${path}`) && message.includes(why), message);
    assert(!message.includes("hunter2"));
  }
  assertEquals(await Deno.readTextFile(wrong), "# x\nno jar: hunter2\n");
  assertEquals([...Deno.readDirSync(dir.path(""))].length, 1);
});
