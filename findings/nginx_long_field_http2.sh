#!/usr/bin/env bash
# nginx responds to a field that is too long by ending the whole HTTP/2 connection.
#
# A request with a cookie longer than large_client_header_buffers allows gets 400 over HTTP/1.1, and
# the usual guess is the same 400 over HTTP/2, on its stream. But nginx closes the connection, after a
# GOAWAY with ENHANCE_YOUR_CALM: neither that request nor any other in flight gets a response, and the
# last stream id says that all of them were processed. The log has "000" for the request, and 499, a
# client that went away, for each of the others.
#
# Needs Debian's apt, to download nginx without installing it, and node 18 or later. Seen with nginx
# 1.22.1-9+deb12u11 and node 20, with buffers of 8 kB and a cookie of 20 kB on the fourth request:
#
#   nginx version: nginx/1.22.1
#   HTTP/1.1: 400
#   HTTP/2:   GOAWAY with 11, last stream id 7
#   HTTP/2:   error 11, error 11, error 11, error 11
#   the log:  000, 400, 499, 499, 499
set -euo pipefail
folder=$(mktemp -d)
nginx=
upstream=
trap 'kill $nginx $upstream 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq nginx=1.22.1-9+deb12u11 2>/dev/null
dpkg-deb -x nginx_*.deb .
usr/sbin/nginx -v 2>&1

# The first three requests are in flight until the fourth one, which never comes.
cat >upstream.mjs <<'END'
import http from "node:http";
const waiting = [];
const server = http.createServer((request, response) => {
  if (request.url === "/count") return response.end(`${waiting.length}`);
  waiting.push(response);
  if (waiting.length === 4) waiting.forEach((one) => one.end("Hello, World!"));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
END
node upstream.mjs >port &
upstream=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done
upstream_port=$(cat port)

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
  large_client_header_buffers 4 8k;
  log_format short '\$status';
  access_log access.log short;
  server { listen 127.0.0.1:$port; }
  server { listen 127.0.0.1:$((port + 1)) http2; location / { proxy_pass http://127.0.0.1:$upstream_port; } }
}
END
usr/sbin/nginx -p "$folder" -c nginx.conf 2>/dev/null &
nginx=$!
for _ in $(seq 100); do [ -s pid ] && break; sleep 0.1; done

cat >client.mjs <<'END'
import http2 from "node:http2";
const [port, upstream] = process.argv.slice(2);
const cookie = `a=${"b".repeat(20_000)}`;
const one = await fetch(`http://127.0.0.1:${port}/`, { headers: { cookie } });
console.log(`HTTP/1.1: ${one.status}`);

const session = http2.connect(`http://127.0.0.1:${Number(port) + 1}`);
session.on("error", () => {});
session.on("goaway", (code, last) => console.log(`HTTP/2:   GOAWAY with ${code}, last stream id ${last}`));
const ask = (fields) => {
  const request = session.request({ ":path": "/", ...fields });
  let status;
  request.on("response", (head) => status = head[":status"]).on("error", () => {}).resume();
  return new Promise((resolve) =>
    request.on("close", () => resolve(status ?? `error ${request.rstCode}`))
  );
};
const all = [ask(), ask(), ask()];
for (let count = "0"; count !== "3";) {
  count = await (await fetch(`http://127.0.0.1:${upstream}/count`)).text();
}
all.push(ask({ cookie }));
console.log(`HTTP/2:   ${(await Promise.all(all)).join(", ")}`);
process.exit();
END
node client.mjs "$port" "$upstream_port" | tee seen
for _ in $(seq 50); do [ "$(wc -l <access.log)" = 5 ] && break; sleep 0.1; done
logged=$(sort access.log | paste -sd , | sed 's/,/, /g')
echo "the log:  $logged"
diff seen - <<'END'
HTTP/1.1: 400
HTTP/2:   GOAWAY with 11, last stream id 7
HTTP/2:   error 11, error 11, error 11, error 11
END
[ "$logged" = "000, 400, 499, 499, 499" ]
