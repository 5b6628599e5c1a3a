#!/usr/bin/env bash
# warcio (npm) does not take chunks apart if the server writes Chunked with a capital letter.
#
# Names of transfer codings are case-insensitive (RFC 9112, 7). The usual guess: so are they to what
# reads an archive, as the names of fields are. But only `chunked` is known: the content of the same
# response with `Chunked` begins with the length of its first chunk, in hexadecimal.
#
# Needs node with npm. Seen with warcio 2.4.11:
#
#   warcio 2.4.11
#   Transfer-Encoding: chunked   "Hello, World!"
#   Transfer-Encoding: Chunked   "d\r\nHello, World!\r\n0\r\n\r\n"
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --prefix "$folder" warcio@2.4.11 >/dev/null
echo "warcio $(node -p 'require("./node_modules/warcio/package.json").version')"

cat >read.mjs <<'END'
import { WARCParser } from "warcio";
const chunks = "d\r\nHello, World!\r\n0\r\n\r\n";
const read = async (coding) => {
  const block = `HTTP/1.1 200 OK\r\nTransfer-Encoding: ${coding}\r\n\r\n${chunks}`;
  const record = "WARC/1.1\r\nWARC-Type: response\r\nWARC-Target-URI: http://localhost/\r\n" +
    "WARC-Record-ID: <urn:uuid:1b4e28ba-2fa1-41d2-883f-0016d3cca427>\r\n" +
    "WARC-Date: 2026-01-01T00:00:00Z\r\nContent-Type: application/http;msgtype=response\r\n" +
    `Content-Length: ${block.length}\r\n\r\n${block}\r\n\r\n`;
  const content = await (await new WARCParser([Buffer.from(record)]).parse()).contentText();
  console.log(`Transfer-Encoding: ${coding}   ${JSON.stringify(content)}`);
  return content;
};
const [small, capital] = [await read("chunked"), await read("Chunked")];
process.exit(small === "Hello, World!" && capital === chunks ? 0 : 1);
END
node read.mjs
