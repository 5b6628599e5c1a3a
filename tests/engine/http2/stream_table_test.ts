import { assertEquals } from "@std/assert";
import { Stream } from "../../../lib/engine/http2/stream.ts";
import { StreamTable } from "../../../lib/engine/http2/stream_table.ts";
import { Dice } from "../../fixtures/dice.ts";
import { TestExchange } from "../../fixtures/http2_wire.ts";

const makeStream = (id: number): Stream =>
  new Stream(id, new TestExchange(), false, 0, undefined, 0);

Deno.test("StreamTable has what was added and not deleted, in order, like a Map", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const dice = new Dice(seed);
    const table = new StreamTable();
    const expected = new Map<number, Stream>();
    // Numbers follow each other from anywhere below 2^31.
    let next = 1 + 2 * dice.of([0, dice.below(1_000), dice.below(2 ** 29)]);
    const most = dice.of([1, 5, 60, 300]);
    for (let k = 0; k < 600; k++) {
      if (expected.size < most && dice.below(3) > 0) {
        const stream = makeStream(next);
        next += 2;
        table.add(stream);
        expected.set(stream.id, stream);
      } else if (expected.size > 0) {
        const ids = [...expected.keys()];
        // Some stay long.
        const id = ids[dice.below(4) > 0 ? ids.length - 1 : dice.below(ids.length)];
        table.delete(id);
        expected.delete(id);
        assertEquals(table.get(id), undefined);
      }
      assertEquals(table.size, expected.size);
      const id = next - 2 - 2 * dice.below(40);
      assertEquals(table.get(id), expected.get(id));
    }
    assertEquals(table.list().map(({ id }) => id), [...expected.keys()]);
    for (const [id, stream] of expected) {
      assertEquals(table.get(id) === stream && table.find(stream.exchange) === stream, true);
    }
    assertEquals(table.find(new TestExchange()), undefined);
  }
});
