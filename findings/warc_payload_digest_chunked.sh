#!/usr/bin/env bash
# wget and warcio (npm) give the same body another payload digest if it came in chunks.
#
# The payload of a response is its entity-body (ISO 28500, 6.3.2), which chunks are not part of (RFC
# 9112, 7.1: they are a coding of the transfer). The usual guess: a body seen before has the digest
# that it had then, so --warc-dedup writes a revisit instead of it. But both hash the chunks too. The
# same page has another digest where the server sends it in chunks, or in other chunks, as servers do
# that send what they have: it is stored again, and no other archive's digest finds it.
#
# Needs node with npm, Debian's apt, to download the package without installing it, and the libraries
# of wget. Seen with warcio 2.4.11 and wget 1.21.3-1+deb12u1:
#
#   body             13 bytes  sha1:BIFJ6KTHOKKCKV5LKNK5O2XUIL4PMXQB
#   wget, plain      13 bytes  sha1:BIFJ6KTHOKKCKV5LKNK5O2XUIL4PMXQB
#   wget, chunked    23 bytes  sha1:W6CC2BFMVCNT5LKGLO2MFLJ4DZXNSZPN
#   warcio, plain    13 bytes  sha1:BIFJ6KTHOKKCKV5LKNK5O2XUIL4PMXQB
#   warcio, chunked  23 bytes  sha1:W6CC2BFMVCNT5LKGLO2MFLJ4DZXNSZPN
set -euo pipefail
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --prefix "$folder" warcio@2.4.11 >/dev/null
apt-get download -qq wget=1.21.3-1+deb12u1 2>/dev/null
dpkg-deb -x wget_*.deb .

cat >server.mjs <<'END'
import http from "node:http";
const server = http.createServer((request, response) => {
  if (request.url === "/plain") return response.end("Hello, World!");
  response.write("Hello, World!", () => response.end());
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
END
node server.mjs >port &
server=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done
for kind in plain chunked; do
  usr/bin/wget -q --no-warc-compression --warc-file="$kind" -O /dev/null \
    "http://127.0.0.1:$(cat port)/$kind"
done

cat >digest.mjs <<'END'
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { WARCRecord, WARCSerializer } from "warcio";
const body = "Hello, World!";
const findDigest = (warc) => /WARC-Payload-Digest: (\S+)/.exec(warc)[1];
const show = (name, length, digest) => {
  console.log(`${name.padEnd(15)}  ${length} bytes  ${digest}`);
  return digest;
};
const byWarcio = async (httpHeaders, payload) => {
  const record = await WARCRecord.create(
    { url: "http://localhost/", type: "response", warcHeaders: {}, httpHeaders },
    [Buffer.from(payload)],
  );
  const options = { gzip: false, digest: { algo: "sha-1", prefix: "sha1:", base32: true } };
  return findDigest(`${Buffer.from(await WARCSerializer.serialize(record, options))}`);
};
const base32 = (bytes) => {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return bits.match(/.{5}/g).map((five) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[parseInt(five, 2)])
    .join("");
};
const chunks = `d\r\n${body}\r\n0\r\n\r\n`;
const right = show("body", 13, `sha1:${base32(createHash("sha1").update(body).digest())}`);
const seen = [
  show("wget, plain", 13, findDigest(readFileSync("plain.warc", "latin1"))),
  show("wget, chunked", 23, findDigest(readFileSync("chunked.warc", "latin1"))),
  show("warcio, plain", 13, await byWarcio({ "Content-Length": "13" }, body)),
  show("warcio, chunked", 23, await byWarcio({ "Transfer-Encoding": "chunked" }, chunks)),
];
const [wget, wgetChunked, warcio, warcioChunked] = seen.map((digest) => digest === right);
process.exit(wget && warcio && !wgetChunked && !warcioChunked ? 0 : 1);
END
node digest.mjs
