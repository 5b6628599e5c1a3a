import { assert, assertEquals } from "@std/assert";
import { Dice } from "../../fixtures/dice.ts";
import {
  data,
  FLAG,
  frame,
  goAway,
  headers,
  response,
  rstStream,
  settings,
  TYPE,
  uint32,
  windowUpdate,
} from "../../fixtures/http2_frames.ts";
import { Http2Wire, TestExchange } from "../../fixtures/http2_wire.ts";

// Servers that send anything: nothing is thrown, and each request ends once, whatever the pieces are.

const RUNS = 1_500;
const REQUESTS = 6;

/** What a server sends, mostly right, to the requests of a connection. */
function drawScript(dice: Dice): string {
  const id = (): number => 1 + 2 * dice.below(dice.below(20) === 0 ? 20 : REQUESTS);
  const flags = (): number => dice.of([0, 0, FLAG.endStream, FLAG.endStream, dice.below(256)]);
  const status = (): string => dice.of(["200", "200", "204", "103", "304", "101", "x"]);
  const text = (): string => "x".repeat(dice.of([0, 1, 5, 100]));
  const field = (): [string, string] =>
    dice.of(
      [
        ["content-length", `${dice.below(8)}`],
        ["x", text()],
        ["X", ""],
        ["connection", "close"],
      ] as const,
    ) as [string, string];
  const pieces: (() => string)[] = [
    () => response(id(), text()),
    () => response(id(), text(), [["content-length", "5"]]),
    () => headers(id(), [[":status", status()], ["x", "1"]], flags() & ~FLAG.padded),
    () => headers(id(), [[":status", "200"], field(), field()]),
    () => headers(id(), [field()], FLAG.endStream),
    () => data(id(), text(), flags() & ~FLAG.padded),
    () => frame(TYPE.data, FLAG.padded | FLAG.endStream, id(), `\x02${text()}\0\0`),
    () => rstStream(id(), dice.below(16)),
    () => windowUpdate(dice.of([0, id()]), 1 + dice.below(100_000)),
    () => settings([1 + dice.below(8), dice.of([0, 1, 100, 65_535, 2 ** 31])]),
    () => frame(TYPE.ping, dice.below(2), 0, "12345678"),
    () => frame(dice.below(12), dice.below(256), id(), text()),
    () => goAway(dice.of([0, id(), 2 ** 31 - 1]), dice.below(16), text()),
    () => frame(TYPE.headers, 0, id(), "\x88") + frame(TYPE.continuation, 4, id(), "\0\x01a\0"),
  ];
  let script = dice.below(50) === 0 ? "" : settings();
  for (let k = dice.below(20); k >= 0; k--) {
    // Most scripts have little that ends the connection.
    script += dice.of(dice.below(10) > 0 ? pieces.slice(0, 9) : pieces)();
  }
  for (let k = dice.of([0, 0, 0, 1, 3]); k > 0; k--) {
    const at = dice.below(script.length);
    const byte = String.fromCharCode(dice.below(256));
    script = dice.of([
      script.slice(0, at) + byte + script.slice(at + 1),
      script.slice(0, at) + script.slice(at + 1),
      script.slice(0, at) + uint32(dice.below(2 ** 31)) + script.slice(at),
    ]);
  }
  return script;
}

/** Plays a script in reads of so many bytes, and gives what came of the requests. */
function play(script: string, bodyBytes: number, piece: number): (string | undefined)[] {
  const wire = new Http2Wire({}, piece);
  const exchanges = Array.from({ length: REQUESTS }, (_, k) => {
    const exchange = new TestExchange();
    exchange.wantsFields = k % 2 === 0;
    exchange.maxBodyBytes = k === 4 ? 50 : Infinity;
    const method = ["GET", "HEAD", "POST"][k % 3];
    const body = method === "POST" ? new Uint8Array(bodyBytes) : undefined;
    return wire.request({ method, body }, exchange);
  });
  wire.turn();
  wire.receive(script);
  const outcomes = exchanges.map(({ failure, start, size, body, ends }) =>
    // How much of a body comes before its problem is seen depends on the pieces.
    ends === 0 ? undefined : failure?.error ?? `${start!.status} ${size} ${body.length}`
  );
  assert(exchanges.every(({ ends }) => ends <= 1));
  assert(wire.connection.busy === exchanges.filter(({ ends }) => ends === 0).length);
  wire.turn();
  wire.lose();
  assertEquals(exchanges.map(({ ends }) => ends), Array(REQUESTS).fill(1));
  assertEquals([wire.connection.room, wire.isClosed, wire.told.at(-1)], [0, true, "closed"]);
  wire.turn();
  return outcomes;
}

Deno.test("Http2Connection ends each request once, whatever a server sends in which pieces", () => {
  const kinds = new Set<string>();
  for (let seed = 1; seed <= RUNS; seed++) {
    const dice = new Dice(seed);
    const script = drawScript(dice);
    // Few are more than the windows at the beginning.
    const bodyBytes = dice.below(20) === 0 ? 70_000 : 100;
    try {
      const whole = play(script, bodyBytes, 65_536);
      assertEquals(play(script, bodyBytes, 1), whole);
      assertEquals(play(script, bodyBytes, 2 + dice.below(30)), whole);
      for (const outcome of whole) kinds.add(outcome?.split(" ")[0] ?? "in flight");
    } catch (error) {
      throw new Error(`Seed ${seed}: ${JSON.stringify(script)}`, { cause: error });
    }
  }
  for (const kind of ["200", "204", "304", "protocol", "body", "reset", "in flight"]) {
    assert(kinds.has(kind), `${[...kinds]}`);
  }
});
