import { FramedBodyReader } from "../../lib/engine/http1/framed_body.ts";
import { RawHead } from "../../lib/engine/http1/fields.ts";
import { ProtocolError } from "../../lib/engine/http1/head.ts";
import { ResponseReader } from "../../lib/engine/http1/response.ts";
import { type BodyListener, ExchangeBody } from "../../lib/engine/sockets/exchange_body.ts";
import { readInPieces } from "../pieces.ts";
import { loadLlhttp, readByLlhttp } from "../references/llhttp.ts";
import { type FuzzTarget, hold, holdEqual, toText } from "../target.ts";

const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const NAMES = ["content-type", "set-cookie", "location", "retry-after", "content-encoding"];

/** What is read of a response. */
class Read implements BodyListener {
  framed = "";
  content = "";
  body = "";
  fields: (string | null)[] = [];
  lines: readonly string[] = [];
  taken = 0;
  error: string | undefined;
  status: number | undefined;
  framing: string | undefined;
  isDone = false;
  endsWithConnection = false;

  constructor(pieces: readonly Uint8Array[], isHead: boolean) {
    const reader = new ResponseReader(new FramedBodyReader());
    reader.begin(isHead, {
      onFields: ({ status, framing }, bytes) => {
        const head = new RawHead(status, bytes);
        this.status = status;
        this.framing = framing;
        this.fields = NAMES.map((name) => head.field(name));
        this.lines = head.lines();
        return new ExchangeBody(this, { write: (bytes) => this.body += toText(bytes) });
      },
    });
    try {
      for (const piece of pieces) {
        // In a buffer whose other bytes are garbage, as that of a connection.
        const buffer = new Uint8Array(piece.length + 8).fill(0x21);
        buffer.set(piece);
        this.taken += reader.feed(buffer, piece.length);
        if (reader.isDone) break;
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.error = reader.head === undefined ? "head" : "body";
      // Where in the input it shows depends on the pieces.
      this.taken = this.status = 0;
      this.framed = this.content = this.body = "";
      this.fields = [];
      this.lines = [];
      this.framing = undefined;
    }
    this.isDone = reader.isDone;
    this.endsWithConnection = this.error === undefined && reader.endsWithConnection;
  }

  onFramed(bytes: Uint8Array): void {
    this.framed += toText(bytes);
  }

  onContent(bytes: Uint8Array): void {
    this.content += toText(bytes);
  }
}

export const target: FuzzTarget = {
  reads: "HTTP/1.1 responses, in pieces, against llhttp, the parser of Node",
  seeds: [
    "gHTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 3\r\n\r\nabc",
    "gHTTP/1.1 404 Not Found\nContent-Length: 0\n\n",
    `g${CHUNKED}5;x="y"\r\nabcde\r\n1A  \r\n${"z".repeat(26)}\r\n0\r\nT: u\r\n\r\n`,
    `g${CHUNKED}3\r\nabc\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n`,
    "gHTTP/1.1 200 OK\r\nContent-Type: text/html; charset=x\r\n\r\nuntil the end",
    "gHTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na",
    "gHTTP/1.1 103 Early\r\nLink: </x>\r\n\r\nHTTP/1.1 201 X\r\nLocation: /a\r\nContent-Length: 2\r\n\r\nab",
    "hHTTP/1.1 200 OK\r\nContent-Length: 999\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n\r\n",
    "gHTTP/1.1 503 X\r\nRetry-After: 5\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    "gHTTP/1.1 304 Not Modified\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n",
  ],
  tokens: [
    ...[
      "\r\n",
      "\n",
      "\r",
      "\r\n\r\n",
      "\n\n",
      "\0",
      ":",
      ";",
      "chunked",
      "0\r\n\r\n",
      "HTTP/1.1 ",
    ],
    ...[
      "Transfer-Encoding: chunked\r\n",
      "Content-Length: ",
      "Connection: close\r\n",
      "101",
      "204",
    ],
    ...[
      "HTTP/1.0 ",
      "identity",
      "keep-alive",
      "Location: ",
      "Retry-After: ",
      "ffffffff",
      "\t",
      " ",
    ],
  ],
  prepare: loadLlhttp,

  run(input) {
    const isHead = input[0] === 0x68;
    const bytes = input.subarray(1);
    const read = readInPieces(bytes, (pieces) => new Read(pieces, isHead));
    if (read.error !== undefined) return read.error;
    hold(read.body.length <= bytes.length, "a body is longer than what came");
    holdEqual(read.content, read.body, "what is told of the content differs from the body");
    hold(toText(bytes).includes(read.framed), "what is told of the framing did not come");
    if (read.isDone) {
      const other = readByLlhttp(bytes, isHead);
      if (other !== undefined) {
        const { status, body, taken } = read;
        holdEqual({ status, body, taken }, other, "llhttp reads something else");
      }
    }
    return JSON.stringify(read);
  },
};
