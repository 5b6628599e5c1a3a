import { assertEquals } from "@std/assert";
import { DirectWriter } from "../../../lib/engine/transport/direct_writer.ts";

Deno.test("DirectWriter gives a large body to the handle part by part", () => {
  const complete: ((status: number) => void)[] = [];
  const written: Uint8Array[] = [];
  let ends = 0;
  const writer = new DirectWriter({
    writeLatin1String: () => 0,
    writeBuffer(request, bytes) {
      written.push(bytes);
      complete.push(request.oncomplete);
      return 0;
    },
  }, { onWritten: () => ends++, onWriteFailure: () => {} });
  const body = Uint8Array.from({ length: 600 * 1024 }, (_, i) => i % 251);

  writer.write(body);
  writer.write(Uint8Array.of(7));

  while (complete.length > 0) {
    assertEquals(complete.length, 1);
    complete.pop()!(0);
  }
  assertEquals(written.map(({ length }) => length), [256 * 1024, 256 * 1024, 88 * 1024, 1]);
  assertEquals(written.flatMap((bytes) => [...bytes]), [...body, 7]);
  assertEquals([ends, writer.unsent], [1, 0]);
});
