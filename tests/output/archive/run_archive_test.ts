import { assertEquals } from "@std/assert";
import type { ArchiveOutputOptions } from "../../../lib/output/archive/archive_output.ts";
import { RunArchive } from "../../../lib/output/archive/run_archive.ts";
import { folder } from "../../fixtures/folder.ts";

for (const cdx of [false, true]) {
  const which = cdx ? "with" : "without";
  Deno.test(`RunArchive leaves no index of what is overwritten, ${which} an index of its own`, async () => {
    await using dir = await folder();
    for (const name of ["x.warc", "x-00001.warc", "x.cdxj"]) await dir.write(name, "old");
    await dir.write("y.cdxj", "another archive's");
    const options: ArchiveOutputOptions = {
      path: dir.path("x.warc"),
      sizeBytes: 1e9,
      isSynced: true,
      gzip: false,
      dedupe: false,
      cdx,
      software: "s/1",
      command: "c",
    };
    const archive = await RunArchive.open(options, {
      isResumed: false,
      hasResults: false,
      overwrite: true,
    });
    await archive.cutTo(0);
    const names = (): string[] => [...Deno.readDirSync(dir.path())].map(({ name }) => name).sort();
    const gathered = cdx ? ["x.cdxj.myriad"] : [];
    assertEquals(names(), [...gathered, "x.warc", "y.cdxj"]);
    await archive.finishIndex();
    await archive.close(true);
    assertEquals(names(), [...cdx ? ["x.cdxj"] : [], "x.warc", "y.cdxj"]);
    assertEquals(cdx ? await Deno.readTextFile(dir.path("x.cdxj")) : "", "");
  });
}
