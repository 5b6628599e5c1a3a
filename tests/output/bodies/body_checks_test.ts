import { assertEquals } from "@std/assert";
import { crc32 } from "node:zlib";
import { areBodiesWhole, formatCheck } from "../../../lib/output/bodies/body_checks.ts";
import { folder } from "../../fixtures/folder.ts";

const TEXT = "x".repeat(200_000);
const CHECK = formatCheck({ name: "0/7.txt", length: TEXT.length, crc: crc32(TEXT) });
const EMPTY = formatCheck({ name: "0/8", length: 0, crc: 0 });

Deno.test("areBodiesWhole() tells bodies that are missing, cut, empty or other ones", async () => {
  await using dir = await folder();
  await Deno.mkdir(dir.path("0"));
  const path = await dir.write("0/7.txt", TEXT);
  await dir.write("0/8", "");
  const areWhole = (lines = CHECK + EMPTY): boolean => areBodiesWhole(dir.path(), lines);
  assertEquals([areWhole(), areWhole("")], [true, true]);
  for (const text of ["", TEXT.slice(1), `${TEXT}x`, `${TEXT.slice(1)}y`, "\0".repeat(200_000)]) {
    await Deno.writeTextFile(path, text);
    assertEquals(areWhole(), false);
  }
  await Deno.rename(path, dir.path("elsewhere"));
  assertEquals(areWhole(), false);
  await Deno.writeTextFile(dir.path("elsewhere"), TEXT);
  await Deno.symlink(dir.path("elsewhere"), path);
  assertEquals(areWhole(), false);
});

Deno.test("areBodiesWhole() takes no lines that a run has not written", async () => {
  await using dir = await folder();
  await dir.write("x", "");
  for (const line of ["x 0 0", "../x 0 0", "0/../x 0 0", "0/7.txt 1", ""]) {
    assertEquals(areBodiesWhole(dir.path(), `${line}\n`), false);
  }
});
