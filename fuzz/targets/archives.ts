import { readResponses } from "../../lib/commands/report/archived_response.ts";
import { RecordTally } from "../../lib/commands/report/record_tally.ts";
import { InputError } from "../../lib/errors.ts";
import { WarcReader } from "../../lib/warc/read_records.ts";
import { openPieces, readInPiecesLater } from "../pieces.ts";
import { readInput } from "../read_input.ts";
import { attemptLater, type FuzzTarget, hold, toText } from "../target.ts";

const HTTP = "HTTP/1.1 200 OK\r\nContent-Type: text/html; x\r\n\r\nbody";

function record(type: string, block: string, fields = ""): string {
  return `WARC/1.1\r\nWARC-Type: ${type}\r\nWARC-Target-URI: <http://h/${type}>\r\n` +
    `WARC-Date: 2026-01-01T00:00:00.5Z\r\nContent-Type: application/http;msgtype=response\r\n` +
    `${fields}Content-Length: ${block.length}\r\n\r\n${block}\r\n\r\n`;
}

export const target: FuzzTarget = {
  reads: "web archives, in pieces: records, the URLs of an input, the responses of a report",
  seeds: [
    record("warcinfo", "software: myriad/1\r\n") + record("response", HTTP),
    record("response", HTTP) + record("revisit", "HTTP/1.1 304\r\n\r\n") + record("resource", ""),
    record("metadata", "x", "X-Folded: a\r\n b\r\n") + record("response", "no head"),
    "WARC/0.9\r\n\r\n",
  ],
  tokens: [
    "WARC/1.0\r\n",
    "Content-Length: ",
    "\r\n\r\n",
    "\r\n",
    "WARC-Type: response",
    ": ",
    "<",
    ">",
  ],

  async run(input) {
    const read = await readInPiecesLater(input, (pieces) =>
      attemptLater(async () => {
        const reader = new WarcReader(openPieces(pieces), "x");
        const records: unknown[] = [];
        let bytes = 0;
        for (let head; (head = await reader.next()) !== undefined;) {
          let block = "";
          for (let piece; (piece = await reader.read()) !== undefined;) block += toText(piece);
          hold(block.length === head.contentLength, "a block is shorter than its record says");
          bytes += block.length;
          records.push([
            reader.offset,
            head.type,
            head.webUrl,
            head.dateDigits,
            head.timeMs,
            block,
          ]);
        }
        hold(bytes <= input.length, "there are more bytes than came");
        return records;
      }, InputError));
    const responses = await readInPiecesLater(input, (pieces) =>
      attemptLater(async () => {
        const tally = new RecordTally(5);
        for await (const response of readResponses(openPieces(pieces), "x")) {
          tally.add(response);
        }
        return tally.review().summary;
      }, InputError));
    return JSON.stringify([read, responses, await readInput(input, "warc")]);
  },
};
