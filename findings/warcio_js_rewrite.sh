#!/usr/bin/env bash
# warcio (npm) changes the head of a response when it copies a record.
#
# A record that is read and written again, to compress an archive or to leave some records out, is
# the same record: it keeps its id. The usual guess: the response in it stays as the server sent it.
# But its head is made again from a map of fields: in small letters, sorted, fields of one name joined
# by commas, and fields without a value gone. With `keepHeadersCase` the letters stay, but fields of
# one name come together, and one without a value is gone as well.
#
# Needs node with npm. Seen with warcio 2.4.11:
#
#   warcio 2.4.11
#   the server sent:      X-B: 1 | X-Empty: | X-A: 1 | X-B: 2
#   copied:               x-a: 1 | x-b: 1, 2
#   with keepHeadersCase: X-B: 1 | X-B: 2 | X-A: 1
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --prefix "$folder" warcio@2.4.11 >/dev/null
echo "warcio $(node -p 'require("./node_modules/warcio/package.json").version')"

cat >copy.mjs <<'END'
import { WARCParser, WARCSerializer } from "warcio";
const sent = ["X-B: 1", "X-Empty:", "X-A: 1", "X-B: 2"];
const block = ["HTTP/1.1 200 OK", ...sent, "", "Hello, World!"].join("\r\n");
const record = "WARC/1.1\r\nWARC-Type: response\r\nWARC-Target-URI: http://localhost/\r\n" +
  "WARC-Record-ID: <urn:uuid:1b4e28ba-2fa1-41d2-883f-0016d3cca427>\r\n" +
  "WARC-Date: 2026-01-01T00:00:00Z\r\nContent-Type: application/http;msgtype=response\r\n" +
  `Content-Length: ${block.length}\r\n\r\n${block}\r\n\r\n`;
const copy = async (options) => {
  const read = await new WARCParser([Buffer.from(record)], options).parse();
  const written = `${Buffer.from(await WARCSerializer.serialize(read, { gzip: false }))}`;
  return written.split("\r\n\r\n")[1].split("\r\n").slice(1);
};
const [copied, kept] = [await copy({}), await copy({ keepHeadersCase: true })];
console.log(`the server sent:      ${sent.join(" | ")}`);
console.log(`copied:               ${copied.join(" | ")}`);
console.log(`with keepHeadersCase: ${kept.join(" | ")}`);
const isSeen = copied.join() === "x-a: 1,x-b: 1, 2" && kept.join() === "X-B: 1,X-B: 2,X-A: 1";
process.exit(isSeen ? 0 : 1);
END
node copy.mjs
