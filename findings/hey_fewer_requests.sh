#!/usr/bin/env bash
# hey sends fewer requests than -n unless they divide by -c: nearly half of them can be missing.
#
# The usual guess: -n is the number of requests, as with ab and h2load, for the help says so and
# asks only that -n is not below -c. But each of the c workers sends n / c requests, rounded down,
# and nobody sends the rest. No line of the output has the number that was asked for, and the exit
# status is 0: whoever compares hey's numbers with the log of the server finds that they agree.
#
# Needs Debian's apt, to download the package without installing it, and node. Seen with hey
# 0.1.4-2+b4:
#
#   -n 100 -c 20:  the server got 100 requests, hey has 100 responses, exits with 0
#   -n 100 -c 30:  the server got 90 requests, hey has 90 responses, exits with 0
#   -n 100 -c 51:  the server got 51 requests, hey has 51 responses, exits with 0
set -euo pipefail
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq hey=0.1.4-2+b4 2>/dev/null
dpkg-deb -x hey_*.deb .

cat >server.mjs <<'END'
import http from "node:http";
import { appendFileSync } from "node:fs";
const server = http.createServer((_, response) => {
  appendFileSync("requests", "a request\n");
  response.end("Hello, World!");
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
END
node server.mjs >port &
server=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done

load() {
  local code=0
  : >requests
  usr/bin/hey "$@" "http://127.0.0.1:$(cat port)/" >said || code=$?
  echo "$*:  the server got $(wc -l <requests) requests," \
    "hey has $(sed -n 's/.*\[200\]\t\([0-9]* responses\).*/\1/p' said), exits with $code"
}
{
  load -n 100 -c 20
  load -n 100 -c 30
  load -n 100 -c 51
} | tee seen
diff seen - <<END
-n 100 -c 20:  the server got 100 requests, hey has 100 responses, exits with 0
-n 100 -c 30:  the server got 90 requests, hey has 90 responses, exits with 0
-n 100 -c 51:  the server got 51 requests, hey has 51 responses, exits with 0
END
