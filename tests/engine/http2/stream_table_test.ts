import { assertEquals } from "@std/assert";
import type { Exchange } from "../../../lib/engine/sockets/connection.ts";
import { Stream } from "../../../lib/engine/http2/stream.ts";
import { StreamTable } from "../../../lib/engine/http2/stream_table.ts";

function makeStream(id: number): Stream {
  return new Stream(id, undefined as unknown as Exchange, false, 0, undefined, 0);
}

function listIds(table: StreamTable): number[] {
  return table.list().map(({ id }) => id);
}

Deno.test("StreamTable finds what a Map finds, while streams come in order and end in any", () => {
  const table = new StreamTable();
  const map = new Map<number, Stream>();
  for (let k = 0; k < 20_000; k++) {
    const stream = makeStream(2 * k + 1);
    table.add(stream);
    map.set(stream.id, stream);
    // The first stream never ends, so that later ones share its slot; of the others about 300 stay.
    const ended = 2 * (k - (k * 7_919 % 600)) + 1;
    if (ended > 1 && map.has(ended)) {
      table.delete(ended);
      map.delete(ended);
    }
    if (k % 500 > 0) continue;
    assertEquals(table.size, map.size);
    assertEquals(listIds(table), [...map.keys()]);
    for (let id = 1; id <= stream.id + 2; id += 2) {
      assertEquals(table.get(id)?.id, map.get(id)?.id, `stream ${id} of ${stream.id}`);
    }
  }
});
