#!/usr/bin/env bash
# autocannon with a rate shows half of the latency, even if the server keeps up with that rate.
#
# With --overallRate or --connectionRate it corrects latencies for coordinated omission: a response
# that takes longer than the interval between two requests stands for those that had to wait. The
# usual guess: where each response comes within the interval, nothing is corrected. But the interval
# is 1 / rate seconds, rounded up to 1, among latencies in milliseconds: for any rate it is 1 ms. A
# response after 200 ms adds samples of 199, 198, … 1 ms, so the mean is half of what the server
# takes, and the least latency 1 ms. The same run with --ignoreCoordinatedOmission is right.
#
# Needs node with npm. Seen with autocannon 9.0.0, 2 requests a second on 1 connection, and a server
# that takes 200 ms; the figures differ a little each time:
#
#   autocannon 9.0.0
#   as it is:                     8 responses, 1619 latencies, least 1 ms, mean 101 ms
#   --ignoreCoordinatedOmission:  8 responses, 8 latencies, least 200 ms, mean 202 ms
set -euo pipefail
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --prefix "$folder" autocannon@9.0.0 >/dev/null
echo "autocannon $(node -p 'require("autocannon/package.json").version')"

cat >server.mjs <<'END'
import http from "node:http";
const server = http.createServer((_, response) => setTimeout(() => response.end("ok"), 200));
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
END
node server.mjs >port &
server=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done

cat >read.cjs <<'END'
const { latency, requests } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const mean = latency.average.toFixed(0);
const counts = `${requests.total} responses, ${latency.totalCount} latencies`;
console.log(`${counts}, least ${latency.min} ms, mean ${mean} ms`);
END
load() {
  node_modules/.bin/autocannon -c 1 -R 2 -d 4 --json "$@" "http://127.0.0.1:$(cat port)/" \
    2>/dev/null | node read.cjs
}
corrected=$(load)
true=$(load --ignoreCoordinatedOmission)
echo "as it is:                     $corrected"
echo "--ignoreCoordinatedOmission:  $true"
read_figures() { grep -o '[0-9]*' <<<"$1" | paste -sd ' '; }
read -r responses latencies least mean < <(read_figures "$corrected")
[ "$latencies" -ge $((responses * 190)) ]
[ "$least" -le 2 ]
# A response after n ms has added n samples: the true mean is the number of samples a response.
[ $((10 * mean * responses)) -lt $((7 * latencies)) ]
read -r responses latencies least mean < <(read_figures "$true")
[ "$latencies" = "$responses" ]
[ "$least" -ge 195 ]
