import { assertEquals } from "@std/assert";
import { LineReader } from "../../lib/source/lines.ts";
import { all, Blocks } from "../fixtures/sources.ts";
import { folder } from "../fixtures/folder.ts";
import { open, outcomes } from "../fixtures/sources.ts";

/** A text as UTF-16 with a byte order mark, high bytes first or last. */
function encode(text: string, isBigEndian: boolean): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(2 * text.length + 2);
  const view = new DataView(bytes.buffer);
  for (const [k, unit] of [..."\ufeff".split(""), ...text.split("")].entries()) {
    view.setUint16(2 * k, unit.charCodeAt(0), !isBigEndian);
  }
  return bytes;
}

for (const isBigEndian of [false, true]) {
  const name = isBigEndian ? "UTF-16BE" : "UTF-16LE";

  Deno.test(`LineReader reads ${name}, however it is split behind its byte order mark`, async () => {
    const bytes = encode("é\r\n😀\n\ufffd\n\ud83d\nx\udc00\nlast", isBigEndian);
    for (let k = 2; k <= bytes.length; k++) {
      const lines = new LineReader(new Blocks([bytes.slice(0, k), bytes.slice(k)]));
      assertEquals(await all(lines), ["é", "😀", "\ufffd", "\ud83d", "x\udc00", "last"]);
    }
    const cut = new LineReader(new Blocks([bytes.slice(0, -1)]));
    assertEquals((await all(cut)).at(-1), "las\udc00");
  });

  Deno.test(`openSource() reads ${name} from a file, and calls no half of a character text`, async () => {
    await using dir = await folder();
    const long = "é😀".repeat(5_000);
    const path = await dir.write("list", encode(`http://h/1\r\n\ud800\n${long}\n`, isBigEndian));
    const targets = await all(
      await open({ inputs: [{ path, format: "lines" }], template: "http://h/?q={}" }),
    );
    assertEquals(outcomes(targets), [
      "http://h/?q=http%3A%2F%2Fh%2F1",
      "line 2: not UTF-8: convert the input to UTF-8, or percent-encode such bytes of URLs",
      `http://h/?q=${encodeURIComponent(long)}`,
    ]);
  });
}
