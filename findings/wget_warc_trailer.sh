#!/usr/bin/env bash
# wget cuts the end off a chunked response that has a trailer, in the WARC that it writes.
#
# A response in an archive is what the server sent, chunks and all; wget keeps them. Behind the last
# chunk there can be fields, and an empty line ends them (RFC 9112, 7.1). The usual guess: the record
# is complete, for wget has read all of it and exits with 0. But that empty line is missing: the
# message in the record never ends, and a strict reader waits for its rest or refuses it.
#
# Needs Debian's apt, to download the package without installing it, the libraries of wget, and node.
# Seen with wget 1.21.3-1+deb12u1:
#
#   without a trailer:  the server sent …0\r\n\r\n, the archive has …0\r\n\r\n
#   with one:           the server sent …0\r\nX-Checksum: 17\r\n\r\n, the archive has …0\r\nX-Checksum: 17\r\n
set -euo pipefail
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq wget=1.21.3-1+deb12u1 2>/dev/null
dpkg-deb -x wget_*.deb .

cat >server.mjs <<'END'
import http from "node:http";
const server = http.createServer((request, response) => {
  response.write("Hello, World!");
  if (request.url === "/with") response.addTrailers({ "X-Checksum": "17" });
  response.end();
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
END
node server.mjs >port &
server=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done
for kind in without with; do
  usr/bin/wget -q --no-warc-compression --warc-file="$kind" -O /dev/null \
    "http://127.0.0.1:$(cat port)/$kind"
done

cat >compare.mjs <<'END'
import { readFileSync } from "node:fs";
const readBlock = (name) => {
  const warc = readFileSync(name, "latin1");
  const start = warc.indexOf("WARC-Type: response");
  const head = warc.indexOf("\r\n\r\n", start) + 4;
  const length = Number(/Content-Length: (\d+)/.exec(warc.slice(start, head))[1]);
  return warc.slice(head, head + length);
};
const compare = (title, name, sent) => {
  const block = readBlock(name);
  const seen = block.slice(block.indexOf("\r\n0\r\n") + 2);
  const [all, some] = [sent, seen].map((text) => JSON.stringify(text).slice(1, -1));
  console.log(`${title.padEnd(19)} the server sent …${all}, the archive has …${some}`);
  return seen === sent;
};
const isWhole = compare("without a trailer:", "without.warc", "0\r\n\r\n");
const isCut = !compare("with one:", "with.warc", "0\r\nX-Checksum: 17\r\n\r\n");
process.exit(isWhole && isCut ? 0 : 1);
END
node compare.mjs
