#!/usr/bin/env bash
# autocannon with workers sends fewer requests than --amount says.
#
# The usual guess: -a is "the number of requests to make", whatever the number of threads; without
# workers it is exact for any number of connections. But each worker makes its share, rounded down,
# and nobody makes the rest: with -w 8, -a 15 makes 8 requests. Nothing in the report says so.
#
# Needs node with npm. Seen with autocannon 9.0.0 and 8 connections:
#
#   autocannon 9.0.0
#   -a 15:       the server got 15 requests
#   -a 15 -w 4:  the server got 12 requests
#   -a 15 -w 8:  the server got 8 requests
set -euo pipefail
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --prefix "$folder" autocannon@9.0.0 >/dev/null
echo "autocannon $(node -p 'require("autocannon/package.json").version')"

cat >server.mjs <<'END'
import http from "node:http";
import { appendFileSync } from "node:fs";
const server = http.createServer((_, response) => {
  appendFileSync("requests", "one\n");
  response.end("Hello, World!");
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
END
node server.mjs >port &
server=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done

load() {
  : >requests
  node_modules/.bin/autocannon -c 8 --json "$@" "http://127.0.0.1:$(cat port)/" >said 2>/dev/null
  printf '%-12s the server got %s requests\n' "$*:" "$(wc -l <requests)"
}
{
  load -a 15
  load -a 15 -w 4
  load -a 15 -w 8
} | tee seen
diff seen - <<END
-a 15:       the server got 15 requests
-a 15 -w 4:  the server got 12 requests
-a 15 -w 8:  the server got 8 requests
END
