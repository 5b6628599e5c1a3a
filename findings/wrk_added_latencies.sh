#!/usr/bin/env bash
# wrk's latencies contain samples that wrk adds: percentiles that no response took.
#
# The usual guess is that wrk 4 prints what it measured, and suffers from coordinated omission. But
# at the end of a run wrk takes the mean time between two requests of a connection for the interval
# at which requests should have been sent, and after each longer latency it adds samples, each an
# interval shorter than the last. No line of the output says so, and no option stops it. With one
# pause of a second in 3 s the 90th percentile is half a second, though all requests except one were
# answered within milliseconds: a quarter of the latencies belong to no request.
#
# Needs Debian's apt, to download the packages without installing them, and node 18 or later. Seen
# with wrk 4.1.0-3+b2; the figures differ a little each time:
#
#   wrk debian/4.1.0-3+b2
#   the server:  1486 requests, 1 took more than 100 ms
#   wrk:         1486 requests, 2006 latencies, 90 % within 613 ms
set -euo pipefail
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq wrk=4.1.0-3+b2 libluajit-5.1-2 libluajit-5.1-common 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" .; done
LD_LIBRARY_PATH=$(echo "$folder"/usr/lib/*-linux-gnu)
export LD_LIBRARY_PATH

cat >server.mjs <<'END'
import http from "node:http";
import { writeFileSync } from "node:fs";
let requests = 0;
let slow = 0;
const server = http.createServer((_, response) => {
  const began = performance.now();
  requests++;
  // The 500th request waits for a second, the others wait for nothing.
  setTimeout(() => response.end("ok"), requests === 500 ? 1_000 : 0);
  response.on("finish", () => performance.now() - began > 100 && slow++);
});
server.listen(0, "127.0.0.1", () => writeFileSync("port", `${server.address().port}`));
process.on("SIGTERM", () => {
  console.log(`${requests} requests, ${slow} took more than 100 ms`);
  process.exit();
});
END
node server.mjs >server_seen &
server=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done

cat >report.lua <<'END'
function done(summary, latency)
  local samples = 0
  for i = 1, #latency do
    local _, count = latency(i)
    samples = samples + count
  end
  print(string.format("report %d %d %d", summary.requests, samples, latency:percentile(90) / 1000))
end
END
(usr/bin/wrk -v || true) | sed -n 's/^\(wrk [^ ]*\).*/\1/p'
usr/bin/wrk -t 1 -c 1 -d 3 -s report.lua "http://127.0.0.1:$(cat port)/" >wrk_seen
kill "$server"
wait "$server" || true
read -r _ requests samples percentile < <(grep '^report' wrk_seen)
echo "the server:  $(cat server_seen)"
echo "wrk:         $requests requests, $samples latencies, 90 % within $percentile ms"
grep -q ' 1 took more than 100 ms$' server_seen
[ "$samples" -gt $((requests + 100)) ]
[ "$percentile" -gt 100 ]
