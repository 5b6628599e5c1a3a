import { assertEquals, assertThrows } from "@std/assert";
import { FramedBodyReader } from "../../../lib/engine/http1/framed_body.ts";
import { ProtocolError } from "../../../lib/engine/http1/head.ts";
import { ResponseReader } from "../../../lib/engine/http1/response.ts";
import { type BodyListener, ExchangeBody } from "../../../lib/engine/sockets/exchange_body.ts";

const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/** Collects bytes, each as a character. */
class Collected {
  text = "";

  write(bytes: Uint8Array): void {
    this.text += String.fromCharCode(...bytes);
  }
}

/** Collects what it is told. */
class Told implements BodyListener {
  framed = "";
  content = "";

  onFramed(bytes: Uint8Array): void {
    this.framed += String.fromCharCode(...bytes);
  }

  onContent(bytes: Uint8Array): void {
    this.content += String.fromCharCode(...bytes);
  }
}

/** What is told of a response that comes in pieces: with its framing, its content, and afterwards. */
function read(reader: ResponseReader, pieces: readonly Uint8Array[]): string[] {
  const [told, next] = [new Told(), new Collected()];
  reader.begin(false, { onFields: () => new ExchangeBody(told, next) });
  for (const piece of pieces) {
    // In a buffer whose other bytes are garbage, as a connection's.
    const buffer = new Uint8Array(piece.length + 8).fill(0x21);
    buffer.set(piece);
    reader.feed(buffer, piece.length);
  }
  return [told.framed, told.content, next.text];
}

Deno.test("FramedBodyReader.feed() tells the same bytes for any pieces of a response", () => {
  const chunks = "3;a=b\r\nabc\r\n00a \r\n0123456789\r\n0\r\nT: x\r\n\r\n";
  const of: readonly [response: string, body: string, content: string][] = [
    [CHUNKED + chunks, chunks, "abc0123456789"],
    ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde", "abcde", "abcde"],
    ["HTTP/1.1 200 OK\r\n\r\nabc", "abc", "abc"],
    ["HTTP/1.1 204 X\r\n\r\n", "", ""],
    ["HTTP/1.1 100 X\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab+", "ab", "ab"],
  ];
  const reader = new ResponseReader(new FramedBodyReader());
  for (const [response, body, content] of of) {
    const bytes = Uint8Array.from(response, (character) => character.charCodeAt(0));
    const splits = [Array.from(bytes, (byte) => Uint8Array.of(byte))];
    for (let k = 0; k < bytes.length; k++) {
      splits.push([bytes.subarray(0, k), bytes.subarray(k)].filter(({ length }) => length > 0));
    }
    for (const pieces of splits) assertEquals(read(reader, pieces), [body, content, content]);
  }
});

Deno.test("FramedBodyReader.feed() tells all of a read before the content goes on", () => {
  const events: string[] = [];
  const note = (name: string) => ({ length }: Uint8Array) => void events.push(`${name} ${length}`);
  const listener = { onContent: note("content"), onFramed: note("framed") };
  const reader = new ResponseReader(new FramedBodyReader());
  reader.begin(false, { onFields: () => new ExchangeBody(listener, { write: note("next") }) });
  const bytes = new TextEncoder().encode(`${CHUNKED}1\r\na\r\n2\r\nbc\r\n`);
  reader.feed(bytes, bytes.length);
  assertEquals(events, ["content 1", "content 2", "framed 13", "next 1", "next 2"]);
});

Deno.test("FramedBodyReader.feed() tells what came of broken chunks, and refuses them", () => {
  const reader = new ResponseReader(new FramedBodyReader());
  const told = new Told();
  reader.begin(false, { onFields: () => new ExchangeBody(told, undefined) });
  const bytes = new TextEncoder().encode(`${CHUNKED}1\r\na\r\nx\r\n`);
  assertThrows(() => reader.feed(bytes, bytes.length), ProtocolError, "hexadecimal");
  assertEquals([told.framed, told.content], ["1\r\na\r\nx\r\n", "a"]);
});

Deno.test("FramedBodyReader.feed() passes on what nobody keeps", () => {
  const reader = new ResponseReader(new FramedBodyReader());
  const sink = new Collected();
  for (const onFields of [() => sink, () => undefined]) {
    reader.begin(false, { onFields });
    const bytes = new TextEncoder().encode(`${CHUNKED}1\r\na\r\n0\r\n\r\n`);
    assertEquals(reader.feed(bytes, bytes.length), bytes.length);
    assertEquals([reader.isDone, sink.text], [true, "a"]);
  }
});
