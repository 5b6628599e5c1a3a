import { assertEquals } from "@std/assert";
import { foldPath } from "../../../lib/commands/verify/fold_path.ts";

const fold = (text: string): string => {
  const bytes = new TextEncoder().encode(`<${text}>`);
  return new TextDecoder().decode(foldPath(bytes, 1, bytes.length - 1));
};

Deno.test("foldPath() gives the same for paths that IIS logs alike", () => {
  for (const path of ["/a b", "/a+b", "/a%20b", "/a%2520b", "/a%252520b", "/a\x7fb", "/a%0ab"]) {
    assertEquals(fold(path), "/a+b", path);
  }
});

Deno.test("foldPath() keeps what does not look encoded", () => {
  for (const path of ["", "/", "/a%", "/a%2", "/a%zz", "/%-1", "/é"]) {
    assertEquals(fold(path), path);
  }
  assertEquals(fold("/%C3%A9"), "/é");
});
