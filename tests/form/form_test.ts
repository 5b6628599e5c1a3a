import { assert, assertEquals, assertThrows } from "@std/assert";
import { Form } from "../../lib/form/form.ts";
import { FormFile } from "../../lib/form/form_file.ts";
import { TextTemplate } from "../../lib/source/text_template.ts";
import { type BodyReader, BodyReadError, type StreamedBody } from "../../lib/target.ts";
import { folder } from "../fixtures/folder.ts";

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const decoder = new TextDecoder();

/** Reads all, so many bytes at a time. */
function readAll(reader: BodyReader, maxBytes: number): string {
  let text = "";
  while (reader.length > 0) {
    const { length } = reader;
    const piece = reader.read(maxBytes);
    assert(piece.length > 0 && piece.length <= maxBytes);
    assertEquals(reader.length, length - piece.length);
    text += decoder.decode(piece);
  }
  return text;
}

/** A file, closed at the end. */
async function withFile(
  content: string,
  run: (file: FormFile, path: string) => void | Promise<void>,
): Promise<void> {
  await using dir = await folder();
  const path = dir.path("file");
  await Deno.writeTextFile(path, content);
  const file = new FormFile(path, content.length);
  try {
    await run(file, path);
  } finally {
    file.close();
  }
}

Deno.test("Form makes one body for all requests without a template", () => {
  const form = new Form([bytes("a"), bytes("b")]);
  assertEquals(form.body, bytes("ab"));
  assertEquals(form.expand(() => undefined), bytes("ab"));
});

Deno.test("Form fills in its templates", () => {
  const form = Form.unpack(
    structuredClone(new Form([bytes("a"), TextTemplate.parse("{}{x}"), bytes("b")]).pack()),
  );
  assertEquals(form.body, undefined);
  assertEquals(form.expand((name) => name === "" ? "ü" : "2"), bytes("aü2b"));
  assertEquals(form.expand((name) => name === "" ? "1" : undefined), { missing: 3 });
});

Deno.test("Form reads files anew for each reader, in pieces of any size", async () => {
  const content = "0123456789".repeat(20_000);
  await withFile(content, (file) => {
    const packed = structuredClone(new Form([bytes("<"), file, bytes(">"), file]).pack());
    const form = Form.unpack(packed);
    const body = form.body as StreamedBody;
    assertEquals([body.length, body.heldBytes], [2 * content.length + 2, 2]);
    assertEquals(form.files.length, 2);
    for (const maxBytes of [7, 64 * 1024, 1e9]) {
      assertEquals(readAll(body.open(), maxBytes), `<${content}>${content}`);
    }
    const [a, b] = [body.open(), body.open()];
    assertEquals(decoder.decode(a.read(3)), "<01");
    assertEquals(decoder.decode(b.read(2)), "<0");
    assertEquals(decoder.decode(a.read(3)), "234");
    form.files.forEach((file) => file.close());
  });
});

Deno.test("FormFile stays readable when its file is removed", async () => {
  await withFile("abc", async (file, path) => {
    file.open();
    await Deno.remove(path);
    const into = new Uint8Array(10);
    assertEquals([file.read(1, into), decoder.decode(into.subarray(0, 2))], [2, "bc"]);
  });
});

Deno.test("FormFile throws when its file is shorter than it was, or missing", async () => {
  await withFile("abc", async (file, path) => {
    file.open();
    await Deno.truncate(path, 1);
    assertThrows(
      () => file.read(1, new Uint8Array(1)),
      BodyReadError,
      `cannot read '${path}': it has become shorter: 1 of 3 bytes`,
    );
    const other = new FormFile(path, 3);
    assertThrows(() => other.open(), BodyReadError, "it has become shorter: 1 of 3 bytes");
    await Deno.remove(path);
    assertThrows(() => other.open(), BodyReadError, "No such file or directory");
  });
});
