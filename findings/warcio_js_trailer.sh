#!/usr/bin/env bash
# warcio (npm) hands out the trailer of a chunked response as the end of its body.
#
# Behind the last chunk there can be fields, the trailer section, such as a checksum that the server
# has only when it has sent the body (RFC 9112, 7.1.2). They are not part of the content. The usual
# guess: what reads archives takes chunks apart and drops them, or tells of them. But the text of the
# record, and what is served when the archive is replayed, has them at its end.
#
# Needs node with npm. Seen with warcio 2.4.11:
#
#   warcio 2.4.11
#   without a trailer: "Hello, World!"
#   with one:          "Hello, World!X-Checksum: 17\r\n\r\n"
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --prefix "$folder" warcio@2.4.11 >/dev/null
echo "warcio $(node -p 'require("./node_modules/warcio/package.json").version')"

cat >read.mjs <<'END'
import { WARCParser } from "warcio";
const read = async (trailer) => {
  const block = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
    `d\r\nHello, World!\r\n0\r\n${trailer}\r\n`;
  const record = "WARC/1.1\r\nWARC-Type: response\r\nWARC-Target-URI: http://localhost/\r\n" +
    "WARC-Record-ID: <urn:uuid:1b4e28ba-2fa1-41d2-883f-0016d3cca427>\r\n" +
    "WARC-Date: 2026-01-01T00:00:00Z\r\nContent-Type: application/http;msgtype=response\r\n" +
    `Content-Length: ${block.length}\r\n\r\n${block}\r\n\r\n`;
  return (await new WARCParser([Buffer.from(record)]).parse()).contentText();
};
const [plain, trailed] = [await read(""), await read("X-Checksum: 17\r\n")];
console.log(`without a trailer: ${JSON.stringify(plain)}`);
console.log(`with one:          ${JSON.stringify(trailed)}`);
process.exit(plain === "Hello, World!" && trailed === "Hello, World!X-Checksum: 17\r\n\r\n" ? 0 : 1);
END
node read.mjs
