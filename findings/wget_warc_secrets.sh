#!/usr/bin/env bash
# wget writes the password of a URL into the WARC four times, even if it was never sent.
#
# Archives are handed on, and what was sent is part of them: an Authorization field of a request is
# where one looks for secrets. The usual guess: a server that asks for no password gets none, as wget
# sends it only when asked, so it is not in the archive. But the whole command line is in the archive
# twice, and the URL with its password is the name of each record of that URL, and in the CDX.
#
# Needs Debian's apt, to download the package without installing it, the libraries of wget, and node.
# Seen with wget 1.21.3-1+deb12u1, and http://user:pw123@127.0.0.1/ on a server that asks for nothing:
#
#   sent: no Authorization
#   wget-arguments: … "http://user:pw123@127.0.0.1/"
#   WARC-Target-URI: <http://user:pw123@127.0.0.1/> (2 times)
#   x.cdx: http://user:pw123@127.0.0.1/ …
set -euo pipefail
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq wget=1.21.3-1+deb12u1 2>/dev/null
dpkg-deb -x wget_*.deb .

cat >server.mjs <<'END'
import http from "node:http";
import { writeFileSync } from "node:fs";
const server = http.createServer((request, response) => {
  writeFileSync("sent", request.headers.authorization ?? "no Authorization");
  response.end("Hello, World!");
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
END
node server.mjs >port &
server=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done
port=$(cat port)
usr/bin/wget -q --no-warc-compression --warc-file=x --warc-cdx -O /dev/null \
  "http://user:pw123@127.0.0.1:$port/"
echo "sent: $(cat sent)"
grep -a "pw123" x.warc x.cdx | sed "s/:$port//g; s/^x.warc://; s/\r//"
[ "$(cat sent)" = "no Authorization" ]
[ "$(grep -ac '^WARC-Target-URI: <http://user:pw123@' x.warc)" = 2 ]
grep -aq '^wget-arguments: .*pw123' x.warc
grep -q "pw123" x.cdx
