/**
 * Reads the field blocks of the public collection, as encoders of many programs wrote them, with
 * our decoder; and what our encoder makes of the same fields. It is run by hand:
 *
 *     git clone https://github.com/http2jp/hpack-test-case
 *     deno run --allow-read tests/engine/http2/hpack_vectors.ts hpack-test-case
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { ByteBuffer } from "../../../lib/byte_buffer.ts";
import { HpackDecoder, MAX_TABLE_BYTES } from "../../../lib/engine/http2/hpack_decoder.ts";
import { appendField } from "../../../lib/engine/http2/hpack_encoder.ts";
import type { HeaderField } from "../../../lib/engine/http2/hpack_table.ts";

/** A connection of an encoder: its blocks, in their order. */
interface Story {
  readonly cases: readonly {
    readonly seqno: number;
    /** The block in hexadecimal. The raw data of the collection have none. */
    readonly wire?: string;
    readonly headers: readonly Readonly<Record<string, string>>[];
    /** The table that the decoder has from this block on. */
    readonly header_table_size?: number;
  }[];
}

function toLines(fields: readonly HeaderField[]): string[] {
  return fields.map(({ name, value }) => `${name}: ${value}`);
}

/** @returns how many blocks it read; undefined if its table is larger than any of ours */
function runStory({ cases }: Story): number | undefined {
  if (cases.some(({ header_table_size: size = 0 }) => size > MAX_TABLE_BYTES)) return undefined;
  const decoder = new HpackDecoder();
  let blocks = 0;
  for (const { seqno, wire, headers } of cases) {
    const fields = headers.flatMap((field) => Object.entries(field));
    const lines = fields.map(([name, value]) => `${name}: ${value}`);
    if (wire !== undefined) {
      const bytes = Uint8Array.from(wire.match(/../g) ?? [], (byte) => parseInt(byte, 16));
      assertEquals(toLines(decoder.decode(bytes, 0, bytes.length)), lines, `case ${seqno}`);
      blocks++;
    }
    const buffer = new ByteBuffer();
    for (const [name, value] of fields) appendField(buffer, name, value);
    const read = new HpackDecoder().decode(buffer.bytes, 0, buffer.length);
    assertEquals(toLines(read), lines, `case ${seqno}, by our encoder`);
  }
  return blocks;
}

const [folder] = Deno.args;
if (folder === undefined) {
  console.error("Give the folder of the collection: hpack_vectors.ts hpack-test-case");
  Deno.exit(2);
}
let total = 0;
for (
  const { name, isDirectory } of [...Deno.readDirSync(folder)].sort((a, b) =>
    a.name < b.name ? -1 : 1
  )
) {
  if (!isDirectory) continue;
  let [stories, skipped, blocks] = [0, 0, 0];
  for (const { name: file } of Deno.readDirSync(`${folder}/${name}`)) {
    if (!/^story_\d+\.json$/.test(file)) continue;
    const count = runStory(JSON.parse(Deno.readTextFileSync(`${folder}/${name}/${file}`)));
    if (count === undefined) skipped++;
    else stories++;
    blocks += count ?? 0;
  }
  if (stories + skipped === 0) continue;
  total += blocks;
  const without = skipped === 0 ? "" : `, ${skipped} with a larger table left out`;
  console.log(`${name}: ${stories} stories, ${blocks} blocks${without}`);
}
console.log(`${total} blocks read as they should be`);
Deno.exit(total === 0 ? 1 : 0);
