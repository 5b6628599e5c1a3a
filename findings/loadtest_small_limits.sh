#!/usr/bin/env bash
# loadtest with several processes takes a small -n or --rps for no limit at all.
#
# The number of requests and the rate are shared among the processes, so the usual guess for "-n 1"
# with 2 of them is one request. But the second process gets the share 0, and 0 means without a
# limit: it sends what it can until -t ends it, or until 10 s have passed. With "--rps 1" it keeps
# no rate. Unless --cores says another number, loadtest starts half as many processes as the machine
# has cores, so the command that sends one request from a small machine sends many from a larger one.
# The report shows the limit, and a number above it, without a word.
#
# Needs node with npm. Seen with loadtest 8.2.1, -c 1 -t 2 and a server that takes 20 ms; the numbers
# without a limit differ each time:
#
#   loadtest 8.2.1
#   -n 1 --cores 1:      Max requests: 1, Completed requests: 1
#   -n 1 --cores 2:      Max requests: 1, Completed requests: 85
#   --rps 1 --cores 1:   Target rps: 1, Completed requests: 2
#   --rps 1 --cores 2:   Target rps: 1, Completed requests: 87
set -euo pipefail
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --prefix "$folder" loadtest@8.2.1 >/dev/null
echo "loadtest $(node_modules/.bin/loadtest --version | sed 's/.*: //')"

cat >server.mjs <<'END'
import http from "node:http";
const server = http.createServer((_, response) => setTimeout(() => response.end("ok"), 20));
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
END
node server.mjs >port &
server=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done

load() {
  timeout 60 node_modules/.bin/loadtest -c 1 -t 2 "${@:2}" "http://127.0.0.1:$(cat port)/" >said
  done=$(sed -n 's/^Completed requests: *//p' said)
  printf '%-20s %s: %s, Completed requests: %s\n' "${*:2}:" "$1" \
    "$(sed -n "s/^$1: *//p" said)" "$done"
}
load "Max requests" -n 1 --cores 1
[ "$done" = 1 ]
load "Max requests" -n 1 --cores 2
[ "$done" -gt 5 ]
load "Target rps" --rps 1 --cores 1
[ "$done" -le 3 ]
load "Target rps" --rps 1 --cores 2
[ "$done" -gt 6 ]
