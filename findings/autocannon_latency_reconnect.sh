#!/usr/bin/env bash
# autocannon's latency rises with each connection that the server closes, up to a thousandfold.
#
# Servers end a connection after a number of requests (nginx after keepalive_requests), and announce
# it with Connection: close. The usual guess is that this costs the time of a new connection. But
# autocannon sends the next request on the connection that ends, sends it once more on the new one,
# and keeps both in its list of open requests: from then on each response is taken for that of an
# older request, one older for each reconnection. What it prints cannot be: on one connection,
# without pipelining, all latencies together take at most as long as the run.
#
# Needs node with npm, and Debian's apt, to download nginx without installing it. Seen with
# autocannon 9.0.0 and nginx 1.22.1-9+deb12u11; the figures differ each time:
#
#   autocannon 9.0.0, nginx version: nginx/1.22.1
#   keepalive_requests 1000000:  3.0 s on 1 connection, latencies sum to 1.1 s
#   keepalive_requests 20:       3.0 s on 1 connection, latencies sum to 5429.9 s
set -euo pipefail
folder=$(mktemp -d)
nginx=
trap 'kill $nginx 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq nginx=1.22.1-9+deb12u11 2>/dev/null
dpkg-deb -x nginx_*.deb .
npm install --silent --no-fund --no-audit --prefix "$folder" autocannon@9.0.0 >/dev/null
echo "autocannon $(node -p 'require("autocannon/package.json").version'), $(usr/sbin/nginx -v 2>&1)"

port=$((20000 + RANDOM % 10000))
cat >nginx.conf <<END
daemon off;
master_process off;
pid pid;
error_log error.log;
events {}
http {
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  access_log off;
  server { listen 127.0.0.1:$port; keepalive_requests 1000000; location / { return 200 ok; } }
  server { listen 127.0.0.1:$((port + 1)); keepalive_requests 20; location / { return 200 ok; } }
}
END
usr/sbin/nginx -p "$folder" -c nginx.conf 2>/dev/null &
nginx=$!
for _ in $(seq 100); do [ -s pid ] && break; sleep 0.1; done

cat >load.cjs <<'END'
const load = async (port) => {
  const url = `http://127.0.0.1:${port}/`;
  const { duration, latency } = await require("autocannon")({ url, connections: 1, duration: 3 });
  const sum = latency.average * latency.totalCount / 1_000;
  console.log(`${duration.toFixed(1)} s on 1 connection, latencies sum to ${sum.toFixed(1)} s`);
  return sum;
};
const port = Number(process.argv[2]);
(async () => {
  process.stdout.write("keepalive_requests 1000000:  ");
  const kept = await load(port);
  process.stdout.write("keepalive_requests 20:       ");
  const closed = await load(port + 1);
  process.exit(kept < 4 && closed > 30 ? 0 : 1);
})();
END
node load.cjs "$port"
